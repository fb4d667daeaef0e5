package store

import (
	"errors"
	"os"
	"syscall"
)

// syncData is fdatasync: without a changed file size it saves the journal
// commit that fsync makes for the modification time.
func syncData(file *os.File) error {
	for {
		if err := syscall.Fdatasync(int(file.Fd())); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The files of a data folder.
const (
	databaseName = "picloud.db"
	lockName     = "picloud.lock"
	markerName   = "picloud.instance"
	ballastName  = "picloud.ballast"
	runningName  = "picloud.running"
)

// lockFile keeps a second process away from the data folder, and remembers how
// the last one ended: "running", or "stopped" with the look of the database
// file at that moment.
type lockFile struct{ file *os.File }

var errInUse = errors.New("another PiCloud process")

func takeLock(directory string) (*lockFile, error) {
	path := filepath.Join(directory, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, syscall.EROFS) {
		return nil, fmt.Errorf("the data folder %s cannot be written: its file system is mounted read-only, as a card is that fails (see dmesg): %w", directory, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be written (give it to the user that runs PiCloud): %w", directory, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%w uses the data folder %s; stop it first", errInUse, directory)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &lockFile{file: file}, nil
}

// state returns what the last process wrote; "" when there was none.
func (l *lockFile) state() (string, error) {
	content := make([]byte, 256)
	n, err := l.file.ReadAt(content, 0)
	if n == 0 && err != nil && l.size() != 0 {
		return "", err
	}
	return strings.TrimSpace(string(content[:n])), nil
}

func (l *lockFile) size() int64 {
	info, err := l.file.Stat()
	if err != nil {
		return -1
	}
	return info.Size()
}

// setState replaces the state. All states are padded to one length, so that
// each is one write into one block.
func (l *lockFile) setState(state string) error {
	if _, err := l.file.WriteAt(fmt.Appendf(nil, "%-127s\n", state), 0); err != nil {
		return err
	}
	return l.file.Sync()
}

func (l *lockFile) release() error { return l.file.Close() }

const stateRunning = "running"

// stateStopped describes the database file after a clean stop. A file that
// looks otherwise at the next start was changed by someone else.
func stateStopped(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("stopped %d %d", info.Size(), info.ModTime().UnixNano()), nil
}

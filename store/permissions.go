package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// CheckPermissions reports what of a data folder others may read, what does not
// belong to the folder's owner, and a folder that this process may not write to.
func CheckPermissions(dir string) error {
	folder, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if folder.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others may look into %s (%s): chmod 700 it", dir, folder.Mode())
	}
	var wrong []error
	for _, name := range []string{databaseName, databaseName + "-wal", lockName, markerName, KeyName} {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			wrong = append(wrong, err)
		case info.Mode().Perm()&0o077 != 0:
			wrong = append(wrong, fmt.Errorf("others may read %s (%s): chmod 600 it", path, info.Mode()))
		case owner(info) != owner(folder):
			wrong = append(wrong, fmt.Errorf("%s does not belong to the owner of its folder: chown it", path))
		}
	}
	const mayWrite = 2 // W_OK of access(2)
	if err := syscall.Access(dir, mayWrite); err != nil {
		wrong = append(wrong, fmt.Errorf("%s cannot be written by this user: %w", dir, err))
	}
	return errors.Join(wrong...)
}

func owner(info os.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Uid
	}
	return 0
}

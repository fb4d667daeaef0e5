package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// DiskUse is the size of the database's files, and what is free beside them, in
// bytes.
type DiskUse struct{ Database, WAL, Free int64 }

// DiskUse asks the file system.
func (s *Store) DiskUse() (use DiskUse, err error) {
	for _, file := range []struct {
		name string
		size *int64
	}{{s.path, &use.Database}, {s.path + "-wal", &use.WAL}} {
		info, err := os.Stat(file.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return use, fmt.Errorf("asking for the size of the database: %w", err)
		}
		*file.size = info.Size()
	}
	use.Free, err = s.space.free()
	return use, err
}

// DiskFull reports whether writes are refused because the disk was full.
func (s *Store) DiskFull() bool { return s.space.isFull() }

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DiskUsage is what the database takes, and what is left, in bytes.
type DiskUsage struct{ Database, WAL, Free int64 }

// DiskUsage asks the file system.
func (s *Store) DiskUsage() (usage DiskUsage, err error) {
	database := filepath.Join(s.config.Dir, databaseName)
	for path, size := range map[string]*int64{database: &usage.Database, database + "-wal": &usage.WAL} {
		info, err := os.Stat(path)
		switch {
		case err == nil:
			*size = info.Size()
		case !errors.Is(err, fs.ErrNotExist): // a database that was never written to has no WAL
			return usage, fmt.Errorf("asking for the size of the database: %w", err)
		}
	}
	usage.Free, err = s.space.free()
	return usage, err
}

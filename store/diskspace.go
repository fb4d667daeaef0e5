package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

const (
	// ballastBytes are kept in a file of their own and given back when the disk
	// is full: without some space even a DELETE and a checkpoint fail.
	ballastBytes = 2 << 20
	// resumeBytes must be free before writes are taken again, so that they do
	// not eat the space that clearing up needs, and to make the ballast anew.
	resumeBytes = 8 << 20
	// startBytes are what a start needs for the small files that it makes beside
	// the database, without which SQLite cannot read it.
	startBytes = 1 << 20
)

// diskSpace remembers that the disk is full, and looks after the ballast.
type diskSpace struct {
	directory string
	full      atomic.Bool
	free      func() (int64, error) // bytes free for this process
}

func newDiskSpace(directory string) *diskSpace {
	return &diskSpace{directory: directory, free: func() (int64, error) { return FreeBytes(directory) }}
}

func (d *diskSpace) isFull() bool { return d.full.Load() }
func (d *diskSpace) markFull()    { d.full.Store(true) }

func (d *diskSpace) ballast() string { return filepath.Join(d.directory, ballastName) }

// prepare makes the ballast if it is missing and there is room for it.
func (d *diskSpace) prepare() error {
	if info, err := os.Stat(d.ballast()); err == nil && info.Size() == ballastBytes {
		return nil
	}
	if free, err := d.free(); err != nil || free < resumeBytes+ballastBytes {
		return err
	}
	// Written, not reserved: a sparse file would hold no blocks to give back.
	return writeFile(d.ballast(), make([]byte, ballastBytes))
}

// makeRoomToStart gives the ballast back when the disk is too full to start on:
// the instance then serves what does not write, and says what is wrong.
func (d *diskSpace) makeRoomToStart() error {
	free, err := d.free()
	if err != nil || free >= startBytes {
		return err
	}
	d.markFull()
	return d.release()
}

// release gives the ballast back to the disk.
func (d *diskSpace) release() error {
	if err := os.Remove(d.ballast()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// recover looks again at a full disk, and takes writes again when it is not.
func (d *diskSpace) recover() error {
	if !d.full.Load() {
		return nil
	}
	free, err := d.free()
	if err != nil || free < resumeBytes {
		return err
	}
	d.full.Store(false)
	return d.prepare()
}

// FreeBytes is how many bytes a process without root's reserve can still store
// on the disk of a folder.
func FreeBytes(directory string) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(directory, &stat); err != nil {
		return 0, fmt.Errorf("asking for the free space of %s: %w", directory, err)
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}

// writeFile replaces a file by a whole and synced new one, so that a crash
// leaves the old or the new.
func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

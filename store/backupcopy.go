package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

const (
	// copyPages is how much of a copy is written before it is put on the card:
	// 256 KiB, for which a commit of the server that comes in between waits some
	// 25 ms on a slow card.
	copyPages = 64
	// copyOptions: if the copy comes to nothing its file goes, so that it needs
	// neither a journal nor syncs of its own.
	copyOptions = "?_journal_mode=OFF&_synchronous=OFF&_pragma=cache_size(-512)"
	// aloneOptions change a copy, durably, without leaving a file beside it.
	aloneOptions = "?_journal_mode=DELETE&_synchronous=FULL"
	// finishedOptions open a copy that nobody writes to, without any file beside it.
	finishedOptions = "?mode=ro&immutable=1&_query_only=1"
)

// copier is a connection that can be copied from.
type copier interface {
	NewBackup(destination string) (*sqlite.Backup, error)
}

// databaseCopy makes one copy of a database that others may write to meanwhile.
type databaseCopy struct {
	source, target string
	// rest waits between two steps for as long as the last one took: half of
	// what the card can do is left to the server.
	rest func(ctx context.Context, took time.Duration) error
	// stepped is told of each step's bytes.
	stepped func(bytes int64)
}

// rest waits, a millisecond at least.
func rest(ctx context.Context, took time.Duration) error {
	select {
	case <-time.After(max(took, time.Millisecond)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// make writes the copy, checks all of it, and gives it its name last, so that
// the name never stands for a part. An earlier file of that name is replaced.
func (d databaseCopy) make(ctx context.Context) error {
	unfinished := d.target + ".new"
	file, err := os.OpenFile(unfinished, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = d.write(ctx, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	if _, err := CheckBackup(ctx, unfinished); err != nil {
		return errors.Join(fmt.Errorf("the copy is not sound: %w", err), os.Remove(unfinished))
	}
	if err := os.Rename(unfinished, d.target); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	return syncDirectory(filepath.Dir(d.target))
}

// write copies all pages as they are in one snapshot. Without the snapshot each
// foreign commit would make SQLite begin again.
func (d databaseCopy) write(ctx context.Context, file *os.File) (err error) {
	c, err := openConnection(d.source, inspectOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	if _, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	}
	from, ok := c.raw.(copier)
	if !ok {
		return fmt.Errorf("the SQLite driver's %T cannot be copied from", c.raw)
	}
	running, err := from.NewBackup(dataSource(file.Name(), copyOptions))
	if err != nil {
		return err
	}
	if err := d.step(ctx, running, file); err != nil {
		return errors.Join(err, running.Finish())
	}
	if err := running.Finish(); err != nil {
		return err
	}
	return file.Sync()
}

func (d databaseCopy) step(ctx context.Context, running *sqlite.Backup, file *os.File) error {
	for copied := 0; ; {
		began := monotonic()
		more, err := running.Step(copyPages)
		if err != nil {
			return err
		}
		now := running.PageCount() - running.Remaining()
		d.stepped(int64(now-copied) * cardBlock)
		if copied = now; !more {
			return nil
		}
		if err := syncData(file); err != nil {
			return err
		}
		if err := d.rest(ctx, time.Duration(monotonic()-began)); err != nil {
			return err
		}
	}
}

// roomFor refuses a copy that would fill the disk of a folder.
func roomFor(source, folder string) error {
	wal, err := readWALState(source + "-wal")
	if err != nil {
		return err
	}
	files, size := []string{source}, int64(0)
	if wal == walFilled { // how much of it is new is not known
		files = append(files, source+"-wal")
	}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			size += info.Size()
		}
	}
	free, err := FreeBytes(folder)
	if err == nil && free < size+resumeBytes {
		return storageFull(fmt.Errorf("a copy needs %d bytes in %s, %d are free", size+resumeBytes, folder, free))
	}
	return err
}

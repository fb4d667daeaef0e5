package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// refusal is a start that would put data at risk. Its message says what to do.
func refusal(format string, arguments ...any) error {
	return &Error{Kind: KindUnavailable, Code: "database_refused", Message: fmt.Sprintf(format, arguments...)}
}

// found is what a start finds in the data folder.
type found struct {
	path     string
	fresh    bool      // no database yet, and no sign that there ever was one
	clean    bool      // the last process stopped in order and nothing changed since
	instance uuid.UUID // of the marker; zero when there is none
}

// inspect decides whether the database may be opened, without changing it.
func inspect(ctx context.Context, directory string, lock *lockFile) (found, error) {
	instance, err := readMarker(directory)
	f := found{path: filepath.Join(directory, databaseName), instance: instance}
	if err != nil {
		return f, err
	}
	if err := f.look(lock); err != nil || f.fresh {
		return f, err
	}
	return f, f.check(ctx)
}

// readMarker returns the instance that a folder belongs to; zero without a marker.
func readMarker(directory string) (uuid.UUID, error) {
	path := filepath.Join(directory, markerName)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, err
	}
	instance, err := uuid.Parse(strings.TrimSpace(string(content)))
	if err != nil {
		return uuid.Nil, refusal("%s does not hold an instance id; restore it from a backup, or delete it if %s is the right database",
			path, filepath.Join(directory, databaseName))
	}
	return instance, nil
}

// look judges the files by their outside.
func (f *found) look(lock *lockFile) error {
	info, err := os.Stat(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || info.Size() == 0 {
		if f.instance != uuid.Nil {
			return refusal("%s is missing or empty, but this folder belongs to instance %s: put the file back or restore a backup (to begin anew, use an empty folder)",
				f.path, f.instance)
		}
		f.fresh = true
		return nil
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o200 == 0 {
		return refusal("%s is not a file that PiCloud may write; make it writable (chmod 600)", f.path)
	}
	state, err := lock.state()
	if err != nil {
		return err
	}
	wal, err := readWALState(f.path + "-wal")
	if err != nil {
		return err
	}
	running := strings.HasPrefix(state, stateRunning)
	if running && wal == walMissing {
		return refusal("PiCloud was not stopped in order and %s-wal, which holds the newest writes, is missing: put it back or restore a backup (to go on without it, delete %s)",
			f.path, lock.file.Name())
	}
	if running && wal == walFilled {
		if own, err := ownWAL(f.path+"-wal", state); err != nil || !own {
			return errors.Join(err, refusal("%s-wal belongs to another database: put the right one back or restore a backup", f.path))
		}
	}
	stopped, err := stateStopped(f.path)
	f.clean = state == stopped && wal != walFilled
	return err
}

// check judges the files by their inside. The whole structure is only checked
// when the last process did not stop in order, or the file has changed since.
func (f *found) check(ctx context.Context) (err error) {
	if err := f.takeBack(ctx); err != nil {
		return err
	}
	c, err := openConnection(f.path, inspectOptions)
	if err != nil {
		return f.unread(err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if !f.clean {
		r, err := c.one(ctx, "PRAGMA quick_check(1)")
		if err != nil {
			return f.unread(err)
		}
		if r.text(0) != "ok" {
			return f.damaged(errors.New(r.text(0)))
		}
	}
	return f.checkInstance(ctx, c)
}

// takeBack lets SQLite undo what a first start that ended early had begun.
// Until that start has turned the file to WAL it has a rollback journal, which a
// connection that may not write cannot read past; later there is none.
func (f *found) takeBack(ctx context.Context) (err error) {
	if _, missing := os.Stat(f.path + "-journal"); missing != nil || f.instance != uuid.Nil {
		return nil
	}
	c, err := openConnection(f.path, "?_busy_timeout=10000")
	if err != nil {
		return f.unread(err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if _, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema"); err != nil {
		return f.unread(err)
	}
	return nil
}

func (f *found) damaged(cause error) error {
	return &Error{Kind: KindUnavailable, Code: "database_refused", Err: cause,
		Message: fmt.Sprintf("%s is damaged (quick_check); nothing was changed: keep a copy of the folder and restore a backup", f.path)}
}

// unread tells a file that is wrong from one that cannot be read now.
func (f *found) unread(cause error) error {
	if isDamage(cause) {
		return f.damaged(cause)
	}
	return unreadable(f.path, cause)
}

// unreadable is about a database that may well be sound: SQLite cannot read a
// WAL without a file of its own beside it, for which a full disk has no room.
func unreadable(path string, cause error) error {
	free, err := FreeBytes(filepath.Dir(path))
	if err == nil && free < resumeBytes {
		return storageFull(fmt.Errorf("%s cannot be read, as %d bytes are free beside it: %w", path, free, cause))
	}
	return &Error{Kind: KindUnavailable, Code: "database_refused", Err: cause,
		Message: path + " cannot be read now, which does not say that it is damaged; the card may be failing (dmesg shows its errors), so make a copy of the folder first"}
}

// checkInstance compares the ids. A database without any table, or with that of
// the migrations alone, was left by a first start that ended early, and is as
// good as none.
func (f *found) checkInstance(ctx context.Context, c *connection) error {
	tables, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT IN ('goose_db_version', 'sqlite_sequence')")
	if err != nil {
		return f.unread(err)
	}
	if tables.integer(0) == 0 && f.instance == uuid.Nil {
		f.fresh = true
		return nil
	}
	r, err := c.one(ctx, "SELECT id FROM instance")
	switch {
	case errors.Is(err, errNoRow) && f.instance == uuid.Nil:
		f.fresh = true // the migrations ran, the process ended before the rest
	case err != nil:
		return &Error{Kind: KindUnavailable, Code: "database_refused", Err: err,
			Message: f.path + " is not a PiCloud database; put the right file there or restore a backup"}
	case f.instance == uuid.Nil:
		f.instance = r.id(0) // a database put into an empty folder
	case f.instance != r.id(0):
		return refusal("%s belongs to instance %s, this folder to instance %s: put the right file back, or delete %s if the change is meant",
			f.path, r.id(0), f.instance, markerName)
	}
	return nil
}

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

// Restored says what Restore has done.
type Restored struct {
	BackupCheck
	// Aside is where the database that was there is now; "" when there was none.
	Aside string
}

// Restore puts a backup in place of the database of config.Dir. No server may
// use the folder. Before anything is replaced the backup is copied into the
// folder and the copy is checked, also that the folder's key opens its secrets;
// a folder of another instance is refused unless otherInstance allows it. The
// database that was there is kept under another name. A crash at any moment
// leaves the old database, the new one, or a start that refuses and says to
// restore.
func Restore(ctx context.Context, config Config, backup string, otherInstance bool) (done Restored, err error) {
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return done, err
	}
	lock, err := takeLock(config.Dir)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	path := filepath.Join(config.Dir, databaseName)
	arrived := path + ".restore"
	if err := fetch(ctx, config.Dir, backup, arrived); err != nil {
		return done, err
	}
	done.BackupCheck, err = checkArrived(ctx, config, backup, arrived, otherInstance)
	if err == nil {
		err = done.freeOfKey(config, arrived)
	}
	if err != nil {
		return done, errors.Join(err, os.Remove(arrived))
	}
	if done.Aside, err = setAside(path, config.Now().UTC().Format(backupStamp)); err != nil {
		return done, fmt.Errorf("setting the database aside: %w", err)
	}
	if err := install(lock, arrived, path, done.Instance); err != nil {
		return done, fmt.Errorf("putting the backup in its place: %w", err)
	}
	return done, nil
}

// checkOwner refuses a file of the folder itself: it would be moved aside.
func checkOwner(dir, backup string) error {
	for _, name := range []string{databaseName, databaseName + ".restore"} {
		own, err := os.Stat(filepath.Join(dir, name))
		given, wrong := os.Stat(backup)
		if wrong != nil {
			return wrong
		}
		if err == nil && os.SameFile(own, given) {
			return fmt.Errorf("%s is the database itself, not a backup of it", backup)
		}
	}
	return nil
}

// fetch copies a backup into the data folder.
func fetch(ctx context.Context, dir, backup, arrived string) error {
	if err := checkOwner(dir, backup); err != nil {
		return err
	}
	if _, err := backupSize(backup); err != nil {
		return err
	}
	if err := roomFor(backup, dir); err != nil {
		return err
	}
	if err := copyWhole(ctx, backup, arrived); err != nil {
		return fmt.Errorf("copying the backup: %w", err)
	}
	return nil
}

// copyWhole copies a backup, which is one file, or a database that was set aside
// with what a killed server has left in its WAL.
func copyWhole(ctx context.Context, from, to string) error {
	wal, err := readWALState(from + "-wal")
	if err != nil {
		return err
	}
	if wal == walFilled {
		noRest := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
		return databaseCopy{source: from, target: to, rest: noRest, stepped: func(int64) {}}.make(ctx)
	}
	return copyFile(ctx, from, to)
}

// checkArrived looks at the copy that is about to be the database, and calls it
// by the name of what it is a copy of.
func checkArrived(ctx context.Context, config Config, backup, arrived string, otherInstance bool) (check BackupCheck, err error) {
	if check.Bytes, err = backupSize(arrived); err == nil {
		err = check.examine(ctx, arrived, finishedOptions, backup)
	}
	if err != nil {
		return check, err
	}
	marker, err := readMarker(config.Dir)
	if err != nil && !otherInstance {
		return check, err
	}
	if marker != uuid.Nil && marker != check.Instance && !otherInstance {
		return check, refusal("the backup is of instance %s, the folder %s belongs to instance %s: use another folder, or allow it with --other-instance",
			check.Instance, config.Dir, marker)
	}
	return check, check.CheckKey(config)
}

// copyFile copies and syncs a file.
func copyFile(ctx context.Context, from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, readerOf(ctx, source))
	if err == nil {
		err = target.Sync()
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// contextReader ends with its context.
type contextReader struct {
	context.Context
	io.Reader
}

func readerOf(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// setAside renames a database and its WAL, the WAL first: a database without
// its WAL is refused at a start or needs none, but a WAL beside a database that
// is not its own would destroy that.
func setAside(path, stamp string) (string, error) {
	aside := freeName(path + ".before-" + stamp)
	for _, suffix := range []string{"-wal", ""} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err := syncDirectory(filepath.Dir(path)); err != nil {
			return "", err
		}
	}
	// Which deliveries ran was about the other database.
	if err := errors.Join(removeIfThere(path+"-shm"), removeIfThere(filepath.Join(filepath.Dir(path), runningName))); err != nil {
		return "", err
	}
	if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return aside, nil
}

// freeName is name, or with a number behind it when that or its WAL exists.
func freeName(name string) string {
	for n := 1; ; n++ {
		free := name
		if n > 1 {
			free = fmt.Sprintf("%s-%d", name, n)
		}
		_, database := os.Lstat(free)
		if _, wal := os.Lstat(free + "-wal"); database != nil && wal != nil {
			return free
		}
	}
}

// install gives the checked copy its name, and says that it was left in order.
func install(lock *lockFile, arrived, path string, instance uuid.UUID) error {
	dir := filepath.Dir(path)
	marker := filepath.Join(dir, markerName)
	if err := errors.Join(giveToOwner(dir, arrived), giveToOwner(dir, lock.file.Name()), os.Rename(arrived, path)); err != nil {
		return err
	}
	if err := errors.Join(writeFile(marker, []byte(instance.String()+"\n")), giveToOwner(dir, marker)); err != nil {
		return err
	}
	state, err := stateStopped(path)
	if err != nil {
		return err
	}
	return lock.setState(state)
}

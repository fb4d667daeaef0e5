package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	downloadName = databaseName + ".download" // a copy on its way to who asked for it
	backupPrefix = "picloud-"
	backupSuffix = ".db"
	backupStamp  = "20060102T150405Z"
)

// BackupFolder is where scheduled backups go. It must exist: the stick that it
// should be on may not be there.
type BackupFolder struct {
	Dir  string
	Keep int // backups kept, the newest; at least 1
}

// Backup is one file of a BackupFolder. It was checked before it got its name.
type Backup struct {
	Name    string `json:"name"`
	Bytes   int64  `json:"bytes"`
	TakenAt Time   `json:"taken_at"`
}

// BackupName is the name of a backup taken at a time, to the second.
func BackupName(at time.Time) string {
	return backupPrefix + at.UTC().Format(backupStamp) + backupSuffix
}

// BackUp takes a backup into a folder and deletes what is over the folder's
// number. Conflict "backup_running" while another is taken, "storage_full" when
// there is no room for it.
func (s *Store) BackUp(ctx context.Context, folder BackupFolder) (Backup, error) {
	if info, err := os.Stat(folder.Dir); err != nil || !info.IsDir() {
		return Backup{}, Errorf(KindUnavailable, "no_backup_folder", "the folder for backups, %s, is not there", folder.Dir)
	}
	at := s.now()
	name := BackupName(at.Time())
	path := filepath.Join(folder.Dir, name)
	if err := s.copyTo(ctx, path); err != nil {
		return Backup{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Backup{}, err
	}
	return Backup{Name: name, Bytes: info.Size(), TakenAt: TimeOf(at.Time().Truncate(time.Second))}, folder.trim(name)
}

// trim deletes the oldest backups past the number to keep, and what a copy that
// was cut short has left. The newest stays in any case: with a clock that was
// set back it may look old.
func (f BackupFolder) trim(newest string) error {
	kept, err := f.List()
	if err != nil {
		return err
	}
	var errs []error
	for i, old := range kept {
		if i >= f.Keep && old.Name != newest {
			errs = append(errs, os.Remove(filepath.Join(f.Dir, old.Name)))
		}
	}
	entries, err := os.ReadDir(f.Dir)
	for _, entry := range entries {
		name, unfinished := strings.CutSuffix(entry.Name(), ".new")
		if _, ours := backupTime(name); ours && unfinished {
			errs = append(errs, os.Remove(filepath.Join(f.Dir, entry.Name())))
		}
	}
	return errors.Join(append(errs, err)...)
}

// backupTime is when the backup of a name was taken; false for any other file.
func backupTime(name string) (time.Time, bool) {
	at, err := time.Parse(backupPrefix+backupStamp+backupSuffix, name)
	return at, err == nil && BackupName(at) == name
}

// List returns the folder's backups, newest first; none when it is not there.
func (f BackupFolder) List() ([]Backup, error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the folder of backups: %w", err)
	}
	found := []Backup{}
	for _, entry := range entries {
		at, ok := backupTime(entry.Name())
		if !ok || !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, Backup{Name: entry.Name(), Bytes: info.Size(), TakenAt: TimeOf(at)})
	}
	slices.SortFunc(found, func(a, b Backup) int { return strings.Compare(b.Name, a.Name) })
	return found, nil
}

// Download takes a backup that exists only for who holds it: the file has no
// name any more, and is gone when it is closed. Errors are those of BackUp.
func (s *Store) Download(ctx context.Context) (*os.File, error) {
	if err := s.change(ctx, func(t *transaction) error {
		t.touch(Target{Kind: "instance", ID: &s.instance})
		return nil
	}); err != nil {
		return nil, err
	}
	path := filepath.Join(s.config.Dir, downloadName)
	if err := s.copyTo(ctx, path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	return file, errors.Join(err, os.Remove(path))
}

// copyTo writes a checked copy of the database.
func (s *Store) copyTo(ctx context.Context, path string) error {
	if !s.backingUp.TryLock() {
		return Errorf(KindConflict, "backup_running", "a backup is being taken already; try again when it is done")
	}
	defer s.backingUp.Unlock()
	if s.closed.Load() {
		return closedError()
	}
	if err := roomFor(s.path, filepath.Dir(path)); err != nil {
		return err
	}
	if err := s.FlushExecutions(ctx); err != nil {
		return err
	}
	copying := databaseCopy{source: s.path, target: path, rest: s.rest, stepped: func(bytes int64) { s.written.add(CauseBackup, bytes) }}
	if err := copying.make(ctx); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	return nil
}

// CopyDatabase is BackUp for a command on the box: it copies the database of a
// data folder to a file, which must not exist, whether a server runs or not.
// What the server has not written yet, the records of its last seconds, is not
// in it.
func CopyDatabase(ctx context.Context, dir, path string) error {
	if err := mustExist(dir); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already; a backup overwrites nothing", path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("the folder %s is not there", filepath.Dir(path))
	}
	source := filepath.Join(dir, databaseName)
	if err := roomFor(source, filepath.Dir(path)); err != nil {
		return err
	}
	return databaseCopy{source: source, target: path, rest: rest, stepped: func(int64) {}}.make(ctx)
}

// dropCopies removes what a process that ended in the middle has left.
func dropCopies(path string) error {
	var errs []error
	for _, suffix := range []string{".download", ".download.new", ".restore", ".restore.new"} {
		errs = append(errs, removeIfThere(path+suffix))
	}
	return errors.Join(errs...)
}

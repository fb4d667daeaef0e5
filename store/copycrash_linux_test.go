package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// copyMoments is at how many moments of a backup, or of one of several
// migrations, the process ends: 10 in all, or 50 of each with PICLOUD_TEST_LONG.
// Each takes the better part of a second of SQLite under the race detector.
func copyMoments(several int) int {
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		return 50
	}
	return 10 / several
}

func init() {
	watchedRoles["backup"] = backUpToBeKilled
	watchedRoles["migrate"] = func(folder string) error {
		_, err := Open(context.Background(), roleConfig(folder))
		return err
	}
}

func roleConfig(folder string) Config {
	return Config{Dir: folder, Logger: discard, Now: time.Now, SecretKey: KeySource{Name: "the sample key", Key: &sampleKey}, OnFatal: func(err error) { panic(err) }}
}

// backUpToBeKilled takes backups into the data folder itself while steps are
// made, and ends without stopping.
func backUpToBeKilled(folder string) error {
	config := roleConfig(folder)
	config.SecretKey = KeySource{}
	s, err := Open(context.Background(), config)
	if err != nil {
		return err
	}
	l, err := openLoad(context.Background(), s)
	if err != nil {
		return err
	}
	number := 0
	s.rest = func(ctx context.Context, _ time.Duration) error {
		err := l.do(ctx, step{0, number})
		report("done 0 %d", number)
		number++
		return err
	}
	for range 2 * stepKinds {
		if err := s.rest(context.Background(), 0); err != nil {
			return err
		}
	}
	for i := range 2 {
		report("backup %d", i)
		if err := s.copyTo(context.Background(), filepath.Join(folder, fmt.Sprintf("picloud-2026010%dT030000Z.db", i+1))); err != nil {
			return err
		}
	}
	report("backed up")
	return nil
}

// killed is what a process leaves that ends now: all that it has written.
func (d *disk) killed() image {
	made := image{}
	for name, file := range d.live {
		content := append([]byte{}, file.synced...)
		for _, call := range file.pending {
			content = call.applyTo(content)
		}
		made[name] = content
	}
	return made
}

// load takes up what a folder holds, as synced.
func (d *disk) load(folder string) error {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		content, unread := os.ReadFile(filepath.Join(folder, entry.Name()))
		err = errors.Join(err, unread)
		d.live[entry.Name()] = &diskFile{synced: content}
		d.synced[entry.Name()] = d.live[entry.Name()]
	}
	return err
}

// eachMoment replays calls, and at so many moments between the reports from and
// to shows what a kill, and every other time what a power cut, has left.
func (w *watched) eachMoment(t *testing.T, d *disk, moments int, from, to string, check func(moment string, dir string, said promises)) {
	t.Helper()
	chance := seeded(t)
	first, last := 0, len(w.calls)
	for i, call := range w.calls {
		if call.kind == callReport && strings.HasPrefix(string(call.data), from) {
			first = i
		}
		if call.kind == callReport && strings.HasPrefix(string(call.data), to) {
			last = i
		}
	}
	said := promises{kept: map[step]bool{}, gapless: true}
	shown := 0
	for i := 0; i <= last && i <= len(w.calls); i++ {
		if next := first + shown*(last-first)/(moments-1); i == next && shown < moments {
			made, how := d.killed(), "a kill"
			if shown%2 == 1 {
				made, how = d.afterCut(powerModel{chance: chance, survive: chance.Float64()}), "a power cut"
			}
			dir := t.TempDir()
			noError(t, made.write(dir))
			check(fmt.Sprintf("%s before call %d of %d (%s)", how, i, len(w.calls), w.describe(i)), dir, said)
			noError(t, os.RemoveAll(dir))
			shown++
		}
		if i < len(w.calls) {
			d.apply(w.calls[i])
			said.hear(w.calls[i])
		}
	}
	if shown != moments {
		t.Errorf("looked at %d moments, want %d", shown, moments)
	}
}

// TestKilledBackups ends the process at many moments of two backups: the database
// has all that was promised, each file with a backup's name is whole, and the
// next backup clears away what was left.
func TestKilledBackups(t *testing.T) {
	t.Parallel()
	w := &watched{folder: t.TempDir()}
	if err := watch(t, w, "backup"); err != nil {
		t.Fatalf("the recorded process ended with %v\n%s", err, &w.errors)
	}
	found := 0
	w.eachMoment(t, newDisk(), copyMoments(1), "backup 0", "backed up", func(moment, dir string, said promises) {
		folder := BackupFolder{Dir: dir, Keep: 3}
		list := must[[]Backup](t)(folder.List())
		for _, backup := range list {
			if _, err := CheckBackup(t.Context(), filepath.Join(dir, backup.Name)); err != nil {
				t.Errorf("%s: %s: %v", moment, backup.Name, err)
			}
		}
		found += len(list)
		if err := checkCrashed(t, dir, said); err != nil {
			t.Errorf("%s: %v", moment, err)
		}
		s := must[*Store](t)(open(t.Context(), testConfig(t, dir), embeddedMigrations(t), false))
		s.rest = restInTests
		must[Backup](t)(s.BackUp(t.Context(), folder))
		closeTest(t, s)
		if left, _ := filepath.Glob(filepath.Join(dir, "*.new*")); len(left) > 0 {
			t.Errorf("%s: %v is left", moment, left)
		}
	})
	if found < copyMoments(1)/4 {
		t.Errorf("only %d whole backups were there in all", found)
	}
}

// TestKilledMigrations ends the process at many moments of an upgrade from each
// schema: the next start finds the old database or the new one, never something
// between, with all its rows, and a copy of the old one once the upgrade has begun.
func TestKilledMigrations(t *testing.T) {
	t.Parallel()
	newest := must[int](t)(newestMigration(embeddedMigrations(t)))
	from := []int{1, newest - 1}
	for _, number := range from {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			w := &watched{folder: sampleDatabase(t, number)}
			d := newDisk()
			noError(t, d.load(w.folder))
			if err := watch(t, w, "migrate"); err != nil {
				t.Fatalf("the recorded process ended with %v\n%s", err, &w.errors)
			}
			w.eachMoment(t, d, copyMoments(len(from)), "", "", func(moment, dir string, _ promises) {
				upgraded := between(t, moment, dir, number, newest)
				s, err := open(t.Context(), sampleConfig(t, dir), embeddedMigrations(t), false)
				if err != nil {
					t.Errorf("%s: %v", moment, err)
					return
				}
				if err := errors.Join(checkSample(t.Context(), s, number), checkFile(t.Context(), s)); err != nil {
					t.Errorf("%s: %v", moment, err)
				}
				closeTest(t, s)
				check, err := CheckBackup(t.Context(), fmt.Sprintf("%s.schema-%d", s.path, number))
				if upgraded == number && (err != nil || check.Schema != number) {
					t.Errorf("%s: the copy from before is %+v, %v", moment, check, err)
				}
			})
		})
	}
}

// between returns the schema that a crash left, which is one of the migrations',
// whole; past the old one there must be a copy of that.
func between(t *testing.T, moment, dir string, from, to int) int {
	t.Helper()
	c := must[*connection](t)(openConnection(filepath.Join(dir, databaseName), inspectOptions))
	version, err := schemaVersion(t.Context(), c)
	noError(t, errors.Join(err, c.close()))
	if version < from || version > to {
		t.Errorf("%s: schema %d is neither %d nor %d nor between", moment, version, from, to)
	}
	if _, err := os.Stat(filepath.Join(dir, fmt.Sprintf("%s.schema-%d", databaseName, from))); version > from && errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: schema %d without a copy of schema %d", moment, version, from)
	}
	return version
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// restInTests leaves the processor to the writers without waiting for a card.
func restInTests(ctx context.Context, _ time.Duration) error { return rest(ctx, 0) }

// pairWriters write number after number, each as an entry and a document in one
// transaction, until stop is called; counts are what was acknowledged.
func pairWriters(t *testing.T, s *Store, app uuid.UUID) (counts []*atomic.Int64, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range 4 {
		count := &atomic.Int64{}
		name := strconv.Itoa(len(counts))
		counts = append(counts, count)
		group.Go(func() {
			for n := int64(1); ctx.Err() == nil; n++ {
				value := json.RawMessage(strconv.FormatInt(n, 10))
				err := s.CommitData(context.Background(), DataCommit{App: app, Writes: []DataWrite{
					{DataKey: DataKey{DataKV, "pairs", name}, Value: value},
					{DataKey: DataKey{DataDocs, "pairs", name}, Value: json.RawMessage(`{"n":` + string(value) + `}`)}}})
				if err != nil {
					t.Error(err)
					return
				}
				count.Store(n)
			}
		})
	}
	return counts, func() { cancel(); group.Wait() }
}

// pairs reads what pairWriters have left, and that the halves of each agree.
func pairs(t *testing.T, s *Store, app uuid.UUID, writers int) (found []int64) {
	t.Helper()
	for i := range writers {
		entry := must[*KVEntry](t)(s.KV(t.Context(), KVKey{app, "pairs", strconv.Itoa(i)}))
		document := must[*Document](t)(s.Document(t.Context(), DocumentKey{app, "pairs", strconv.Itoa(i)}))
		n := int64(0)
		if entry != nil {
			n = must[int64](t)(strconv.ParseInt(string(entry.Value), 10, 64))
		}
		if (entry == nil) != (document == nil) || document != nil && string(document.Data) != fmt.Sprintf(`{"n":%d}`, n) {
			t.Errorf("writer %d has half a transaction: %v, %v", i, entry, document)
		}
		found = append(found, n)
	}
	return found
}

// Every backup that is taken while others write restores, on an empty machine,
// to one moment between its beginning and its end.
func TestEveryBackupUnderLoadRestores(t *testing.T) {
	t.Parallel()
	rounds := 4
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		rounds = 20
	}
	s := newTestStore(t)
	s.rest = restInTests
	app := testApp(t, s, "some").ID
	fillPages(t, s, app, 300)
	counts, stop := pairWriters(t, s, app)
	defer stop()
	folder := BackupFolder{Dir: t.TempDir(), Keep: rounds}
	for round := range rounds {
		before := make([]int64, len(counts))
		for i, count := range counts {
			before[i] = count.Load()
		}
		path := filepath.Join(folder.Dir, strconv.Itoa(round))
		noError(t, s.copyTo(t.Context(), path))
		config := testConfig(t, filepath.Join(t.TempDir(), "new"))
		must[Restored](t)(Restore(t.Context(), config, path, false))
		restored := must[*Store](t)(open(t.Context(), config, embeddedMigrations(t), false))
		for i, n := range pairs(t, restored, app, len(counts)) {
			if after := counts[i].Load() + 1; n < before[i] || n > after {
				t.Errorf("round %d: writer %d is at %d, outside of %d to %d", round, i, n, before[i], after)
			}
		}
		closeTest(t, restored)
	}
}

// fillPages gives the database some pages more than one step copies.
func fillPages(t *testing.T, s *Store, app uuid.UUID, pages int) {
	t.Helper()
	for i := range pages / 25 {
		value := json.RawMessage(strconv.Quote(strings.Repeat("x", 100_000)))
		must[*KVEntry](t)(s.SetKV(t.Context(), KVKey{app, "fill", strconv.Itoa(i)}, KVWrite{Value: value, Relaxed: true}))
	}
}

func TestBackupFolder(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	folder := BackupFolder{Dir: filepath.Join(t.TempDir(), "[stick]"), Keep: 2}
	_, err := s.BackUp(t.Context(), folder)
	wantCode(t, err, KindUnavailable, "no_backup_folder")
	if list := must[[]Backup](t)(folder.List()); len(list) != 0 {
		t.Errorf("a folder that is not there holds %+v", list)
	}
	noError(t, os.Mkdir(folder.Dir, 0o700))
	for _, other := range []string{"picloud-notes.db", "picloud-notes.db.new", "picloud-20260101T000000Z.db.newer", "picloud-20260101T000000Z.db.new", "readme.txt"} {
		noError(t, os.WriteFile(filepath.Join(folder.Dir, other), []byte("x"), 0o600))
	}
	var taken []string
	for range 3 {
		clock.step(time.Hour)
		backup := must[Backup](t)(s.BackUp(t.Context(), folder))
		taken = append(taken, backup.Name)
		if list := must[[]Backup](t)(folder.List()); list[0] != backup {
			t.Errorf("took %+v, the newest of the list is %+v", backup, list[0])
		}
	}
	clock.step(-365 * 24 * time.Hour) // a clock that was set back makes the newest look old
	taken = append(taken, must[Backup](t)(s.BackUp(t.Context(), folder)).Name)
	var names []string
	for _, backup := range must[[]Backup](t)(folder.List()) {
		names = append(names, backup.Name)
	}
	if want := []string{taken[2], taken[1], taken[3]}; !slices.Equal(names, want) {
		t.Errorf("kept %v, want %v", names, want)
	}
	for name, there := range map[string]bool{"picloud-notes.db": true, "picloud-notes.db.new": true, "picloud-20260101T000000Z.db.newer": true, "readme.txt": true, "picloud-20260101T000000Z.db.new": false} {
		if _, err := os.Stat(filepath.Join(folder.Dir, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info := must[os.FileInfo](t)(os.Stat(filepath.Join(folder.Dir, taken[3]))); info.Mode().Perm() != 0o600 {
		t.Errorf("a backup has mode %o, want 600", info.Mode().Perm())
	}
}

// A copy in progress ends with its caller, and one at a time is made.
func TestOneBackupAtATime(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	fillPages(t, s, testApp(t, s, "some").ID, 300)
	folder := BackupFolder{Dir: t.TempDir(), Keep: 1}
	ctx, cancel := context.WithCancel(t.Context())
	s.rest = func(ctx context.Context, _ time.Duration) error {
		_, err := s.BackUp(ctx, folder)
		wantCode(t, err, KindConflict, "backup_running")
		cancel()
		return rest(ctx, 0)
	}
	if _, err := s.BackUp(ctx, folder); err == nil {
		t.Error("a backup went on without its caller")
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(folder.Dir)); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	s.rest = restInTests
	must[Backup](t)(s.BackUp(t.Context(), folder))
}

// A command on the box copies the database of a running server, of one that was
// stopped, and of one that was killed, and changes none of their files.
func TestCopyDatabase(t *testing.T) {
	t.Parallel()
	s := must[*Store](t)(open(t.Context(), testConfig(t, t.TempDir()), embeddedMigrations(t), false))
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "kept"}))
	killed := crash(t, s.config.Dir)
	target := filepath.Join(t.TempDir(), "copy.db")
	check := func(dir string) {
		t.Helper()
		noError(t, CopyDatabase(t.Context(), dir, target))
		config := testConfig(t, t.TempDir())
		must[Restored](t)(Restore(t.Context(), config, target, false))
		if openTest(t, config).Catalog().AppBySlug("kept") == nil {
			t.Errorf("the copy of %s lacks the app", dir)
		}
		if err := CopyDatabase(t.Context(), dir, target); err == nil {
			t.Error("an existing file was overwritten")
		}
		noError(t, os.Remove(target))
	}
	if err := CopyDatabase(t.Context(), killed, filepath.Join(t.TempDir(), "stick", "copy.db")); err == nil || !strings.Contains(err.Error(), "stick is not there") {
		t.Errorf("a copy into a folder that is not there: %v", err)
	}
	check(s.config.Dir)
	check(killed)
	openTest(t, testConfig(t, killed))
	closeTest(t, s)
	before := must[os.FileInfo](t)(os.Stat(s.path + "-wal"))
	check(s.config.Dir)
	if after, err := os.Stat(s.path + "-wal"); err != nil || after.Size() != before.Size() {
		t.Errorf("the WAL was changed: %v", err)
	}
	if again := openTest(t, testConfig(t, s.config.Dir)); again.Catalog().AppBySlug("kept") == nil {
		t.Error("the database that was copied lacks the app")
	}
}

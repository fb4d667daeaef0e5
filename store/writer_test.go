package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// hold keeps the writer busy until the returned function is called.
func hold(t testing.TB, s *Store) (release func()) {
	t.Helper()
	running, end := make(chan struct{}), make(chan struct{})
	noError(t, s.writer.submit(t.Context(), &operation{alone: func(*connection) error {
		close(running)
		<-end
		return nil
	}}))
	<-running
	return func() { close(end) }
}

func insertTestSession(n int) func(*transaction) error {
	return func(t *transaction) error {
		id := uuid.Max
		_, err := t.exec(insertUser, uuid.NewSHA1(id, fmt.Append(nil, n)), fmt.Sprint("user", n), RoleMember, "", t.at)
		return err
	}
}

// submitAll queues operations while the writer is held, so that they become one group.
func submitAll(t testing.TB, s *Store, ops []*operation) {
	t.Helper()
	release := hold(t, s)
	for _, op := range ops {
		noError(t, s.writer.submit(t.Context(), op))
	}
	release()
}

func TestWaitingWritesShareOneSync(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	before := s.WriterStats()
	var ops []*operation
	for i := range 100 {
		ops = append(ops, &operation{durable: true, fn: insertTestSession(i)})
	}
	submitAll(t, s, ops)
	for _, op := range ops {
		noError(t, <-op.done)
	}
	after := s.WriterStats()
	if groups, ops := after.Groups-before.Groups, after.Operations-before.Operations; groups != 1 || ops != 100 {
		t.Errorf("%d operations in %d groups, want 100 in 1", ops, groups)
	}
	if syncs := after.Syncs - before.Syncs; syncs > 2 {
		t.Errorf("%d syncs, want 1, and 1 more for a new WAL", syncs)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	before := s.WriterStats().Groups
	var waiting sync.WaitGroup
	release := hold(t, s)
	for i := range 2 * maxGroup {
		waiting.Go(func() { _ = s.relax(context.Background(), insertTestSession(i)) })
	}
	release()
	waiting.Wait()
	if groups := s.WriterStats().Groups - before; groups < 2 {
		t.Errorf("%d groups for %d operations, want at least 2", groups, 2*maxGroup)
	}
}

func TestGroupIsFullWhenOneOperationIsDurable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		durable []bool
		level   int64 // PRAGMA synchronous: 1 NORMAL, 2 FULL
	}{
		{"relaxed", []bool{false, false}, 1},
		{"durable", []bool{true, true}, 2},
		{"mixed", []bool{false, true, false}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newTestStore(t)
			var ops []*operation
			for i, durable := range c.durable {
				ops = append(ops, &operation{durable: durable, fn: func(tx *transaction) error {
					level, err := tx.count("PRAGMA synchronous")
					if err == nil && level != c.level {
						err = fmt.Errorf("synchronous is %d, want %d", level, c.level)
					}
					return errors.Join(err, insertTestSession(i)(tx))
				}})
			}
			submitAll(t, s, ops)
			for _, op := range ops {
				noError(t, <-op.done)
			}
			unsynced := s.writer.wrote.Load() > s.writer.synced.Load()
			if unsynced != (c.level == 1) {
				t.Errorf("unsynced is %t at level %d", unsynced, c.level)
			}
			s.writer.oldest.Add(-int64(relaxedFor)) // as if a second had gone by
			noError(t, s.housekeeper.tick(t.Context()))
			if s.writer.wrote.Load() != s.writer.synced.Load() {
				t.Error("the tick did not sync what is a second old")
			}
		})
	}
}

func TestFailingOperationDoesNotFailItsGroup(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	planned := errors.New("planned")
	half := func(then func() error) func(*transaction) error {
		return func(tx *transaction) error {
			if err := insertTestSession(50)(tx); err != nil {
				return err
			}
			return then()
		}
	}
	ops := []*operation{
		{durable: true, fn: insertTestSession(1)},
		{durable: true, fn: half(func() error { return planned })},
		{durable: true, fn: half(func() error { panic("planned") })},
		{durable: true, fn: insertTestSession(1)}, // the same again
		{fn: insertTestSession(2)},
	}
	submitAll(t, s, ops)
	var errs []error
	for _, op := range ops {
		errs = append(errs, <-op.done)
	}
	if errs[0] != nil || errs[4] != nil {
		t.Errorf("good operations failed: %v, %v", errs[0], errs[4])
	}
	if !errors.Is(errs[1], planned) || KindOf(errs[2]) != KindInternal || !isUnique(errs[3]) {
		t.Errorf("bad operations gave %v, %v, %v", errs[1], errs[2], errs[3])
	}
	users := must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) { return tx.count("SELECT count(*) FROM users") }))
	if users != 2 {
		t.Errorf("%d users, want the 2 of the good operations", users)
	}
}

func TestCallerThatGivesUpLeavesItsOperation(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		_, err := s.CreateApp(ctx, AppDraft{Slug: "late"})
		result <- err
	}()
	for len(s.writer.queue) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	release()
	noError(t, s.Ping(t.Context()))
	if s.Catalog().AppBySlug("late") == nil {
		t.Error("the operation was not done")
	}
}

func TestWatchersSeeTheCatalogBeforeTheCaller(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	var mutex sync.Mutex
	var seen []int
	s.WatchCatalog(func(c *Catalog) {
		mutex.Lock()
		defer mutex.Unlock()
		seen = append(seen, len(c.Apps))
	})
	for i := range 3 {
		app := must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: fmt.Sprint("app", i)}))
		mutex.Lock()
		if got := seen[len(seen)-1]; got != i+1 {
			t.Errorf("the watcher saw %d apps when the caller returned, want %d", got, i+1)
		}
		mutex.Unlock()
		if s.Catalog().Apps[app.ID] == nil {
			t.Error("the catalog lacks the app")
		}
	}
	must[int](t)(s.DeleteExpiredSessions(t.Context()))
	noError(t, s.EndSession(t.Context(), Session{}, User{}))
	if want := []int{0, 1, 2, 3}; !slices.Equal(seen, want) {
		t.Errorf("the watcher saw %v, want %v", seen, want)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "before"}))
	var free int64
	s.space.free = func() (int64, error) { return free, nil }
	limit := func(pages string) {
		noError(t, s.writer.do(t.Context(), &operation{alone: func(c *connection) error {
			_, err := c.one(context.Background(), "PRAGMA max_page_count="+pages)
			return err
		}}))
	}
	limit("1") // SQLite takes the present size, and answers FULL beyond it
	var err error
	for i := 0; err == nil && i < 100; i++ {
		description := string(make([]byte, 0, 4000)) + fmt.Sprintf("%04000d", i)
		_, err = s.CreateApp(t.Context(), AppDraft{Slug: fmt.Sprint("full", i), Description: description})
	}
	wantCode(t, err, KindUnavailable, "storage_full")
	_, err = s.CreateApp(t.Context(), AppDraft{Slug: "after"})
	wantCode(t, err, KindUnavailable, "storage_full")
	must[App](t)(s.App(t.Context(), app.ID))
	if _, err := s.HasUsers(t.Context()); err != nil {
		t.Errorf("a read while full: %v", err)
	}
	noError(t, s.housekeeper.tick(t.Context()))
	if _, err := os.Stat(s.space.ballast()); !os.IsNotExist(err) {
		t.Errorf("the ballast is still there: %v", err)
	}
	limit("1073741823")
	free = 1 << 30
	noError(t, s.housekeeper.tick(t.Context()))
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "after"}))
	if info := must[os.FileInfo](t)(os.Stat(s.space.ballast())); info.Size() != ballastBytes {
		t.Errorf("the ballast has %d bytes, want %d", info.Size(), ballastBytes)
	}
}

func TestFailedSyncIsFatal(t *testing.T) {
	t.Parallel()
	var fatal []error
	config := testConfig(t, t.TempDir())
	config.OnFatal = func(err error) { fatal = append(fatal, err) }
	s := openTest(t, config)
	noError(t, s.relax(t.Context(), insertTestSession(0))) // the first write reads the WAL's header
	noError(t, s.wal.Close())                              // a descriptor that cannot be synced
	noError(t, s.relax(t.Context(), insertTestSession(1)))
	s.syncWAL()
	s.syncWAL()
	if len(fatal) != 1 {
		t.Errorf("OnFatal was called %d times, want once: %v", len(fatal), fatal)
	}
	if err := s.relax(t.Context(), insertTestSession(2)); err == nil {
		t.Error("a write after a failed sync was taken")
	}
	if s.Ping(t.Context()) == nil {
		t.Error("Ping answers nil after a failed sync")
	}
	wal := must[*os.File](t)(os.OpenFile(s.path+"-wal", os.O_RDWR, 0))
	s.wal = wal
}

func TestCheckpointBoundsTheWAL(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "one"}))
	// The checkpointer may be late, but never later than the cap.
	for i := 0; s.WriterStats().Checkpoints == 0; i++ {
		noError(t, s.relax(t.Context(), func(tx *transaction) error {
			_, err := tx.exec("UPDATE apps SET description = ? WHERE id = ?", fmt.Sprintf("%03000d", i), app.ID)
			return err
		}))
		if stats := s.WriterStats(); stats.WALBytes > (checkpointCap+2)*frameBytes {
			t.Fatalf("stats are %+v, want a checkpoint before the WAL is over the cap", stats)
		}
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	closeTest(t, s)
	_, err := s.CreateApp(t.Context(), AppDraft{Slug: "late"})
	wantCode(t, err, KindUnavailable, "closed")
	_, err = s.HasUsers(t.Context())
	wantCode(t, err, KindUnavailable, "closed")
}

// A full disk that meets only the note of which WAL is the database's is no
// reason to stop: the group is on the card, and the next one notes.
func TestAFullDiskMayDelayTheNoteOfTheWAL(t *testing.T) {
	t.Parallel()
	s := newTestStore(t) // OnFatal fails the test
	note, calls := s.writer.onFirst, 0
	s.writer.onFirst = func() error {
		if calls++; calls == 1 {
			return syscall.ENOSPC
		}
		return note()
	}
	for _, slug := range []string{"first", "second", "third"} {
		must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: slug}))
	}
	if state := must[string](t)(s.lock.state()); calls != 2 || !strings.HasPrefix(state, stateRunning+" ") {
		t.Errorf("noted %d times, the state is %q", calls, state)
	}
}

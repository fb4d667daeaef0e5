package store

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// The writer waits for callers that are about to come back, and for nobody else.
// A sync takes two hours here, so that a wait in vain would not end.
func TestTheWriterWaitsForCallersThatComeBack(t *testing.T) {
	t.Parallel()
	durable, relaxed := &operation{durable: true}, &operation{}
	for _, c := range []struct {
		name           string
		answered       [2]int
		away           time.Duration
		queued, behind []*operation // what is there, and what comes later
		want           int
	}{
		{"alone", [2]int{1, 1}, 0, []*operation{durable}, nil, 1},
		{"two that take turns", [2]int{1, 2}, 0, []*operation{durable}, nil, 1},
		{"relaxed", [2]int{30, 30}, 0, []*operation{relaxed}, nil, 1},
		{"all have been away", [2]int{30, 30}, 2 * comeBack, []*operation{durable}, nil, 1},
		{"half of six", [2]int{5, 1}, 0, []*operation{durable}, []*operation{durable, relaxed}, 3},
		{"all but the last of eight", [2]int{9, 8}, 0, []*operation{durable}, slices.Repeat([]*operation{relaxed}, 6), 7},
		{"enough are there", [2]int{2, 4}, 0, []*operation{relaxed, durable, durable, durable}, nil, 4},
	} {
		w := &writer{queue: make(chan *operation, maxGroup), answered: c.answered, syncTook: 2 * time.Hour, patience: time.NewTimer(time.Hour)}
		w.last.Store(monotonic() + int64(time.Hour))
		if c.away > 0 {
			w.last.Store(monotonic() - int64(c.away))
		}
		for _, op := range c.queued[1:] {
			w.queue <- op
		}
		w.group = c.queued[:1:1]
		var late sync.WaitGroup
		late.Go(func() {
			for _, op := range c.behind {
				w.queue <- op
			}
		})
		w.gather()
		late.Wait()
		if len(w.group) != c.want {
			t.Errorf("%s: %d operations in the group, want %d", c.name, len(w.group), c.want)
		}
	}
	w := &writer{queue: make(chan *operation), answered: [2]int{9, 9}, syncTook: time.Millisecond, patience: time.NewTimer(time.Hour), group: []*operation{durable}}
	w.last.Store(monotonic() + int64(time.Hour))
	if w.gather(); len(w.group) != 1 {
		t.Errorf("%d operations after waiting as long as a sync takes", len(w.group))
	}
}

// A relaxed write is synced when it is a second old, and costs no sync when a
// durable one has taken it along before that.
func TestRelaxedWritesAreSyncedByAge(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	n := 0
	put := func(durable bool) {
		t.Helper()
		n++
		noError(t, s.writer.do(t.Context(), &operation{durable: durable, fn: insertTestSession(n)}))
	}
	dirty := func() bool { _, dirty := s.writer.unsynced(); return dirty }
	put(true)
	if dirty() {
		t.Error("a durable write is not synced")
	}
	put(false)
	s.writer.oldest.Add(-int64(relaxedFor / 2))
	put(false) // does not make the first one younger
	if age, _ := s.writer.unsynced(); age < relaxedFor/2 {
		t.Errorf("the oldest relaxed write is %s old", age)
	}
	put(true)
	before := s.WriterStats().Syncs
	began := monotonic()
	put(false)
	if oldest := s.writer.oldest.Load(); oldest < began {
		t.Errorf("a write behind a durable one counts from %d, which is before %d", oldest, began)
	}
	s.syncWAL()
	if syncs := s.WriterStats().Syncs - before; dirty() || syncs != 1 {
		t.Errorf("%d syncs, and %t that something is not synced", syncs, dirty())
	}
}

func TestTheHousekeeperSyncsRelaxedWrites(t *testing.T) {
	t.Parallel()
	s := must[*Store](t)(open(t.Context(), testConfig(t, t.TempDir()), embeddedMigrations(t), true))
	defer closeTest(t, s)
	for i := range 2 {
		noError(t, s.relax(t.Context(), insertTestSession(i)))
		for deadline := time.Now().Add(20 * time.Second); s.writer.synced.Load() < s.writer.wrote.Load(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a relaxed write was not synced")
			}
		}
	}
}

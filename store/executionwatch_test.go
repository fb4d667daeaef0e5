package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// Not parallel: it counts allocations.
func TestNobodyWatchingCostsARunNothing(t *testing.T) {
	s := newTestStore(t)
	record := testExecution(s, s.newID())
	if allocations := testing.AllocsPerRun(1000, func() { s.log.watches.offer(record, 512) }); allocations != 0 {
		t.Errorf("a record takes %.1f allocations more when nobody watches", allocations)
	}
	watch := s.WatchExecutions(ExecutionFilter{App: record.AppID})
	if s.log.watches.current.Load() == nil {
		t.Error("the watch is not there")
	}
	watch.Close()
	if s.log.watches.current.Load() != nil {
		t.Error("a closed watch is still there")
	}
}

// taken returns the ids that a watch has, and how many it lost.
func taken(w *ExecutionWatch) (ids []uuid.UUID, dropped int) {
	for {
		e, lost := w.Next()
		dropped += lost
		if e == nil {
			return ids, dropped
		}
		ids = append(ids, e.ID)
	}
}

func TestWatchHasEachRecordAtOnce(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app, script := s.newID(), s.newID()
	all := s.WatchExecutions(ExecutionFilter{App: app})
	ofScript := s.WatchExecutions(ExecutionFilter{App: app, Script: script})
	failed := s.WatchExecutions(ExecutionFilter{App: app, Status: StatusError})
	var want, wantOfScript, wantFailed []uuid.UUID
	for i := range 30 {
		e := testExecution(s, s.newID())
		if i%3 != 0 {
			e.AppID = app
			want = append(want, e.ID)
		}
		if i%3 == 1 {
			e.ScriptID = script
			wantOfScript = append(wantOfScript, e.ID)
		}
		if i%5 == 0 {
			e.Status = StatusError
		}
		if i%5 == 0 && i%3 != 0 {
			wantFailed = append(wantFailed, e.ID)
		}
		s.RecordExecution(e)
	}
	for name, c := range map[string]struct {
		watch *ExecutionWatch
		want  []uuid.UUID
	}{"app": {all, want}, "script": {ofScript, wantOfScript}, "status": {failed, wantFailed}} {
		select {
		case <-c.watch.Ready():
		default:
			t.Errorf("%s: the watch does not say that it has something", name)
		}
		ids, dropped := taken(c.watch)
		if difference := cmp.Diff(c.want, ids); difference != "" || dropped != 0 {
			t.Errorf("%s: %d dropped (- want, + got):\n%s", name, dropped, difference)
		}
	}
}

func TestWatchIsBoundedAndCountsWhatItLoses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ records, body, most int }{
		"records": {watchedRows + 100, 10, watchedRows},
		"bytes":   {100, 64 << 10, watchedBytes / (64 << 10)},
		"one":     {3, 2 * watchedBytes, 1},
	} {
		s := newTestStore(t)
		app := s.newID()
		watch := s.WatchExecutions(ExecutionFilter{App: app})
		var last uuid.UUID
		for range c.records {
			e := testExecution(s, s.newID())
			e.AppID, e.Response.Body = app, strings.Repeat("x", c.body)
			s.RecordExecution(e)
			last = e.ID
		}
		ids, dropped := taken(watch)
		if len(ids) > c.most || len(ids) == 0 || len(ids)+dropped != c.records || ids[len(ids)-1] != last {
			t.Errorf("%s: %d records kept and %d dropped of %d, at most %d should be kept, the last among them", name, len(ids), dropped, c.records, c.most)
		}
		if watch.bytes != 0 {
			t.Errorf("%s: an empty watch counts %d bytes", name, watch.bytes)
		}
	}
}

// The order of ids is that of starts; a run that began before and ended after
// the last that a reader has must come too.
func TestExecutionsAfter(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	app := s.newID()
	names := map[uuid.UUID]string{}
	record := func(name string, began, took time.Duration) *Execution {
		start := newTestClock().now().Add(began)
		e := testExecution(s, s.newID())
		e.ID = s.ids.nextAt(start)
		e.AppID, e.StartedAt, e.DurationMS = app, TimeOf(start), float64(took.Milliseconds())
		names[e.ID] = name
		return e
	}
	early := record("early", 0, time.Second)
	long := record("long", time.Minute, 3*time.Minute)
	middle := record("middle", 2*time.Minute, time.Second)
	place := s.NewExecutionID(newTestClock().now().Add(150 * time.Second))
	late := record("late", 5*time.Minute, time.Second)
	for _, e := range []*Execution{early, middle, long, late} {
		s.RecordExecution(e)
	}
	noError(t, s.FlushExecutions(t.Context()))
	after := func(filter ExecutionFilter, id uuid.UUID) (got []string) {
		noError(t, s.ExecutionsAfter(t.Context(), filter, id, func(e *Execution) error {
			got = append(got, names[e.ID])
			return nil
		}))
		return got
	}
	for _, c := range []struct {
		name   string
		filter ExecutionFilter
		id     uuid.UUID
		want   []string
	}{
		{"early", ExecutionFilter{App: app}, early.ID, []string{"early", "long", "middle", "late"}},
		{"middle", ExecutionFilter{App: app}, middle.ID, []string{"long", "middle", "late"}},
		{"long", ExecutionFilter{App: app}, long.ID, []string{"long", "late"}},
		{"late", ExecutionFilter{App: app}, late.ID, []string{"late"}},
		{"a place", ExecutionFilter{App: app}, place, []string{"long", "late"}},
		{"another app", ExecutionFilter{App: s.newID()}, early.ID, nil},
		{"text", ExecutionFilter{App: app, Text: "nowhere"}, early.ID, nil},
		{"another status", ExecutionFilter{App: app, Status: StatusError}, early.ID, nil},
	} {
		if difference := cmp.Diff(c.want, after(c.filter, c.id)); difference != "" {
			t.Errorf("after %s (- want, + got):\n%s", c.name, difference)
		}
	}
	err := s.ExecutionsAfter(t.Context(), ExecutionFilter{App: app}, uuid.New(), nil)
	wantCode(t, err, KindInvalid, "invalid")
}

// Everything after a place comes, over pages and batches.
func TestExecutionsAfterWalksTheWholeLog(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app, place := s.newID(), s.NewExecutionID(time.Now())
	want := map[uuid.UUID]bool{}
	for i := range 1000 {
		e := testExecution(s, s.newID())
		if e.AppID = s.newID(); i%2 == 0 {
			e.AppID = app
			want[e.ID] = true
		}
		s.RecordExecution(e)
		if i%300 == 0 {
			noError(t, s.FlushExecutions(context.Background()))
		}
	}
	noError(t, s.FlushExecutions(context.Background()))
	noError(t, s.ExecutionsAfter(t.Context(), ExecutionFilter{App: app}, place, func(e *Execution) error {
		if !want[e.ID] {
			t.Errorf("%s comes again, or is of another app", e.ID)
		}
		delete(want, e.ID)
		return nil
	}))
	if len(want) > 0 {
		t.Errorf("%d records did not come", len(want))
	}
}

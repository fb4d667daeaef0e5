package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/runtime"
	"picloud/runtime/sdk"
	"picloud/scheduler"
	"picloud/store"
)

const (
	backlogApps = 10
	backlogRows = 10_000 // of each app: its cap
	// recordsAtOnce is half of what the execution log keeps in memory.
	recordsAtOnce = 4096
)

// backlog is a store with 100,000 pending deliveries of empty scripts.
type backlog struct {
	store   *store.Store
	engine  *runtime.Engine
	scripts []*store.Script
}

func newBacklog(t *testing.T, dir string) *backlog {
	t.Helper()
	ctx := context.Background()
	b := &backlog{store: openStore(t, dir)}
	user := must[store.User](t)(b.store.CreateFirstOwner(ctx, "ada", "hash"))
	for n := range backlogApps {
		app := must[store.App](t)(b.store.CreateApp(ctx, store.AppDraft{Slug: fmt.Sprint("app-", n)}))
		script := must[store.Script](t)(b.store.CreateScript(ctx, app.ID, store.ScriptDraft{Name: "empty", Source: "return nil"}))
		must[store.Trigger](t)(b.store.CreateTrigger(ctx, topicTrigger(&script, user.ID, "#")))
		b.scripts = append(b.scripts, b.store.Catalog().Scripts[script.ID])
	}
	var publishers sync.WaitGroup
	for worker := range 32 {
		publishers.Go(func() {
			for n := worker; n < backlogApps*backlogRows; n += 32 {
				app := b.scripts[n%backlogApps].AppID
				if _, err := b.store.PublishTopic(ctx, store.TopicPublication{App: app, Topic: "t", Payload: []byte(`{"n":1}`)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	publishers.Wait()
	return b
}

// topicTrigger runs a script on each message of the topics that the filter takes.
func topicTrigger(script *store.Script, user uuid.UUID, filter string) store.TriggerDraft {
	return store.TriggerDraft{AppID: script.AppID, ScriptID: script.ID, RegisteredBy: user, Kind: store.TriggerTopic,
		Name: "all", Enabled: true, Retry: store.DefaultRetry(), Topic: &store.TopicRule{Filter: filter}}
}

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler), Now: time.Now, OnFatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// must fails the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// measureEvents drains 100,000 pending deliveries of ten apps, and runs the
// same scripts as often directly: as a client does, by a route over HTTP, and
// by the bare engine.
func measureEvents(t *testing.T) []figure {
	dir := t.TempDir()
	b := newBacklog(t, dir)
	b.reopen(t, dir)
	claims := b.claimTimes(t, 2000)
	rows := backlogApps*backlogRows - len(claims) - 1
	opened := b.reopen(t, dir)
	t.Cleanup(func() { b.close(t) }) // after the server that called starts
	called := b.called(t, rows)
	bare := b.bare(t, rows)
	drained := b.drain(t, rows)
	if dropped := b.store.ExecutionLogStats().Dropped; dropped > 0 {
		t.Errorf("the log dropped %d records; the runs are not comparable", dropped)
	}
	rate := func(took time.Duration) float64 { return float64(rows) / took.Seconds() }
	share, ofBare := rate(drained)/rate(called), rate(drained)/rate(bare)
	worst, p99 := slices.Max(claims), claims[len(claims)*99/100]
	return []figure{
		{what: "from one run's end to the next one's begin, 100,000 deliveries pending: settle, claim, read",
			value: fmt.Sprintf("p99 %s, worst of %d %s", p99.Round(time.Microsecond), len(claims), worst.Round(time.Microsecond)), bar: "under 20 ms", reached: p99 < 20*time.Millisecond},
		{what: "draining them, against calling the same empty script as often by its sync route over HTTP, 32 connections, the client on the same machine",
			value: fmt.Sprintf("%.0f %% (%.0f/s against %.0f/s)", 100*share, rate(drained), rate(called)), bar: "at least 50 %", reached: share >= 0.5},
		{what: "draining them, against the bare engine running the same scripts without HTTP, outbox and dispatcher",
			value: fmt.Sprintf("%.0f %% (%.0f/s against %.0f/s)", 100*ofBare, rate(drained), rate(bare)), bar: noBar, reached: true},
		{what: "opening a database with 100,000 pending deliveries", value: opened.Round(time.Millisecond).String(), bar: "under 2 s", reached: opened < 2*time.Second},
	}
}

// reopen opens the store anew, so that a dispatcher finds all that is pending.
func (b *backlog) reopen(t *testing.T, dir string) time.Duration {
	t.Helper()
	b.close(t)
	began := time.Now()
	b.store = openStore(t, dir)
	took := time.Since(began)
	b.engine = runtime.New(runtime.Config{Store: b.store, Logger: slog.New(slog.DiscardHandler), Modules: sdk.Modules()})
	for n, script := range b.scripts {
		b.scripts[n] = b.store.Catalog().Scripts[script.ID]
	}
	return took
}

func (b *backlog) close(t *testing.T) {
	t.Helper()
	if b.engine != nil {
		b.engine.Close()
	}
	if err := b.store.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// claimTimes returns, sorted, how long one worker takes from the end of a run
// to the begin of the next.
func (b *backlog) claimTimes(t *testing.T, runs int) []time.Duration {
	t.Helper()
	var gaps []time.Duration
	var ended time.Time
	enough, full := make(chan struct{}), make(chan struct{})
	s := scheduler.New(scheduler.Config{Store: b.store, Logger: slog.New(slog.DiscardHandler), Workers: 1,
		Run: func(ctx context.Context, invocation *runtime.Invocation) *runtime.Result {
			if !ended.IsZero() {
				gaps = append(gaps, time.Since(ended))
			}
			result := b.engine.Run(ctx, invocation)
			if len(gaps) == runs {
				close(full)
				<-enough
			}
			ended = time.Now()
			return result
		}})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-full
	s.Quiesce()
	close(enough)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	slices.Sort(gaps)
	return gaps
}

// called calls one of the scripts by a route.
func (b *backlog) called(t *testing.T, runs int) time.Duration {
	t.Helper()
	addr := served{store: b.store, engine: b.engine, script: b.scripts[0], method: "GET", path: "/empty"}.start(t)
	request := []byte("GET /empty HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	return b.inRounds(t, runs, func(count int) { load(t, addr, request, httpConnections, count) })
}

// bare runs the scripts in turn from as many goroutines as the dispatcher has
// workers.
func (b *backlog) bare(t *testing.T, runs int) time.Duration {
	t.Helper()
	return b.inRounds(t, runs, func(count int) {
		var workers sync.WaitGroup
		var next atomic.Int64
		for range b.engine.BackgroundSlots() {
			workers.Go(func() {
				for n := next.Add(1); n <= int64(count); n = next.Add(1) {
					invocation := &runtime.Invocation{Script: b.scripts[n%backlogApps], Kind: runtime.KindTrigger, RequestID: "bare"}
					if result := b.engine.Run(context.Background(), invocation); result.Err != nil {
						t.Error(result.Err)
						return
					}
				}
			})
		}
		workers.Wait()
	})
}

// inRounds waits for the records after each round, because those that the log
// drops cost nothing.
func (b *backlog) inRounds(t *testing.T, runs int, round func(count int)) time.Duration {
	t.Helper()
	began := time.Now()
	for left := runs; left > 0; left -= recordsAtOnce {
		round(min(left, recordsAtOnce))
		if err := b.store.FlushExecutions(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(began)
}

// drain runs what is pending until nothing is. As inRounds does, it waits for
// the records now and then.
func (b *backlog) drain(t *testing.T, rows int) time.Duration {
	t.Helper()
	var ran atomic.Int64
	var waiting sync.RWMutex // held by the one that waits, while none runs
	done := make(chan struct{})
	began := time.Now()
	s := scheduler.New(scheduler.Config{Store: b.store, Logger: slog.New(slog.DiscardHandler), Workers: b.engine.BackgroundSlots(),
		Run: func(ctx context.Context, invocation *runtime.Invocation) *runtime.Result {
			waiting.RLock()
			result := b.engine.Run(ctx, invocation)
			waiting.RUnlock()
			if result.Err != nil {
				t.Error(result.Err)
			}
			n := ran.Add(1)
			if n%recordsAtOnce == 0 {
				waiting.Lock()
				if err := b.store.FlushExecutions(ctx); err != nil {
					t.Error(err)
				}
				waiting.Unlock()
			}
			if n == int64(rows) {
				close(done)
			}
			return result
		}})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-done
	// Listing writes what is not deleted yet.
	if _, err := b.store.Deliveries(context.Background(), b.scripts[0].AppID, store.PageRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	return took
}

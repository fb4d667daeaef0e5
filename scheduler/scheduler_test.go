package scheduler

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
)

// lockedBuffer collects the log of several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newTestScheduler(t *testing.T, jobs ...job) (*Scheduler, *clockwork.FakeClock, *lockedBuffer) {
	t.Helper()
	clock, log := clockwork.NewFakeClock(), &lockedBuffer{}
	s := New(Config{Logger: slog.New(slog.NewTextHandler(log, nil)), Clock: clock})
	s.jobs = jobs
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, clock, log
}

// advance moves the clock once the scheduler waits for it.
func advance(t *testing.T, clock *clockwork.FakeClock, by time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := clock.BlockUntilContext(ctx, 1); err != nil {
		t.Fatal("the scheduler never waited for the clock")
	}
	clock.Advance(by)
}

func waitFor(t *testing.T, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s did not happen", what)
	}
}

// nextRun moves the clock by an interval until the job has run once more. A
// run that is due while the one before it still ends is left out, so one step
// may not be enough.
func nextRun(t *testing.T, clock *clockwork.FakeClock, ran <-chan struct{}, every time.Duration) {
	t.Helper()
	for range 100 {
		advance(t, clock, every)
		select {
		case <-ran:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("the job does not run any more")
}

func TestJobRunsAfterItsFirstDelayThenEachInterval(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{}, 8)
	_, clock, _ := newTestScheduler(t, job{"count", janitorFirst, janitorEvery, func(context.Context) error {
		ran <- struct{}{}
		return nil
	}})
	advance(t, clock, janitorFirst-time.Second)
	advance(t, clock, time.Second)
	waitFor(t, ran, "the first run")
	nextRun(t, clock, ran, janitorEvery)
	if len(ran) != 0 {
		t.Errorf("%d runs too many", len(ran))
	}
}

func TestFailureAndPanicAreLoggedOnceAndTheNextRunComes(t *testing.T) {
	t.Parallel()
	ran, round := make(chan struct{}, 8), 0
	s, clock, log := newTestScheduler(t, job{"fragile", time.Minute, time.Hour, func(context.Context) error {
		defer func() { ran <- struct{}{} }()
		round++
		if round == 1 {
			return errors.New("first-failure")
		}
		if round == 2 {
			panic("second-failure")
		}
		return nil
	}})
	advance(t, clock, time.Minute)
	waitFor(t, ran, "the failing run")
	nextRun(t, clock, ran, time.Hour) // panics
	nextRun(t, clock, ran, time.Hour)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first-failure", "second-failure"} {
		if got := strings.Count(log.String(), want); got != 1 {
			t.Errorf("%q is in the log %d times:\n%s", want, got, log)
		}
	}
}

func TestStopCancelsAndWaitsForARunningJob(t *testing.T) {
	t.Parallel()
	started, ended := make(chan struct{}), make(chan struct{})
	s, clock, log := newTestScheduler(t, job{"slow", time.Minute, time.Hour, func(ctx context.Context) error {
		close(started)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}})
	advance(t, clock, time.Minute)
	waitFor(t, started, "the run")
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	default:
		t.Error("Stop returned while the job ran")
	}
	if strings.Contains(log.String(), "slow") {
		t.Errorf("a stopped job is no failure, but the log says:\n%s", log)
	}
}

func TestStopBeforeStart(t *testing.T) {
	t.Parallel()
	if err := New(Config{Logger: slog.New(slog.DiscardHandler)}).Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// /readyz asks whether deliveries run.
func TestReady(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := openHouse(t, t.TempDir())
	s := New(Config{Store: h.store, Logger: slog.New(slog.DiscardHandler), Clock: h.clock, Run: h.runOne, Workers: 1,
		ClockState: func() ClockState { return ClockState{Synchronised: true} }})
	if s.Ready(ctx) == nil {
		t.Error("ready before it was started")
	}
	h.check(s.Start(ctx))
	if err := s.Ready(ctx); err != nil {
		t.Errorf("started: %v", err)
	}
	s.Quiesce()
	if s.Ready(ctx) == nil {
		t.Error("ready while it claims nothing")
	}
	h.check(s.Stop(ctx))
}

// In safe mode the triggers' deliveries wait, and whoever asks learns why.
func TestSafeModeRunsNoTriggers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := openHouse(t, t.TempDir())
	s := New(Config{Store: h.store, Logger: slog.New(slog.DiscardHandler), Clock: h.clock, Run: h.runOne, Workers: 1, SafeMode: true,
		ClockState: func() ClockState { return ClockState{Synchronised: true} }})
	h.check(s.Start(ctx))
	if err := s.Ready(ctx); err == nil || !strings.Contains(err.Error(), "safe mode") {
		t.Errorf("ready says %v", err)
	}
	if err := s.Alive(ctx); err != nil {
		t.Errorf("a watchdog would end a safe mode: %v", err)
	}
	if s.dispatcher.serves() {
		t.Error("the dispatcher runs")
	}
	h.check(s.Stop(ctx))
}

func TestEveryMinute(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{}, 8)
	config := Config{EveryMinute: func(context.Context) error {
		ran <- struct{}{}
		return nil
	}}
	jobs := New(config).jobs
	_, clock, _ := newTestScheduler(t, jobs[len(jobs)-1]) // the others need a store
	advance(t, clock, time.Minute)
	waitFor(t, ran, "the first minute")
	nextRun(t, clock, ran, time.Minute)
	nextRun(t, clock, ran, time.Minute)
}

// A dispatcher whose loop hangs is not alive: that is what a watchdog asks for.
func TestAHungDispatcherIsNotAlive(t *testing.T) {
	t.Parallel()
	h := openHouse(t, t.TempDir())
	s := New(Config{Store: h.store, Logger: slog.New(slog.DiscardHandler), Clock: h.clock, Run: h.runOne, Workers: 1,
		ClockState: func() ClockState { return ClockState{Synchronised: true} }})
	s.dispatcher.runs, s.dispatcher.cancel = context.WithCancel(t.Context()) // as after start, but nobody pumps
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Alive(ctx); err == nil || !strings.Contains(err.Error(), "the dispatcher does not answer") {
		t.Errorf("alive says %v", err)
	}
}

package runtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

var appA, appB, appC = uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}

func mustEnter(t *testing.T, g *gate, app uuid.UUID, background bool) *gateApp {
	t.Helper()
	place, err := g.enter(context.Background(), app, background)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func TestGateShares(t *testing.T) {
	t.Parallel()
	g := newGate(8, 8, time.Millisecond)
	var taken []*gateApp
	for range 6 {
		taken = append(taken, mustEnter(t, g, appA, false))
	}
	if _, err := g.enter(context.Background(), appA, false); !errors.Is(err, errBusy) {
		t.Errorf("an app took more than three quarters: %v", err)
	}
	if _, err := g.enter(context.Background(), appB, true); !errors.Is(err, errBusy) {
		t.Errorf("background work took the last quarter: %v", err)
	}
	taken = append(taken, mustEnter(t, g, appB, false), mustEnter(t, g, appB, false))
	if _, err := g.enter(context.Background(), appC, false); !errors.Is(err, errBusy) {
		t.Errorf("a ninth run was admitted: %v", err)
	}
	for _, place := range taken {
		g.leave(place)
	}
	if g.running.Load() != 0 || g.waiting.Load() != 0 || len(g.turns) != 0 {
		t.Errorf("after all have left: %d run, %d wait, %d turns", g.running.Load(), g.waiting.Load(), len(g.turns))
	}
}

func TestGateOfOneSlot(t *testing.T) {
	t.Parallel()
	g := newGate(1, 4, time.Millisecond)
	g.leave(mustEnter(t, g, appA, true))
	g.leave(mustEnter(t, g, appA, false))
}

// waiters queues runs one after the other and reports the order in which they were admitted.
func waiters(t *testing.T, g *gate, order chan<- string, runs ...struct {
	name       string
	app        uuid.UUID
	background bool
}) {
	t.Helper()
	for i, run := range runs {
		go func() {
			place, err := g.enter(context.Background(), run.app, run.background)
			if err != nil {
				order <- err.Error()
				return
			}
			order <- run.name
			g.leave(place)
		}()
		for g.waiting.Load() != int64(i+1) {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

func TestGateTakesAppsInTurn(t *testing.T) {
	t.Parallel()
	g := newGate(1, 16, time.Minute)
	first := mustEnter(t, g, appA, false)
	type run = struct {
		name       string
		app        uuid.UUID
		background bool
	}
	order := make(chan string, 8)
	waiters(t, g, order, run{"a-background", appA, true}, run{"a1", appA, false}, run{"a2", appA, false}, run{"a3", appA, false}, run{"b1", appB, false}, run{"c1", appC, false})
	g.leave(first)
	for _, want := range []string{"a1", "b1", "c1", "a2", "a3", "a-background"} {
		if got := <-order; got != want {
			t.Errorf("admitted %s, want %s", got, want)
		}
	}
}

func TestGateQueueIsBoundedAndLeavable(t *testing.T) {
	t.Parallel()
	g := newGate(1, 4, time.Minute)
	first := mustEnter(t, g, appA, false)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := g.enter(ctx, appA, false)
			gone <- err
		}()
	}
	for g.waiting.Load() != 3 {
		time.Sleep(100 * time.Microsecond)
	}
	if _, err := g.enter(context.Background(), appA, false); !errors.Is(err, errBusy) {
		t.Errorf("one app filled the queue: %v", err)
	}
	cancel()
	for range 3 {
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("a waiting run that gave up got %v", err)
		}
	}
	g.leave(first)
	g.leave(mustEnter(t, g, appA, false))
	if len(g.turns) != 0 || g.running.Load() != 0 {
		t.Error("giving up left a trace")
	}
}

func TestGateUnderLoadNeverExceedsItsSlots(t *testing.T) {
	t.Parallel()
	g := newGate(4, 1000, 10*time.Second)
	var running, most atomic.Int64
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for range 200 {
				place, err := g.enter(context.Background(), uuid.UUID{byte(i % 5)}, i%7 == 0)
				if err != nil {
					t.Error(err)
					return
				}
				now := running.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				running.Add(-1)
				g.leave(place)
			}
		})
	}
	all.Wait()
	if most.Load() > 4 || g.running.Load() != 0 || g.waiting.Load() != 0 {
		t.Errorf("at most %d ran at once; %d run, %d wait at the end", most.Load(), g.running.Load(), g.waiting.Load())
	}
}

// A run that has stepped aside leaves its slot to others and comes back at
// once; when too many have, a run keeps its slot.
func TestGateStepAside(t *testing.T) {
	t.Parallel()
	g := newGate(1, 4, time.Millisecond)
	first := mustEnter(t, g, appA, false)
	if !g.stepAside(first) {
		t.Fatal("the run kept its slot")
	}
	second := mustEnter(t, g, appA, false)
	g.stepBack(first)
	if _, err := g.enter(context.Background(), appB, false); !errors.Is(err, errBusy) {
		t.Errorf("a third run was admitted beside two: %v", err)
	}
	g.leave(first)
	g.leave(second)
	many := newGate(maxAside*2, 4, time.Millisecond)
	aside := map[*gateApp]int64{}
	for _, app := range []uuid.UUID{appA, appB} {
		for range maxAside {
			if place := mustEnter(t, many, app, false); many.stepAside(place) {
				aside[place]++
			}
		}
	}
	if a, b := aside[many.place(appA)], aside[many.place(appB)]; a != threeQuarters(maxAside) || a+b != maxAside {
		t.Errorf("%d and %d runs stepped aside", a, b)
	}
	for place, n := range aside {
		for range n {
			many.stepBack(place)
		}
		for range maxAside {
			many.leave(place)
		}
	}
	for _, g := range []*gate{g, many} {
		if g.running.Load() != 0 || g.aside.Load() != 0 {
			t.Errorf("afterwards %d run and %d are aside", g.running.Load(), g.aside.Load())
		}
	}
}

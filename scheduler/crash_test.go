package scheduler

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/store"
)

// A delivery that runs when the process is killed is free at the next start,
// whatever the clock says, as the same event with a higher attempt; after three
// such ends it is a dead letter. What did not run is not counted.
func TestKillsAreCountedAndTheThirdBuries(t *testing.T) {
	t.Parallel()
	h := openHouse(t, t.TempDir())
	h.trigger("killer", `return ctx.event.id .. " " .. ctx.event.attempt`, nil)
	event := h.publish("killer", "1")
	for round := 1; round <= store.MaxCrashes; round++ {
		started, release := make(chan *runtime.Invocation), make(chan struct{})
		wait := func(invocation *runtime.Invocation) *runtime.Result {
			started <- invocation
			<-release
			return &runtime.Result{}
		}
		h.before.Store(&wait)
		h.start(context.Background())
		invocation := <-started
		if invocation.Event.ID != event || invocation.Event.Attempt != round {
			t.Fatalf("round %d runs event %s, attempt %d", round, invocation.Event.ID, invocation.Event.Attempt)
		}
		copied := h.killed()
		close(release)
		h = openHouse(t, copied)
		h.clock.Advance(-1000 * time.Hour)
		if rows := h.pending(); len(rows) != 1 || rows[0].Crashes != round || rows[0].Failures != 0 || len(rows[0].Attempts) != round {
			t.Fatalf("after %d kills the rows are %+v", round, rows)
		}
	}
	h.start(context.Background())
	h.until("the dead letter", func() bool { return len(h.deadLetters()) == 1 })
	if letter := h.deadLetters()[0]; !strings.Contains(letter.Error, "crashed the host") || len(letter.Attempts) != store.MaxCrashes {
		t.Errorf("the dead letter is %+v", letter)
	}
	if len(h.ran) != 0 {
		t.Error("it ran a fourth time")
	}
}

// A stop gives back what runs and what waits, and counts nothing.
func TestStopGivesDeliveriesBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t, t.TempDir())
	h.trigger("slow", `return ctx.event.attempt`, nil)
	started, release := make(chan struct{}, 8), make(chan struct{})
	wait := func(*runtime.Invocation) *runtime.Result {
		started <- struct{}{}
		<-release
		return &runtime.Result{}
	}
	h.before.Store(&wait)
	h.start(context.Background())
	for range 6 {
		h.publish("slow", "1")
	}
	for range 4 {
		<-started
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // it will not wait for runs that ignore the end
	if err := h.stop(ctx); err == nil || !strings.Contains(err.Error(), "4 deliveries were still running") {
		t.Errorf("stop says %v", err)
	}
	copied := h.killed()
	close(release)
	next := openHouse(t, copied)
	for _, row := range next.pending() {
		if row.Crashes != 0 || row.Failures != 0 || len(row.Attempts) != 0 {
			t.Errorf("a row was counted: %+v", row)
		}
	}
	next.start(context.Background())
	for range 6 {
		if got := next.next(); string(got.Body) != "1" {
			t.Errorf("it ran again as attempt %s", got.Body)
		}
	}
}

// A run that outlives its lease settles nothing, and its worker is replaced.
func TestARunThatOutlivesItsLeaseIsDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.trigger("stuck", `return ctx.event.attempt`, func(d *store.TriggerDraft) { d.Ordered = true })
	started, release := make(chan struct{}, 1), make(chan struct{})
	var runs atomic.Int32
	stuck := func(*runtime.Invocation) *runtime.Result {
		if runs.Add(1) > 1 {
			return nil
		}
		started <- struct{}{}
		<-release
		return &runtime.Result{Err: &runtime.Error{Code: "script_error", Message: "too late"}}
	}
	h.before.Store(&stuck)
	h.publish("stuck", "1")
	<-started
	h.clock.Advance(leaseTime)
	h.until("the delay", func() bool { return h.wait() > 0 })
	h.clock.Advance(time.Second)
	if got := h.next(); string(got.Body) != "2" {
		t.Fatalf("the second holder's run gave %s, %v", got.Body, got.Err)
	}
	close(release)
	h.next()
	h.until("the drop of the late outcome", func() bool { return strings.Contains(h.log.String(), "outlived its lease was dropped") })
	h.until("the end of the row", func() bool { return len(h.pending()) == 0 }) // the second holder may be settling still
	if letters := h.deadLetters(); len(letters) != 0 {
		t.Errorf("dead letters: %+v", letters)
	}
}

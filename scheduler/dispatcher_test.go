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

func TestAChangeOfDataStartsItsTrigger(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.trigger("watch", `
		local e = ctx.event
		local shown = json.encode(e)
		return json.encode{e.kind, e.collection, e.key, e.op, e.value, e.prev_value, e.attempt, e.max_attempts, e.trigger_name, e.depth,
			e.app, ctx.invocation_type, #e.id, shown:find('"prev_value":{"t":20}', 1, true) ~= nil}`,
		func(d *store.TriggerDraft) {
			d.Kind, d.Topic, d.KV = store.TriggerKV, nil, &store.DataRule{Collection: "sensors", KeyPrefix: "hall", Ops: []string{"update"}}
		})
	writer := h.script("writer", `local c = kv.collection("sensors")
		c:set("hall", {t = 20})
		c:set("hall", {t = 21})
		c:set("attic", {t = 1})
		c:set("attic", {t = 2})`)
	result := h.engine.Run(context.Background(), &runtime.Invocation{Script: h.store.Catalog().Scripts[writer.ID], Kind: runtime.KindHTTP, Request: &runtime.Request{}})
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	got := h.next()
	want := `["kv","sensors","hall","update",{"t":21},{"t":20},1,5,"watch",1,"default","trigger",36,true]`
	if string(got.Body) != want || got.Err != nil {
		t.Errorf("the script saw %s, %v; want %s", got.Body, got.Err, want)
	}
	h.until("the row's end", func() bool { return len(h.pending()) == 0 })
	if len(h.ran) != 0 {
		t.Error("a change that does not match started a run")
	}
	found, err := h.store.Triggers(context.Background(), h.app.ID, store.PageRequest{})
	h.check(err)
	if at := found.Items[0].LastFiredAt; at == nil || *at != store.TimeOf(testStart) {
		t.Errorf("last fired at %v", at)
	}
}

// A failing event is tried exactly as often as its policy says, at the stated
// delays, and then is a dead letter with every attempt's error; a handler that
// listens for it hears of it, and nothing else is held up.
func TestPoisonIsTriedByItsPolicyAndBuried(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	poison := h.trigger("poison", `error("attempt " .. ctx.event.attempt .. " of " .. ctx.event.max_attempts)`, func(d *store.TriggerDraft) {
		d.Retry = store.RetryPolicy{MaxAttempts: 4, Backoff: store.BackoffExponential, BaseMS: 1000, MaxMS: 3000}
	})
	h.trigger("healthy", `return 1`, nil)
	h.trigger("handler", `local e = ctx.event
		return json.encode{e.kind, e.error, e.attempts, e.original.kind, e.original.payload, e.max_attempts, #e.dead_letter_id}`, func(d *store.TriggerDraft) {
		d.Kind, d.Topic, d.DeadLetter = store.TriggerDeadLetter, nil, &store.DeadLetterRule{Kinds: []string{"topic"}}
	})
	event := h.publish("poison", `{"n":7}`)
	for i, delay := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
		if result := h.next(); result.Err == nil {
			t.Fatal("the script did not fail")
		}
		h.until("the next attempt's delay", func() bool { return h.wait() > 0 })
		if got := h.wait(); got != delay {
			t.Fatalf("after %d failures the delivery waits %s, want %s", i+1, got, delay)
		}
		if rows := h.pending(); len(rows) != 1 || rows[0].Failures != i+1 || len(rows[0].Attempts) != i+1 {
			t.Fatalf("the row after %d failures is %+v", i+1, rows)
		}
		h.publish("healthy", "1")
		if result := h.next(); result.Err != nil {
			t.Fatal("another event was held up")
		}
		h.clock.Advance(delay)
	}
	h.next()
	if got, want := string(h.next().Body), `["dead_letter","script_error: poison:1: attempt 4 of 4",4,"topic",{"n":7},1,36]`; got != want {
		t.Errorf("the handler saw %s, want %s", got, want)
	}
	letters := h.deadLetters()
	if len(letters) != 1 || letters[0].State != store.DeadLetterOpen || letters[0].Event.ID != event || *letters[0].TriggerID != poison.ID || len(letters[0].Attempts) != 4 {
		t.Fatalf("dead letters are %+v", letters)
	}
	for i, attempt := range letters[0].Attempts {
		if !strings.Contains(attempt.Error, "attempt "+string(rune('1'+i))) || attempt.ExecutionID == nil {
			t.Errorf("attempt %d is %+v", i+1, attempt)
		}
	}
	if len(h.ran) != 0 {
		t.Errorf("%d runs too many", len(h.ran))
	}
}

func TestAFailingHandlerMarksItsDeadLetterAndMakesNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.trigger("poison", `return {fail = "no such room"}`, nil)
	h.trigger("handler", `error("the handler fails too")`, func(d *store.TriggerDraft) {
		d.Kind, d.Topic, d.DeadLetter = store.TriggerDeadLetter, nil, &store.DeadLetterRule{}
	})
	h.publish("poison", "1")
	h.next()
	h.next()
	h.until("the mark", func() bool { l := h.deadLetters(); return len(l) == 1 && l[0].State == store.DeadLetterHandlerFailed })
	letter := h.deadLetters()[0]
	if letter.Error != "no such room" || !strings.Contains(letter.Note, "the handler fails too") {
		t.Errorf("the dead letter is %+v", letter)
	}
	if rows := h.pending(); len(rows) != 0 || len(h.ran) != 0 {
		t.Errorf("%d rows and %d runs are left", len(rows), len(h.ran))
	}
	replayed, err := h.store.ReplayDeadLetter(context.Background(), letter.ID, store.Origin{})
	h.check(err)
	if replayed.State != store.DeadLetterReplayed {
		t.Errorf("the state after the replay is %s", replayed.State)
	}
	h.next()
	h.next()
	h.until("the second dead letter", func() bool { return len(h.deadLetters()) == 2 })
	if again := h.deadLetters()[0]; again.Event.ID != letter.Event.ID {
		t.Error("a replay changed the event's id")
	}
	for _, call := range []func() error{
		func() error {
			_, err := h.store.ReplayDeadLetter(context.Background(), letter.ID, store.Origin{})
			return err
		},
		func() error { _, err := h.store.ResolveDeadLetter(context.Background(), letter.ID, ""); return err },
	} {
		if err := call(); store.KindOf(err) != store.KindConflict {
			t.Errorf("a closed dead letter was changed: %v", err)
		}
	}
}

func TestAScriptSteersItsDelivery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.trigger("later", `if ctx.event.attempt == 1 then return {retry_after = 42.5} end return "done"`, nil)
	h.trigger("wrong", `return {retry_after = "soon"}`, func(d *store.TriggerDraft) { d.Retry.MaxAttempts = 1 })
	h.publish("later", "1")
	h.next()
	h.until("the delay", func() bool { return h.wait() > 0 })
	if got := h.wait(); got != 42500*time.Millisecond {
		t.Errorf("it waits %s", got)
	}
	h.clock.Advance(42500 * time.Millisecond)
	if got := h.next(); string(got.Body) != "done" {
		t.Errorf("the second attempt gave %s, %v", got.Body, got.Err)
	}
	h.publish("wrong", "1")
	h.next()
	h.until("the dead letter", func() bool { return len(h.deadLetters()) == 1 })
	if got := h.deadLetters()[0].Error; !strings.Contains(got, "retry_after must be a number of seconds") {
		t.Errorf("the error is %s", got)
	}
}

// A trigger that changes what it listens to stops after eight events, and that
// is recorded, counted and shown, and no dead letter.
func TestALoopIsStopped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	trigger := h.trigger("loop", `kv.collection("loop"):incr("n")`, func(d *store.TriggerDraft) {
		d.Kind, d.Topic, d.KV = store.TriggerKV, nil, &store.DataRule{Collection: "loop"}
	})
	starter := h.script("starter", `kv.collection("loop"):incr("n")`)
	h.engine.Run(context.Background(), &runtime.Invocation{Script: h.store.Catalog().Scripts[starter.ID], Kind: runtime.KindHTTP, Request: &runtime.Request{}})
	for range store.MaxDepth {
		if result := h.next(); result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	stopped := func() int64 {
		found, err := h.store.Trigger(context.Background(), trigger.ID)
		h.check(err)
		return found.LoopsStopped
	}
	h.until("the stop", func() bool { return stopped() == 1 })
	h.until("the row's end", func() bool { return len(h.pending()) == 0 })
	if len(h.ran) != 0 || len(h.deadLetters()) != 0 {
		t.Errorf("%d more runs, %d dead letters", len(h.ran), len(h.deadLetters()))
	}
	h.check(h.store.FlushExecutions(context.Background()))
	page, err := h.store.Executions(context.Background(), store.ExecutionFilter{App: h.app.ID, Status: store.StatusRejected}, store.PageRequest{})
	h.check(err)
	if len(page.Items) != 1 || page.Items[0].Error.Code != runtime.CodeLoopStopped || *page.Items[0].TriggerID != trigger.ID {
		t.Errorf("the record is %+v", page.Items)
	}
}

// A full gate costs no attempt.
func TestBackpressureCountsNoAttempt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.trigger("busy", `return ctx.event.attempt`, func(d *store.TriggerDraft) { d.Retry.MaxAttempts = 1 })
	var turned atomic.Int32
	full := func(*runtime.Invocation) *runtime.Result {
		if turned.Add(1) > 3 {
			return nil
		}
		return &runtime.Result{Err: &runtime.Error{Code: runtime.CodeBusy, RetryAfter: 2 * time.Second}}
	}
	h.before.Store(&full)
	h.publish("busy", "1")
	for range 3 {
		h.next()
		h.until("the delay", func() bool { return h.wait() > 0 })
		h.clock.Advance(h.wait())
	}
	if got := h.next(); string(got.Body) != "1" {
		t.Errorf("the run that found a slot was attempt %s", got.Body)
	}
}

func TestASwitchedOffTriggerHoldsItsDeliveries(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	trigger := h.trigger("slow", `return 1`, func(d *store.TriggerDraft) { d.Ordered = true })
	started, release := make(chan struct{}), make(chan struct{})
	wait := func(*runtime.Invocation) *runtime.Result {
		started <- struct{}{}
		<-release
		return nil
	}
	h.before.Store(&wait)
	h.publish("slow", "1")
	h.publish("slow", "2")
	<-started
	off := false
	_, err := h.store.UpdateTrigger(context.Background(), trigger.ID, store.TriggerChange{Enabled: &off})
	h.check(err)
	h.publish("slow", "3") // nobody listens any more
	h.until("the hold", func() bool {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		return h.queue.lanes[laneKey{trigger: trigger.ID}].held
	})
	release <- struct{}{}
	h.next()
	h.until("the first's end", func() bool { return len(h.pending()) == 1 })
	if rows := h.pending(); rows[0].Held != store.HeldDisabled {
		t.Errorf("the second is held because of %q", rows[0].Held)
	}
	on := true
	_, err = h.store.UpdateTrigger(context.Background(), trigger.ID, store.TriggerChange{Enabled: &on})
	h.check(err)
	<-started
	release <- struct{}{}
	h.next()
	h.until("the second's end", func() bool { return len(h.pending()) == 0 })
}

func TestADeletedTriggerTakesItsDeliveriesAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	trigger := h.trigger("slow", `return 1`, nil)
	started, release := make(chan struct{}, 8), make(chan struct{})
	wait := func(*runtime.Invocation) *runtime.Result {
		started <- struct{}{}
		<-release
		return nil
	}
	h.before.Store(&wait)
	for range 6 {
		h.publish("slow", "1")
	}
	for range 4 {
		<-started
	}
	h.check(h.store.DeleteTrigger(context.Background(), trigger.ID))
	h.until("the drop", func() bool { h.mutex.Lock(); defer h.mutex.Unlock(); return h.queue.waiting == 0 })
	close(release)
	h.until("the end of all rows", func() bool { return len(h.pending()) == 0 })
}

package scheduler

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"picloud/runtime"
	"picloud/runtime/sdk"
	"picloud/store"
)

// house is a store, an engine and a dispatcher over one folder.
type house struct {
	t      *testing.T
	dir    string
	store  *store.Store
	engine *runtime.Engine
	*dispatcher
	clock *clockwork.FakeClock
	log   *lockedBuffer
	app   *store.App
	user  store.User
	ran   chan *runtime.Result // each run that has ended
	// stopAll stops the scheduler that the dispatcher belongs to, if any.
	stopAll func()
	// before, when it is set, is called with each invocation before it runs; a
	// result of its own takes the place of the run.
	before atomic.Pointer[func(*runtime.Invocation) *runtime.Result]
}

func openHouse(t *testing.T, dir string) *house {
	t.Helper()
	return openHouseAt(t, dir, testStart)
}

func openHouseAt(t *testing.T, dir string, at time.Time) *house {
	t.Helper()
	h := &house{t: t, dir: dir, clock: clockwork.NewFakeClockAt(at), log: &lockedBuffer{}, ran: make(chan *runtime.Result, 1<<16)}
	logger := slog.New(slog.NewTextHandler(h.log, nil))
	var err error
	h.store, err = store.Open(context.Background(), store.Config{Dir: dir, Logger: logger, Now: h.clock.Now, OnFatal: func(err error) { t.Error(err) }})
	h.check(err)
	h.engine = runtime.New(runtime.Config{Store: h.store, Logger: logger, Modules: sdk.Modules(), Now: h.clock.Now})
	h.dispatcher = newDispatcher(Config{Store: h.store, Logger: logger, Clock: h.clock, Run: h.runOne, Workers: 4})
	h.random = func() float64 { return 0.5 }
	if has, err := h.store.HasUsers(context.Background()); err == nil && !has {
		h.user, err = h.store.CreateFirstOwner(context.Background(), "ada", "hash")
		h.check(err)
	} else {
		h.user, err = h.store.UserByName(context.Background(), "ada")
		h.check(err)
	}
	h.app = h.store.Catalog().AppBySlug("default")
	t.Cleanup(h.close)
	return h
}

func newHouse(t *testing.T) *house {
	h := openHouse(t, t.TempDir())
	h.start(context.Background())
	return h
}

// newHouseWithCron has the whole scheduler, whose dispatcher the house's is.
func newHouseWithCron(t *testing.T) *house {
	h := openHouse(t, t.TempDir())
	s := New(Config{Store: h.store, Logger: slog.New(slog.NewTextHandler(h.log, nil)), Clock: h.clock, Run: h.runOne, Workers: 4,
		ClockState: func() ClockState { return ClockState{Synchronised: true} }})
	h.check(s.Start(context.Background()))
	h.dispatcher = s.dispatcher
	h.stopAll = func() { h.check(s.Stop(context.Background())) }
	return h
}

func (h *house) close() {
	if h.stopAll != nil {
		h.stopAll()
	} else if h.dispatcher.cancel != nil {
		h.check(h.dispatcher.stop(context.Background()))
	}
	h.engine.Close()
	h.check(h.store.Close(context.Background()))
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) runOne(ctx context.Context, invocation *runtime.Invocation) *runtime.Result {
	var result *runtime.Result
	if before := h.before.Load(); before != nil {
		result = (*before)(invocation)
	}
	if result == nil {
		result = h.engine.Run(ctx, invocation)
	}
	h.ran <- result
	return result
}

func (h *house) script(name, source string) store.Script {
	h.t.Helper()
	script, err := h.store.CreateScript(context.Background(), h.app.ID, store.ScriptDraft{Name: name, Source: source})
	h.check(err)
	return script
}

// trigger makes a trigger for a new script of the given source.
func (h *house) trigger(name, source string, change func(*store.TriggerDraft)) store.Trigger {
	h.t.Helper()
	draft := store.TriggerDraft{AppID: h.app.ID, ScriptID: h.script(name, source).ID, RegisteredBy: h.user.ID, Kind: store.TriggerTopic, Name: name,
		Enabled: true, Retry: store.DefaultRetry(), Topic: &store.TopicRule{Filter: name + "/#"}}
	if change != nil {
		change(&draft)
	}
	trigger, err := h.store.CreateTrigger(context.Background(), draft)
	h.check(err)
	return trigger
}

func (h *house) publish(topic, payload string) uuid.UUID {
	h.t.Helper()
	id, err := h.store.PublishTopic(context.Background(), store.TopicPublication{App: h.app.ID, Topic: topic, Payload: []byte(payload)})
	h.check(err)
	return id
}

// next waits for the end of one run.
func (h *house) next() *runtime.Result {
	h.t.Helper()
	select {
	case result := <-h.ran:
		return result
	case <-time.After(20 * time.Second):
		h.t.Fatalf("nothing ran; the log:\n%s", h.log)
		return nil
	}
}

// until waits for what the dispatcher does after a run has ended.
func (h *house) until(what string, condition func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("%s did not happen; the log:\n%s", what, h.log)
		}
	}
}

func (h *house) pending() []store.Delivery {
	h.t.Helper()
	page, err := h.store.Deliveries(context.Background(), h.app.ID, store.PageRequest{Limit: 200})
	h.check(err)
	return page.Items
}

func (h *house) deadLetters() []store.DeadLetter {
	h.t.Helper()
	page, err := h.store.DeadLetters(context.Background(), h.app.ID, nil, store.PageRequest{Limit: 200})
	h.check(err)
	return page.Items
}

// wait returns how long the queue waits for its next delivery.
func (h *house) wait() time.Duration {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if len(h.queue.delayed) == 0 {
		return 0
	}
	return h.queue.delayed[0].at.Sub(h.clock.Now())
}

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

// killed copies the folder as a killed process leaves it.
func (h *house) killed() string {
	h.t.Helper()
	to := h.t.TempDir()
	files, err := os.ReadDir(h.dir)
	h.check(err)
	for _, file := range files {
		if strings.HasSuffix(file.Name(), "-shm") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(h.dir, file.Name()))
		h.check(err)
		h.check(os.WriteFile(filepath.Join(to, file.Name()), content, 0o600))
	}
	return to
}

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

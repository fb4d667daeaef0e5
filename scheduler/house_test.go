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

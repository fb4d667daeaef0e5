package scheduler

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"picloud/scheduler/crontime"
	"picloud/store"
)

// wall is a clock that can be set to any time.
type wall struct {
	clockwork.Clock
	at atomic.Int64 // nanoseconds; the store's goroutines read it too
}

func (w *wall) Now() time.Time { return time.Unix(0, w.at.Load()).UTC() }

// cronHouse is a store and a cron service whose ticks the test makes.
type cronHouse struct {
	t     *testing.T
	wall  *wall
	state ClockState
	store *store.Store
	cron  *cronService
	log   *lockedBuffer
}

func newCronHouse(t *testing.T, at time.Time) *cronHouse {
	t.Helper()
	h := &cronHouse{t: t, wall: &wall{Clock: clockwork.NewFakeClock()}, state: ClockState{Synchronised: true}, log: &lockedBuffer{}}
	h.wall.at.Store(at.UnixNano())
	logger := slog.New(slog.NewTextHandler(h.log, nil))
	var err error
	h.store, err = store.Open(context.Background(), store.Config{Dir: t.TempDir(), Logger: logger, Now: h.wall.Now, OnFatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h.restart()
	return h
}

// restart forgets what the service has in memory.
func (h *cronHouse) restart() {
	h.cron = newCronService(Config{Store: h.store, Logger: slog.New(slog.NewTextHandler(h.log, nil)), Clock: h.wall, ClockState: func() ClockState { return h.state }})
	h.cron.trust.latest = h.store.LatestTime().Time()
}

func (h *cronHouse) trigger(schedule, zone string) store.Trigger {
	h.t.Helper()
	ctx := context.Background()
	user, err := h.store.CreateFirstOwner(ctx, "ada", "hash")
	if err != nil {
		h.t.Fatal(err)
	}
	app := h.store.Catalog().AppBySlug("default")
	script, err := h.store.CreateScript(ctx, app.ID, store.ScriptDraft{Name: "clock", Source: "return 1"})
	if err != nil {
		h.t.Fatal(err)
	}
	trigger, err := h.store.CreateTrigger(ctx, store.TriggerDraft{AppID: app.ID, ScriptID: script.ID, RegisteredBy: user.ID, Kind: store.TriggerCron,
		Name: "clock", Enabled: true, Retry: store.DefaultRetry(), Cron: &store.CronRule{Schedule: schedule, Timezone: zone}})
	if err != nil {
		h.t.Fatal(err)
	}
	return trigger
}

// firing is what a cron event says.
type firing struct {
	ScheduledAt store.Time `json:"scheduled_at"`
	Missed      int64      `json:"missed"`
}

// tick sets the clock, lets the service look at it, and returns what it fired.
func (h *cronHouse) tick(at time.Time) []firing {
	h.t.Helper()
	h.wall.at.Store(at.UnixNano())
	if err := h.cron.fire(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	var fired []firing
	for _, d := range h.store.TakeDeliveries() {
		events, err := h.store.LoadEvents(context.Background(), []uuid.UUID{d.ID})
		if err != nil {
			h.t.Fatal(err)
		}
		var f firing
		if err := json.Unmarshal(events[d.ID].Data, &f); err != nil {
			h.t.Fatal(err)
		}
		fired = append(fired, f)
		h.store.AcknowledgeDelivery(d)
	}
	return fired
}

func TestCronFiresEachSlotOnceAndCatchesUpOnce(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 12, 0, 30, 0, time.UTC)
	h := newCronHouse(t, start)
	h.trigger("* * * * *", "UTC")
	want := func(at time.Time, scheduled string, missed int64) {
		t.Helper()
		got := h.tick(at)
		if len(got) != 1 || got[0].ScheduledAt.Time().Format("15:04:05") != scheduled || got[0].Missed != missed {
			t.Fatalf("at %s it fires %+v, want the slot %s with %d missed", at, got, scheduled, missed)
		}
	}
	none := func(at time.Time) {
		t.Helper()
		if got := h.tick(at); len(got) != 0 {
			t.Fatalf("at %s it fires %+v", at, got)
		}
	}
	none(start)
	none(start.Add(29 * time.Second))
	want(start.Add(30*time.Second), "12:01:00", 0)
	none(start.Add(31 * time.Second))
	want(start.Add(time.Hour+31*time.Second), "13:01:00", 59) // the machine slept
	none(start.Add(30 * time.Minute))                         // and then the clock went back
	none(start.Add(time.Hour + 89*time.Second))
	want(start.Add(time.Hour+90*time.Second), "13:02:00", 0)
	h.restart()
	none(start.Add(time.Hour + 91*time.Second))
	want(start.Add(3*time.Hour), "15:00:00", 117)
}

func TestCronBeginsAnewAfterAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 12, 0, 30, 0, time.UTC)
	h := newCronHouse(t, start)
	h.trigger("0 0 1 1 *", "UTC") // a slot that is far ahead is no sign of a wrong clock
	h.tick(start)
	h.tick(start.AddDate(0, 0, 1))
	if h.cron.nextWake(start); strings.Contains(h.log.String(), "the clock was ahead") {
		t.Errorf("the log says %s", h.log)
	}
	for _, step := range []struct {
		at    time.Time
		fires int
	}{
		{start.AddDate(3, 0, 0), 1}, // one for all that were missed
		{start, 0},                  // back again: begins anew
		{start.AddDate(0, 7, 0), 1}, // the next first of January
	} {
		if got := h.tick(step.at); len(got) != step.fires {
			t.Errorf("at %s it fires %+v, want %d", step.at, got, step.fires)
		}
	}
}

func TestCronWaitsForAPlausibleClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 12, 0, 30, 0, time.UTC)
	h := newCronHouse(t, start)
	h.trigger("* * * * *", "UTC")
	h.tick(start)
	for _, c := range []struct {
		name  string
		at    time.Time
		state ClockState
		fires int
	}{
		{"1970", time.Unix(1000, 0), ClockState{Uptime: time.Hour}, 0},
		{"1970, and a server says so", time.Unix(1000, 0), ClockState{Synchronised: true, Uptime: time.Hour}, 0},
		{"plausible, just started", start.Add(10 * time.Minute), ClockState{Uptime: time.Minute}, 0},
		{"plausible, offline for two minutes", start.Add(11 * time.Minute), ClockState{Uptime: 2 * time.Minute}, 1},
	} {
		h.state = c.state
		h.cron.trust.trusted = false
		got := h.tick(c.at)
		if len(got) != c.fires {
			t.Errorf("%s: fires %+v, want %d", c.name, got, c.fires)
		}
		if waits := h.cron.waits(); (waits == "") != (c.fires > 0) {
			t.Errorf("%s: says that it waits because %q", c.name, waits)
		}
	}
	h.restart()
	h.state = ClockState{Uptime: 5 * time.Minute}
	if got := h.tick(start.Add(-24 * time.Hour)); len(got) != 0 || !h.cron.trust.held {
		t.Errorf("a clock behind the database is believed: %+v", got)
	}
	h.state = ClockState{Uptime: doubtfulAfter}
	if h.tick(start.Add(-24 * time.Hour)); h.cron.trust.held {
		t.Error("an offline machine never runs its triggers")
	}
}

// TestCronThroughAThousandSteps sets the clock at random and checks that each
// step leads to at most one catch-up, that no slot fires twice unless the clock
// was put back by more than a day since, and that after a minute of steady time
// none is missed. It takes 200 steps, a thousand with PICLOUD_TEST_LONG.
func TestCronThroughAThousandSteps(t *testing.T) {
	t.Parallel()
	const schedule, zone = "*/30 * * * * *", "Europe/Vienna"
	random := rand.New(rand.NewPCG(8, 15))
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	h := newCronHouse(t, now)
	h.trigger(schedule, zone)
	h.tick(now)
	parsed, err := crontime.Parse(schedule, zone)
	if err != nil {
		t.Fatal(err)
	}
	fired := map[store.Time]bool{}
	var highest time.Time
	note := func(got []firing) {
		if len(got) > 1 {
			t.Fatalf("%d firings at once", len(got))
		}
		for _, f := range got {
			if fired[f.ScheduledAt] {
				t.Fatalf("the slot %s fires twice", f.ScheduledAt)
			}
			fired[f.ScheduledAt] = true
			if at := f.ScheduledAt.Time(); at.After(highest) {
				highest = at
			}
		}
	}
	steps := 200
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		steps = 1000
	}
	for step := range steps {
		now = now.Add(time.Duration(random.Int64N(int64(96*time.Hour))) - 48*time.Hour)
		if highest.Sub(now) > anchorLimit-time.Minute {
			clear(fired) // it may begin anew from here
			highest = now
		}
		if step%10 == 0 {
			h.restart()
		}
		note(h.tick(now))
		waits := h.slot().Sub(now) > time.Minute // for a slot that a clock ahead has stored
		steady := now
		for range 4 {
			now = now.Add(30 * time.Second)
			before := len(fired)
			note(h.tick(now))
			if due := parsed.Next(now.Add(-30 * time.Second)); !waits && !due.After(now) && due.After(steady.Add(time.Minute)) && len(fired) == before {
				t.Fatalf("step %d: the slot %s was missed", step, due)
			}
		}
	}
}

// slot is what the only trigger waits for.
func (h *cronHouse) slot() time.Time {
	for _, e := range h.cron.entries {
		return e.slot
	}
	return time.Time{}
}

func TestACronTriggerFiresThroughGocron(t *testing.T) {
	t.Parallel()
	h := newHouseWithCron(t)
	h.trigger("tick", `return ctx.event.scheduled_at .. " " .. ctx.event.missed .. " " .. ctx.event.timezone`, func(d *store.TriggerDraft) {
		d.Kind, d.Topic, d.Cron = store.TriggerCron, nil, &store.CronRule{Schedule: "0 13 * * *", Timezone: "Europe/Vienna"}
	})
	h.until("the slot", func() bool {
		found, err := h.store.Triggers(context.Background(), h.app.ID, store.PageRequest{})
		h.check(err)
		return found.Items[0].Cron.NextAt != nil
	})
	stop := make(chan struct{})
	defer close(stop)
	go func() { // the fake clock moves on by itself
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				h.clock.Advance(15 * time.Second)
			}
		}
	}()
	if got := h.next(); got.Err != nil || string(got.Body) != "2026-06-02T11:00:00.000Z 0 Europe/Vienna" {
		t.Errorf("the script saw %s, %v", got.Body, got.Err)
	}
}

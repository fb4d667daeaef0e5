package scheduler

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"picloud/scheduler/crontime"
	"picloud/store"
)

const (
	// cronLongest is the longest that the cron job sleeps: how late it notices
	// that the clock was set.
	cronLongest = 30 * time.Second
	// anchorLimit: a stored slot that is further ahead than this and that the
	// schedule does not have next was stored by a clock that was wrong.
	anchorLimit = 24 * time.Hour
	cronJobName = "cron triggers"
)

// cronService fires cron triggers. It is one job of gocron whose next time is
// the earliest slot of all triggers, so gocron keeps the timers and this keeps
// the rule.
type cronService struct {
	store  *store.Store
	logger *slog.Logger
	clock  clockwork.Clock
	trust  *clockTrust

	mutex   sync.Mutex
	entries map[uuid.UUID]*cronEntry

	changed chan struct{} // the catalog is another one
	watcher sync.WaitGroup
	turn    sync.Mutex // held by the tick that runs
}

// cronEntry is one trigger's schedule and the slot it waits for.
type cronEntry struct {
	text, zone string
	schedule   *crontime.Schedule
	slot       time.Time // zero: none yet
	never      bool      // the schedule has no slot any more
	retry      time.Time // the app's outbox was full; not before this
}

func newCronService(config Config) *cronService {
	return &cronService{store: config.Store, logger: config.Logger, clock: config.Clock, changed: make(chan struct{}, 1),
		trust: &clockTrust{state: config.ClockState, built: config.Built, logger: config.Logger}, entries: make(map[uuid.UUID]*cronEntry)}
}

// start adds the job to gocron and follows the catalog.
func (s *cronService) start(ctx context.Context, cron gocron.Scheduler) error {
	s.trust.latest = s.store.LatestTime().Time()
	definition := gocron.CronJob("the earliest slot", true)
	task := gocron.NewTask(func() { s.tick(ctx) })
	options := []gocron.JobOption{gocron.WithName(cronJobName), gocron.WithCronImplementation(cronRule{s}),
		gocron.WithSingletonMode(gocron.LimitModeReschedule)}
	job, err := cron.NewJob(definition, task, options...)
	if err != nil {
		return err
	}
	s.store.WatchCatalog(func(*store.Catalog) { signal(s.changed) })
	s.watcher.Add(1)
	go func() {
		defer s.watcher.Done()
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.changed:
			}
			s.tick(ctx)
			// The job's timer was set for the slots as they were.
			if _, err := cron.Update(job.ID(), definition, task, options...); err != nil && ctx.Err() == nil {
				s.logger.Error("cron triggers may fire late", "error", err)
			}
		}
	}()
	return nil
}

// wait returns when nothing of the service runs; its context has ended.
func (s *cronService) wait() { s.watcher.Wait() }

// waits says why no trigger fires, or "".
func (s *cronService) waits() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.trust.trusted {
		return ""
	}
	return s.trust.doubt(s.clock.Now())
}

// cronRule is gocron's Cron interface over the service's slots.
type cronRule struct{ service *cronService }

// IsValid: the one schedule is always valid.
func (cronRule) IsValid(string, *time.Location, time.Time) error { return nil }

// Next returns when to wake up next, whatever gocron thinks was the last time:
// the clock may have been set since.
func (r cronRule) Next(last time.Time) time.Time {
	next := r.service.nextWake(r.service.clock.Now())
	// gocron asks again from its own answer until it gets a later one.
	if ahead := last.Sub(next); ahead >= 0 && ahead < time.Second {
		next = last.Add(time.Second)
	}
	return next
}

// nextWake is the earliest slot, but not more than half a minute ahead.
func (s *cronService) nextWake(now time.Time) time.Time {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	wake := now.Add(cronLongest)
	for _, e := range s.entries {
		at := e.slot
		if at.Before(e.retry) {
			at = e.retry
		}
		if !at.IsZero() && at.Before(wake) {
			wake = at
		}
	}
	if s.trust.held || !wake.After(now) {
		wake = now.Add(time.Second)
	}
	return wake
}

// tick fires what is due.
func (s *cronService) tick(ctx context.Context) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := guarded(ctx, s.fire); err != nil && ctx.Err() == nil {
		s.logger.Error("cron triggers cannot fire", "error", err)
	}
}

func (s *cronService) fire(ctx context.Context) error {
	now := s.clock.Now()
	s.follow()
	s.mutex.Lock()
	held := s.trust.holds(now)
	var slots map[uuid.UUID]*store.Time
	var firings []store.CronFiring
	if !held {
		slots = s.plan(now)
		firings = s.due(now)
	}
	s.mutex.Unlock()
	if len(slots) > 0 {
		if err := s.store.SetCronSlots(ctx, slots); err != nil {
			s.forget(slots)
			return err
		}
	}
	if len(firings) == 0 {
		return nil
	}
	outcome, err := s.store.FireCron(ctx, firings)
	if err != nil {
		return err
	}
	s.advance(firings, outcome, now)
	return s.reload(ctx, outcome.Stale)
}

// reload takes over the stored slots of triggers that were changed.
func (s *cronService) reload(ctx context.Context, stale []uuid.UUID) error {
	for _, id := range stale {
		t, err := s.store.Trigger(ctx, id)
		if err != nil && store.KindOf(err) != store.KindNotFound {
			return err
		}
		s.mutex.Lock()
		if e := s.entries[id]; e != nil {
			e.slot = time.Time{}
			if t.Cron != nil && t.Cron.NextAt != nil {
				e.slot = t.Cron.NextAt.Time()
			}
		}
		s.mutex.Unlock()
	}
	return nil
}

// follow takes over the triggers of the catalog. The slot of a trigger that is
// known already stays: the catalog's is older.
func (s *cronService) follow() {
	catalog := s.store.Catalog()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for id, e := range s.entries {
		t := catalog.Triggers[id]
		if t == nil || !t.Fires() || t.Cron.Schedule != e.text || t.Cron.Timezone != e.zone {
			delete(s.entries, id)
		}
	}
	for id, t := range catalog.Triggers {
		if t.Kind != store.TriggerCron || !t.Fires() || s.entries[id] != nil {
			continue
		}
		schedule, err := crontime.Parse(t.Cron.Schedule, t.Cron.Timezone)
		if err != nil {
			// Checked when it was saved; the zone may have left the database since.
			s.logger.Error("a cron trigger cannot fire", "trigger_id", id, "error", err)
			s.entries[id] = &cronEntry{text: t.Cron.Schedule, zone: t.Cron.Timezone, never: true}
			continue
		}
		e := &cronEntry{text: t.Cron.Schedule, zone: t.Cron.Timezone, schedule: schedule}
		if t.Cron.NextAt != nil {
			e.slot = t.Cron.NextAt.Time()
		}
		s.entries[id] = e
	}
}

// plan gives a slot to the entries that have none, and a new one to those whose
// slot a wrong clock has stored.
func (s *cronService) plan(now time.Time) map[uuid.UUID]*store.Time {
	slots := make(map[uuid.UUID]*store.Time)
	for id, e := range s.entries {
		if e.never || !e.slot.IsZero() && e.slot.Sub(now) <= anchorLimit {
			continue
		}
		next := e.schedule.Next(now)
		if !e.slot.IsZero() {
			if !next.Before(e.slot) {
				continue
			}
			s.logger.Warn("the clock was ahead; a cron trigger begins anew", "trigger_id", id, "waited_for", e.slot, "next", next)
		}
		e.slot, e.never = next, next.IsZero()
		slots[id] = storedSlot(next)
	}
	return slots
}

// storedSlot is nil for the zero time.
func storedSlot(at time.Time) *store.Time {
	if at.IsZero() {
		return nil
	}
	stored := store.TimeOf(at)
	return &stored
}

// forget takes back slots that could not be stored.
func (s *cronService) forget(slots map[uuid.UUID]*store.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for id := range slots {
		if e := s.entries[id]; e != nil {
			e.slot, e.never = time.Time{}, false
		}
	}
}

// due returns a firing for each entry whose slot has come: one for all that it
// missed.
func (s *cronService) due(now time.Time) []store.CronFiring {
	var firings []store.CronFiring
	for id, e := range s.entries {
		if e.slot.IsZero() || e.slot.After(now) || e.retry.After(now) && e.retry.Sub(now) <= cronLongest {
			continue
		}
		before := e.slot.Add(-time.Second)
		latest := e.schedule.Last(before, now)
		if latest.IsZero() {
			latest = e.slot // the zone's rules have changed since it was stored
		}
		firings = append(firings, store.CronFiring{Trigger: id, Slot: store.TimeOf(e.slot), ScheduledAt: store.TimeOf(latest),
			Missed: max(0, e.schedule.Count(before, latest)-1), Next: storedSlot(e.schedule.Next(now))})
	}
	return firings
}

// advance moves the slots that have fired.
func (s *cronService) advance(firings []store.CronFiring, outcome store.CronOutcome, now time.Time) {
	waits := make(map[uuid.UUID]bool, len(outcome.Full))
	for _, id := range outcome.Full {
		waits[id] = true
		s.logger.Warn("a cron trigger waits: its app's outbox is full", "trigger_id", id)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, firing := range firings {
		e := s.entries[firing.Trigger]
		switch {
		case e == nil:
		case waits[firing.Trigger]:
			e.retry = now.Add(cronLongest)
		case firing.Next == nil:
			e.slot, e.never = time.Time{}, true
		default:
			e.slot, e.retry = firing.Next.Time(), time.Time{}
		}
	}
}

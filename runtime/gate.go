package runtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// errBusy is what enter returns when no slot came free in time.
var errBusy = errors.New("the execution gate is full")

// gate admits at most slots runs at once (spec 4, "Gate").
//
// One app holds at most three quarters of the slots, always: slots that only
// others may take are what makes their requests start at once. Background work
// starts only while fewer than three quarters of all slots are taken, so the
// last quarter is for requests. Both shares leave at least one slot usable.
// Waiting runs are admitted app by app in turn, within an app requests before
// background work, each in order of arrival. The same shares bound the queue.
//
// A run that waits for the database steps aside: it holds no slot meanwhile and
// takes one again at once, beyond the bound for a moment if need be. Otherwise
// no more writes than slots could ever share one sync of the card.
//
// An uncontended pass costs a few atomic operations and takes no lock.
type gate struct {
	slots, share   int64
	queue          int64
	queueShare     int64
	wait           time.Duration
	running        atomic.Int64
	waiting        atomic.Int64
	aside          atomic.Int64 // runs that have stepped aside
	apps           sync.Map     // uuid.UUID → *gateApp; as many as apps have run
	mutex          sync.Mutex
	turns          []*gateApp // apps with waiting runs; the first is next
	backgroundWait int64      // waiting background runs, under mutex
}

// gateApp is one app's place at the gate.
type gateApp struct {
	running    atomic.Int64
	aside      atomic.Int64
	requests   []*ticket // waiting, under gate.mutex
	background []*ticket
}

// ticket is one waiting run; admitted is closed when it holds a slot.
type ticket struct {
	app        *gateApp
	background bool
	admitted   chan struct{}
}

func newGate(slots, queue int, wait time.Duration) *gate {
	return &gate{
		slots: int64(slots), share: threeQuarters(slots),
		queue: int64(queue), queueShare: threeQuarters(queue),
		wait: wait,
	}
}

// threeQuarters rounds down and is at least 1.
func threeQuarters(n int) int64 { return max(1, int64(n)*3/4) }

// enter returns the app's place once the run holds a slot, errBusy when the
// queue is full or the wait is over, and the context's error when that ends
// first. The caller leaves with what it got.
func (g *gate) enter(ctx context.Context, app uuid.UUID, background bool) (*gateApp, error) {
	place := g.place(app)
	if g.waiting.Load() == 0 && g.tryTake(place, background) {
		return place, nil
	}
	return place, g.queueUp(ctx, place, background)
}

func (g *gate) place(app uuid.UUID) *gateApp {
	if place, ok := g.apps.Load(app); ok {
		return place.(*gateApp)
	}
	place, _ := g.apps.LoadOrStore(app, &gateApp{})
	return place.(*gateApp)
}

// tryTake takes a slot when the shares allow it.
func (g *gate) tryTake(place *gateApp, background bool) bool {
	limit := g.slots
	if background {
		limit = g.share
	}
	if !addBelow(&place.running, g.share) {
		return false
	}
	if !addBelow(&g.running, limit) {
		place.running.Add(-1)
		return false
	}
	return true
}

// addBelow adds 1 unless the counter has reached limit.
func addBelow(counter *atomic.Int64, limit int64) bool {
	for {
		n := counter.Load()
		if n >= limit {
			return false
		}
		if counter.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave gives the slot back. A run that queued up before the count of waiting
// runs was read here is admitted here; one that queues up later finds the slot.
func (g *gate) leave(place *gateApp) {
	place.running.Add(-1)
	g.running.Add(-1)
	if g.waiting.Load() > 0 {
		g.mutex.Lock()
		g.admit()
		g.mutex.Unlock()
	}
}

// maxAside bounds the runs that have stepped aside, since each keeps a Lua
// state; further ones keep their slots.
const maxAside = 32

// stepAside gives a run's slot to others until stepBack; false when too many
// runs have stepped aside, and the run keeps its slot.
func (g *gate) stepAside(place *gateApp) bool {
	if !addBelow(&place.aside, threeQuarters(maxAside)) {
		return false
	}
	if !addBelow(&g.aside, maxAside) {
		place.aside.Add(-1)
		return false
	}
	g.leave(place)
	return true
}

// stepBack ends what stepAside began.
func (g *gate) stepBack(place *gateApp) {
	place.running.Add(1)
	g.running.Add(1)
	place.aside.Add(-1)
	g.aside.Add(-1)
}

func (g *gate) queueUp(ctx context.Context, place *gateApp, background bool) error {
	waiter := &ticket{app: place, background: background, admitted: make(chan struct{})}
	if !g.join(waiter) {
		return errBusy
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case <-waiter.admitted:
		return nil
	case <-timer.C:
		return g.giveUp(waiter, errBusy)
	case <-ctx.Done():
		return g.giveUp(waiter, ctx.Err())
	}
}

// join puts a run into its app's queue and admits whoever is next, which may
// be this run; false when the queue has no room for it.
func (g *gate) join(waiter *ticket) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	place := waiter.app
	inApp := int64(len(place.requests) + len(place.background))
	if g.waiting.Load() >= g.queue || inApp >= g.queueShare || waiter.background && g.backgroundWait >= g.queueShare {
		return false
	}
	if inApp == 0 {
		g.turns = append(g.turns, place)
	}
	if waiter.background {
		place.background = append(place.background, waiter)
		g.backgroundWait++
	} else {
		place.requests = append(place.requests, waiter)
	}
	g.waiting.Add(1)
	g.admit()
	return true
}

// admit hands free slots to the waiting apps in turn until none can take one.
// It ends because each pass over the turns either admits a run or is the last.
func (g *gate) admit() {
	for refused := 0; refused < len(g.turns); {
		place := g.turns[0]
		g.turns = append(g.turns[:0], g.turns[1:]...)
		waiter := g.admitFrom(place)
		if len(place.requests)+len(place.background) > 0 {
			g.turns = append(g.turns, place)
		}
		if waiter == nil {
			refused++
			continue
		}
		refused = 0
		close(waiter.admitted)
	}
}

// admitFrom takes a slot for an app's first request, or else for its first background run.
func (g *gate) admitFrom(place *gateApp) *ticket {
	if len(place.requests) > 0 && g.tryTake(place, false) {
		waiter := place.requests[0]
		g.remove(waiter)
		return waiter
	}
	if len(place.background) > 0 && g.tryTake(place, true) {
		waiter := place.background[0]
		g.remove(waiter)
		return waiter
	}
	return nil
}

// remove takes a waiting run out of its app's queue; false when it is not there.
func (g *gate) remove(waiter *ticket) bool {
	queue := &waiter.app.requests
	if waiter.background {
		queue = &waiter.app.background
	}
	for i, other := range *queue {
		if other == waiter {
			*queue = append((*queue)[:i], (*queue)[i+1:]...)
			g.waiting.Add(-1)
			if waiter.background {
				g.backgroundWait--
			}
			return true
		}
	}
	return false
}

// giveUp leaves the queue. A slot that was handed over in the same moment is
// given back, so that the caller may return at once.
func (g *gate) giveUp(waiter *ticket, why error) error {
	g.mutex.Lock()
	waits := g.remove(waiter)
	if place := waiter.app; waits && len(place.requests)+len(place.background) == 0 {
		g.dropTurn(place)
	}
	g.mutex.Unlock()
	if !waits {
		g.leave(waiter.app)
	}
	return why
}

func (g *gate) dropTurn(place *gateApp) {
	for i, other := range g.turns {
		if other == place {
			g.turns = append(g.turns[:i], g.turns[i+1:]...)
			return
		}
	}
}

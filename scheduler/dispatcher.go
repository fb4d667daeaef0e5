package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"picloud/runtime"
	"picloud/store"
)

const (
	// leaseTime is how long a run may take until its delivery is given to
	// another: a minute more than the longest that a script may run.
	leaseTime = 6 * time.Minute
	// busyWait is how long a delivery waits that found no free slot.
	busyWait = time.Second
	// storeWait is how long a delivery waits whose outcome could not be written.
	storeWait = 5 * time.Second
)

// dispatcher runs the outbox's deliveries: a pump takes what arrives and what
// becomes due, workers claim, run and settle.
type dispatcher struct {
	store  *store.Store
	run    func(context.Context, *runtime.Invocation) *runtime.Result
	logger *slog.Logger
	clock  clockwork.Clock
	random func() float64 // of the jitter

	mutex    sync.Mutex
	wake     *sync.Cond // workers wait for it
	queue    *queue
	stopping bool
	timed    time.Time // what the pump's timer is set for; zero when it has none

	poke    chan struct{} // the pump looks at its timer again
	probes  chan struct{} // the pump takes one and says so by that
	changed chan struct{} // the catalog is another one
	runs    context.Context
	cancel  context.CancelFunc
	pumps   sync.WaitGroup
	workers sync.WaitGroup
	slots   chan int // free slots of the store's running file
}

func newDispatcher(config Config) *dispatcher {
	d := &dispatcher{
		store: config.Store, run: config.Run, logger: config.Logger, clock: config.Clock, random: rand.Float64,
		queue: newQueue(config.Workers), poke: make(chan struct{}, 1), changed: make(chan struct{}, 1), probes: make(chan struct{}),
	}
	d.wake = sync.NewCond(&d.mutex)
	d.slots = make(chan int, store.MaxRunning)
	for slot := range store.MaxRunning {
		d.slots <- slot
	}
	return d
}

// start begins to run deliveries.
func (d *dispatcher) start(ctx context.Context) {
	d.runs, d.cancel = context.WithCancel(ctx)
	d.store.WatchCatalog(func(*store.Catalog) { signal(d.changed) })
	d.pumps.Add(1)
	go d.pump()
	for range d.queue.workers {
		d.addWorker()
	}
}

func (d *dispatcher) addWorker() {
	d.workers.Add(1)
	go d.work()
}

// signal tells a channel of capacity one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// serves reports whether the workers claim what is due.
func (d *dispatcher) serves() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.cancel != nil && !d.stopping
}

// probe returns nil when the pump answers before ctx ends.
func (d *dispatcher) probe(ctx context.Context) error {
	select {
	case d.probes <- struct{}{}:
		return nil
	case <-d.runs.Done():
		return nil // it stops
	case <-ctx.Done():
		return errors.New("the dispatcher does not answer")
	}
}

// quiesce makes the workers stop claiming; runs in progress go on, and those
// that wait for a slot come back.
func (d *dispatcher) quiesce() {
	d.mutex.Lock()
	d.stopping = true
	d.mutex.Unlock()
	d.wake.Broadcast()
	if d.cancel != nil {
		d.cancel()
	}
}

// stop ends the dispatcher and waits for the runs in progress until ctx ends.
// What did not end by then, and what waits, is as it was: no attempt counts,
// and the next start runs it.
func (d *dispatcher) stop(ctx context.Context) error {
	d.quiesce()
	d.pumps.Wait()
	ended := make(chan struct{})
	go func() {
		d.workers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	left := len(d.queue.claims)
	clear(d.queue.claims) // a run that ends now settles nothing
	if err := d.store.ClearRunning(); err != nil {
		return err
	}
	return fmt.Errorf("%d deliveries were still running; they run again at the next start", left)
}

// pump brings deliveries into the queue.
func (d *dispatcher) pump() {
	defer d.pumps.Done()
	for {
		timer, stop := d.timer()
		select {
		case <-d.runs.Done():
			stop()
			return
		case <-d.store.DeliveriesArrived():
			d.guard(d.arrive)
		case <-d.changed:
			d.guard(d.follow)
		case <-timer:
			d.guard(d.expire)
		case <-d.poke:
		case <-d.probes:
		}
		stop()
		d.wakeWorkers()
	}
}

// guard keeps a panic from ending the process and the pump.
func (d *dispatcher) guard(work func()) {
	defer func() {
		if cause := recover(); cause != nil {
			d.logger.Error("panic in the dispatcher", "panic", cause, "stack", string(debug.Stack()))
		}
	}()
	work()
}

// timer fires when something in the queue is due; nil when nothing waits for
// the clock.
func (d *dispatcher) timer() (<-chan time.Time, func()) {
	d.mutex.Lock()
	at, ok := d.queue.next()
	d.timed = at
	d.mutex.Unlock()
	if !ok {
		return nil, func() {}
	}
	timer := d.clock.NewTimer(max(at.Sub(d.clock.Now()), 0))
	return timer.Chan(), func() { timer.Stop() }
}

// arrive takes what was committed since the last time.
func (d *dispatcher) arrive() {
	arrived := d.store.TakeDeliveries()
	catalog := d.store.Catalog()
	items := make([]item, len(arrived))
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := d.clock.Now()
	for i := range arrived {
		items[i].PendingDelivery = arrived[i]
		if l, made := d.queue.laneOf(&arrived[i]); made {
			apply(catalog, l, arrived[i].Script)
		}
		d.queue.push(&items[i], now)
	}
}

// apply gives a lane what its trigger and script say.
func apply(catalog *store.Catalog, l *lane, script uuid.UUID) {
	if t := catalog.Triggers[l.key.trigger]; t != nil {
		l.ordered = t.Ordered
	}
	l.held = catalog.Held(l.key.trigger, script) != ""
}

// follow brings all lanes up to the catalog. What was for a trigger that is
// gone is dropped: whoever deletes a trigger does not want its events.
func (d *dispatcher) follow() {
	catalog := d.store.Catalog()
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for key, l := range d.queue.lanes {
		if key.trigger != uuid.Nil && catalog.Triggers[key.trigger] == nil {
			for _, it := range d.queue.drop(l) {
				d.store.AcknowledgeDelivery(it.PendingDelivery)
			}
			continue
		}
		apply(catalog, l, key.script)
		d.queue.list(l)
	}
}

// expire takes the deliveries back whose run outlived its lease, and replaces
// the workers that are lost with them.
func (d *dispatcher) expire() {
	d.mutex.Lock()
	late := d.queue.expired(d.clock.Now())
	d.mutex.Unlock()
	for _, c := range late {
		d.logger.Error("a run did not end; its delivery is given to another", "delivery_id", c.ID, "script_id", c.Script)
		if d.settle(c, outcome{failure: "the run did not end in time"}) {
			d.addWorker()
		}
	}
}

// wakeWorkers wakes as many workers as may find something.
func (d *dispatcher) wakeWorkers() {
	d.mutex.Lock()
	wanted := d.queue.waiting
	d.mutex.Unlock()
	if wanted > 1 {
		d.wake.Broadcast()
	} else {
		d.wake.Signal()
	}
}

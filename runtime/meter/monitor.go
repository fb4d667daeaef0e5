package meter

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tickEvery = time.Millisecond
	// idleTicks is how long the monitor stays awake after the last run, so that a
	// stream of short runs does not wake it each time.
	idleTicks = 10
	// heavyTokens is how many memory-heavy scripts run at once. With two, eight
	// hostile scripts of a 16 MB limit grow the process by 40-120 MB; without, by
	// 150-900 MB.
	heavyTokens = 2
	// heapBudget is how far the heap may grow over its idle size before the
	// monitor collects garbage.
	heapBudget = 64 << 20
	// collectEvery bounds how often it does.
	collectEvery = 50 * time.Millisecond

	// keepIdle is how much heap over its idle size the process keeps when nothing runs.
	keepIdle = 32 << 20

	freeMetric      = "/memory/classes/heap/free:bytes"
	allocatedMetric = "/gc/heap/allocs:bytes"
	liveMetric      = "/gc/heap/live:bytes"
	objectsMetric   = "/memory/classes/heap/objects:bytes"
	stacksMetric    = "/memory/classes/heap/stacks:bytes"
)

// Monitor pokes every running script once per millisecond and is the backstop
// for the memory of the whole process. One serves all meters of a process; it
// also holds the tokens of memory-heavy scripts. While nothing runs it sleeps.
type Monitor struct {
	heavy     chan struct{} // one entry per token in use
	allocated atomic.Uint64 // process allocations at the last tick
	walkers   sync.Pool

	// running holds the meters of the runs in progress, in any order; a run takes
	// a free place and leaves it without a lock.
	running []atomic.Pointer[Meter]
	asleep  atomic.Bool
	base    time.Time // what Meter.startedAt counts from

	wake       chan struct{}
	stop       chan struct{}
	done       sync.WaitGroup
	collecting atomic.Bool
	collection sync.RWMutex  // held while the monitor collects garbage
	confirmed  atomic.Uint64 // live bytes after that collection
	collected  time.Time     // only the monitor goroutine
	idle       uint64        // live bytes of the heap while nothing runs
	samples    []metrics.Sample
}

// NewMonitor makes a monitor for at most runs scripts at once that Start sets
// to work.
func NewMonitor(runs int) *Monitor {
	m := &Monitor{
		heavy:   make(chan struct{}, heavyTokens),
		running: make([]atomic.Pointer[Meter], runs),
		base:    time.Now(),
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		samples: []metrics.Sample{
			{Name: allocatedMetric}, {Name: liveMetric}, {Name: objectsMetric}, {Name: stacksMetric}, {Name: freeMetric},
		},
	}
	m.asleep.Store(true)
	m.walkers.New = func() any { return newWalker() }
	return m
}

// Start runs the monitor's goroutine until Close.
func (m *Monitor) Start() {
	m.noteIdle()
	m.done.Go(m.run)
}

// Close stops the monitor and waits for it. No script may run any more; Close
// may be called once, after Start.
func (m *Monitor) Close() {
	close(m.stop)
	m.done.Wait()
}

// begin returns the process allocations a run starts from: at most a tick old,
// or fresh when the monitor sleeps.
func (m *Monitor) begin() uint64 {
	if m.asleep.Load() {
		sample := []metrics.Sample{{Name: allocatedMetric}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	return m.allocated.Load()
}

// add takes a place for a run, first the one its meter had last. When all are
// taken it waits for one; whoever admits runs keeps that from happening.
func (m *Monitor) add(meter *Meter) {
	for !m.running[meter.place].CompareAndSwap(nil, meter) {
		if meter.place++; meter.place == len(m.running) {
			meter.place = 0
			runtime.Gosched()
		}
	}
	if m.asleep.Load() && m.asleep.CompareAndSwap(true, false) {
		m.wake <- struct{}{}
	}
}

func (m *Monitor) remove(meter *Meter) { m.running[meter.place].Store(nil) }

func (m *Monitor) run() {
	for {
		select {
		case <-m.stop:
			return
		case <-m.wake:
		}
		m.watch()
		m.giveBackMemory()
		m.noteIdle()
	}
}

// noteIdle takes the idle size of the heap. It does so before the monitor falls
// asleep: when it wakes, the run that woke it may hold much already.
func (m *Monitor) noteIdle() {
	m.readSamples()
	m.idle = m.samples[1].Value.Uint64()
}

// giveBackMemory collects what a burst has left and returns it to the system at
// once. The runtime takes minutes for either, a Pi has other things to run, and
// the next burst must not take the garbage of this one for the idle size.
func (m *Monitor) giveBackMemory() {
	m.readSamples()
	objects, free := m.samples[2].Value.Uint64(), m.samples[4].Value.Uint64()
	if objects+free > m.idle+keepIdle {
		debug.FreeOSMemory()
	}
}

// watch ticks until nothing has run for idleTicks or the monitor is closed.
func (m *Monitor) watch() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for idle := 0; idle < idleTicks || !m.fallAsleep(); {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
		}
		if m.tick() {
			idle = 0
		} else {
			idle++
		}
	}
}

// fallAsleep reports false when a run began meanwhile. One that begins after
// the look finds the monitor asleep and wakes it.
func (m *Monitor) fallAsleep() bool {
	m.asleep.Store(true)
	for i := range m.running {
		if m.running[i].Load() != nil {
			return !m.asleep.CompareAndSwap(true, false)
		}
	}
	return true
}

// tick pokes what runs and reports whether anything does.
func (m *Monitor) tick() bool {
	m.readSamples()
	squeezed := m.short(m.largestLimit())
	collected := int64(m.collected.Sub(m.base))
	busy := false
	for i := range m.running {
		meter := m.running[i].Load()
		if meter == nil {
			continue
		}
		busy = true
		// A run that began after the last collection had no part in what it left.
		meter.memory.squeezed.Store(squeezed && meter.startedAt.Load() < collected)
		meter.poke()
	}
	return busy
}

func (m *Monitor) readSamples() {
	metrics.Read(m.samples)
	m.allocated.Store(m.samples[0].Value.Uint64())
}

func (m *Monitor) largestLimit() uint64 {
	var largest int64
	for i := range m.running {
		if meter := m.running[i].Load(); meter != nil {
			largest = max(largest, meter.memory.limit.Load())
		}
	}
	return uint64(largest)
}

// short says whether the process uses more memory than it may. A heap that has
// grown so far starts a collection first: only what that leaves is in use. A
// script whose own limit is larger than the budget is entitled to it, with what
// the collector needs on top.
func (m *Monitor) short(largest uint64) bool {
	live, objects, stacks := m.samples[1].Value.Uint64(), m.samples[2].Value.Uint64(), m.samples[3].Value.Uint64()
	m.idle = min(m.idle, live)
	budget := max(heapBudget, largest*2)
	if objects <= m.idle+budget {
		m.confirmed.Store(0)
		return stacks > budget
	}
	if time.Since(m.collected) > collectEvery && m.collecting.CompareAndSwap(false, true) {
		m.collected = time.Now()
		m.confirmed.Store(0)
		m.done.Go(m.collect)
	}
	return stacks > budget || m.confirmed.Load() > m.idle+budget*3/4
}

// collect runs beside the ticks, which must not wait for it. Heavy scripts do
// wait: what they allocate during a collection would count as live.
func (m *Monitor) collect() {
	m.collection.Lock()
	defer m.collection.Unlock()
	runtime.GC()
	sample := []metrics.Sample{{Name: liveMetric}}
	metrics.Read(sample)
	m.confirmed.Store(sample[0].Value.Uint64())
	m.collecting.Store(false)
}

// awaitCollection lets a collection of the monitor end.
func (m *Monitor) awaitCollection() {
	m.collection.RLock()
	defer m.collection.RUnlock()
}

// takeHeavy waits for a heavy token, no longer than the run may last.
func (m *Meter) takeHeavy() bool {
	select {
	case m.monitor.heavy <- struct{}{}:
		m.memory.heavy = true
		return true
	default:
	}
	deadline := time.NewTimer(m.Remaining())
	defer deadline.Stop()
	m.apart(func() {
		select {
		case m.monitor.heavy <- struct{}{}:
			m.memory.heavy = true
		case <-deadline.C:
		}
	})
	return m.memory.heavy
}

func (m *Meter) releaseHeavy() {
	if m.memory.heavy {
		m.memory.heavy = false
		<-m.monitor.heavy
	}
}

package meter

import (
	"runtime/metrics"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Meter is the context.Context of every Lua thread of one state. Only the
// goroutine that runs the script may touch it, except poke. It must never be
// handed to another package as a context: others would call Done at the same time.
type Meter struct {
	// Owner is the run that the state is serving now.
	Owner any

	instructions int64        // executed and charged
	next         atomic.Int64 // count at which check runs; poke stores 0
	limits       Limits
	start        time.Time
	failure      *Failure
	failedAt     int64 // instructions when failure was set
	sdkCalls     int
	checked      bool // check ran at least once in this run

	memory  memory
	threads threads

	state   *lua.LState
	env     *lua.LTable
	monitor *Monitor
	place   int // index in monitor.running

	startedAt atomic.Int64 // start as the monitor reads it, nanoseconds after its base
	shared    []*lua.LTable
}

// memory is the part of a Meter that follows allocation.
type memory struct {
	live      int64  // estimate of the last walk
	pending   int64  // announced by charges since that walk
	charged   int64  // announced by charges in this run
	extra     int64  // held by Go code for the script
	peak      int64  // highest estimate seen
	atStart   uint64 // process allocations when the run began
	atWalk    uint64 // process allocations at the last walk
	atHeavy   uint64 // process allocations when the run was last found not to be heavy
	walks     int
	heavy     bool         // holds one of the monitor's heavy tokens
	limit     atomic.Int64 // limits.MemoryBytes as the monitor reads it
	squeezed  atomic.Bool  // the process is short of memory; set by the monitor
	allocated [1]metrics.Sample
}

// lightCharge and lightAllocated bound what a pooled state may keep from its
// last run in stale registers and reused threads. lightInstructions and
// lightElapsed bound a run that cannot have allocated more than that, and so
// needs no look at the allocation metric.
const (
	lightCharge       = 256 << 10
	lightAllocated    = 1 << 20
	lightInstructions = 1024
	lightElapsed      = 500 * time.Microsecond
)

// New binds a meter to a state made by NewState. shared lists tables that all
// states have in common (library tables, metatables, environments); the memory
// walk does not enter them.
func New(L *lua.LState, monitor *Monitor, shared []*lua.LTable) *Meter {
	m := &Meter{state: L, monitor: monitor, shared: shared}
	m.memory.allocated[0].Name = allocatedMetric
	L.G.MainThread = L
	L.G.CurrentThread = L
	L.Panic = raise
	L.SetContext(m)
	return m
}

// From returns the meter of the state that L belongs to.
func From(L *lua.LState) *Meter { return L.Context().(*Meter) }

// State returns the main thread of the metered state.
func (m *Meter) State() *lua.LState { return m.state }

// Start begins a run. env is the environment of its functions; now is when the
// run began and must carry a monotonic reading, because the deadline is
// measured from it.
func (m *Meter) Start(limits Limits, env *lua.LTable, now time.Time) {
	m.instructions, m.failedAt, m.sdkCalls = 0, 0, 0
	m.limits, m.env, m.start = limits, env, now
	m.failure, m.checked = nil, false
	m.memory.reset(m.monitor.begin())
	m.next.Store(min(checkEvery, limits.Instructions+1))
	m.state.Env = env
	m.state.G.CurrentThread = m.state
	m.memory.limit.Store(limits.MemoryBytes)
	m.startedAt.Store(int64(now.Sub(m.monitor.base)))
	m.monitor.add(m)
}

func (s *memory) reset(allocated uint64) {
	s.live, s.pending, s.charged, s.extra, s.peak, s.walks = 0, 0, 0, 0, 0, 0
	s.atStart, s.atWalk, s.atHeavy = allocated, allocated, allocated
	s.heavy = false
	s.squeezed.Store(false)
}

// Finish ends the run and says what it took. Light may be asked afterwards.
func (m *Meter) Finish() Usage {
	m.monitor.remove(m)
	m.releaseHeavy()
	elapsed := time.Since(m.start)
	used := m.instructions
	if m.failure != nil {
		used = m.failedAt
	}
	if m.checked || used > lightInstructions || elapsed > lightElapsed {
		m.checked = true
		m.notePeak(m.allocated())
	}
	m.memory.peak = max(m.memory.peak, m.LiveBytes())
	m.forget()
	return Usage{
		Instructions: used,
		MemoryBytes:  min(m.memory.peak, m.limits.MemoryBytes),
		SDKCalls:     m.sdkCalls,
		Elapsed:      elapsed,
	}
}

// forget drops what the run left behind, so that a pooled meter keeps nothing alive.
func (m *Meter) forget() {
	m.env = nil
	m.Owner = nil
	m.threads.forget()
}

// Light reports whether the finished run was so small and clean that its state
// may serve another run: no failure, no walk, little charged, little allocated.
// Reused registers and threads keep what the last run put into them.
func (m *Meter) Light() bool {
	if m.failure != nil || m.memory.walks > 0 || m.memory.charged > lightCharge {
		return false
	}
	return !m.checked || m.memory.peak < lightAllocated
}

// Failure returns why the run was stopped, or nil.
func (m *Meter) Failure() *Failure { return m.failure }

// Limits returns the limits in force.
func (m *Meter) Limits() Limits { return m.limits }

// LiveBytes is the present estimate of live memory, for collectgarbage("count").
func (m *Meter) LiveBytes() int64 {
	return m.memory.live + m.memory.pending + m.memory.extra
}

// Heavy reports whether the script holds, or may hold, so much that few like it
// should be kept at once.
func (m *Meter) Heavy() bool { return m.memory.heavy || m.LiveBytes() > heavyAfter }

// Remaining is the wall time left, never negative.
func (m *Meter) Remaining() time.Duration {
	return max(0, m.limits.Wall-time.Since(m.start))
}

// poke makes the next instruction run the slow check. Any goroutine may call it.
func (m *Meter) poke() { m.next.Store(0) }

// Done counts one instruction. It returns nil, or a closed channel once the run
// has reached a limit.
func (m *Meter) Done() <-chan struct{} {
	m.instructions++
	if m.instructions < m.next.Load() {
		return nil
	}
	return m.check()
}

// Err returns the failure, or nil.
func (m *Meter) Err() error {
	if m.failure == nil {
		return nil
	}
	return m.failure
}

// Deadline reports none: nothing may wait on this context.
func (m *Meter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value reports none.
func (m *Meter) Value(any) any { return nil }

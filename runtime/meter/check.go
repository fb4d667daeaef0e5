package meter

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

const (
	// checkEvery is the number of instructions after which a script looks at its
	// limits even when the monitor is late: about 0.1 ms of Lua.
	checkEvery = 4096
	// yieldEvery lets other goroutines run. With it the p99 of a short script
	// beside eight endless ones on two cores falls from 20 ms to 3 ms.
	yieldEvery = time.Millisecond
	// heavyAfter is what a script may hold before it needs a heavy token.
	heavyAfter = 2 << 20
	// walkWorth is how many bytes must have been allocated for each one that a
	// walk has to look at: walking takes about as long as allocating, so looking
	// for heavy scripts costs the others at most a fifth of their time.
	walkWorth = 4
)

// stopped is what Done answers once a limit is reached.
var stopped = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// check is the slow path of Done and Step.
func (m *Meter) check() <-chan struct{} {
	if m.failure == nil {
		m.checkLimits()
	}
	if m.failure != nil {
		m.next.Store(0)
		return stopped
	}
	return nil
}

func (m *Meter) checkLimits() {
	if m.instructions > m.limits.Instructions {
		m.fail(CauseInstructions, fmt.Sprintf("instruction limit of %d exceeded", m.limits.Instructions))
		return
	}
	m.next.Store(min(m.instructions+checkEvery, m.limits.Instructions+1))
	m.checked = true
	m.yieldProcessor()
	if time.Since(m.start) > m.limits.Wall {
		m.failTimeout()
		return
	}
	m.checkMemory()
}

// yieldProcessor lets waiting goroutines run, at most once per yieldEvery.
func (m *Meter) yieldProcessor() {
	now := time.Since(m.start)
	if now-m.threads.yieldedAt < yieldEvery {
		return
	}
	m.apart(runtime.Gosched)
	m.threads.yieldedAt = time.Since(m.start)
}

// apart runs wait, during which the script allocates nothing, and takes what
// the rest of the process allocates meanwhile out of the script's account.
func (m *Meter) apart(wait func()) {
	before := m.allocated()
	wait()
	others := m.allocated() - before
	m.memory.atStart += others
	m.memory.atWalk += others
	m.memory.atHeavy += others
}

// Blocking runs wait, a call that blocks outside Lua (a request, a sleep, a
// write). Meanwhile the script holds no heavy token, and what others allocate
// is not its own: memory that wait hands to the script must be charged.
func (m *Meter) Blocking(wait func()) {
	m.releaseHeavy()
	m.apart(wait)
}

func (m *Meter) checkMemory() {
	allocated := m.allocated()
	sinceStart := signed(allocated, m.memory.atStart)
	if m.memory.squeezed.Load() && m.offends(sinceStart) {
		m.fail(CauseMemory, "the server is short of memory and this script uses most of it")
		return
	}
	if !m.memory.heavy && m.isHeavy(allocated) {
		if !m.takeHeavy() {
			m.failTimeout()
			return
		}
		allocated = m.allocated()
	}
	if m.memory.heavy && m.monitor.collecting.Load() {
		m.apart(m.monitor.awaitCollection)
		allocated = m.allocated()
	}
	m.notePeak(allocated)
	if signed(allocated, m.memory.atWalk) > m.walkAfter() && !m.walk(0) {
		m.failMemory()
	}
}

// offends says whether this script is one to stop when the process is short of
// memory: it holds a good part of its limit now, or its Go stack may be large.
// The allocations since its start alone prove nothing, others may have made them.
func (m *Meter) offends(sinceStart int64) bool {
	if len(m.threads.parents) > MaxNesting/2 {
		return true
	}
	if sinceStart <= m.limits.MemoryBytes {
		return false
	}
	m.walk(0)
	return m.LiveBytes() > m.limits.MemoryBytes/4
}

// isHeavy says whether the script holds so much that it needs a heavy token.
// The process's allocations only give the reason to look: beside a script that
// allocates without pause every other one would seem to. The more a look costs,
// the more must have been allocated before the next.
func (m *Meter) isHeavy(allocated uint64) bool {
	if signed(allocated, m.memory.atHeavy) <= heavyAfter+walkWorth*m.memory.live {
		return false
	}
	m.walk(0)
	m.memory.atHeavy = m.memory.atWalk
	return m.LiveBytes() > heavyAfter
}

// walkAfter is how much may be allocated before the next walk: while live bytes
// and all later allocations together stay under the limit none is needed. The
// floor keeps a script that lives near its limit from walking all the time.
func (m *Meter) walkAfter() int64 {
	limit := m.limits.MemoryBytes
	return max(limit-m.memory.live-m.memory.extra, limit/4)
}

func (m *Meter) notePeak(allocated uint64) {
	since := signed(allocated, m.memory.atWalk)
	m.memory.peak = max(m.memory.peak, m.memory.live+m.memory.extra+since)
}

// allocated is the process's total of allocated bytes, ever. Reading it takes
// about 0.2 µs.
func (m *Meter) allocated() uint64 {
	metrics.Read(m.memory.allocated[:])
	return m.memory.allocated[0].Value.Uint64()
}

// signed is a - b, which is below zero after a baseline was moved forward.
func signed(a, b uint64) int64 { return int64(a - b) }

func (m *Meter) failTimeout() {
	m.fail(CauseTimeout, fmt.Sprintf("time limit of %v exceeded", m.limits.Wall))
}

func (m *Meter) failMemory() {
	m.fail(CauseMemory, fmt.Sprintf("memory limit of %d bytes exceeded", m.limits.MemoryBytes))
}

// fail makes the first cause sticky.
func (m *Meter) fail(cause Cause, message string) {
	if m.failure == nil {
		m.failure = &Failure{Cause: cause, Message: message}
		m.failedAt = min(m.instructions, m.limits.Instructions)
	}
	m.next.Store(0)
}

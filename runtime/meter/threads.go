package meter

import (
	"time"

	lua "github.com/yuin/gopher-lua"
)

const (
	// MaxNesting bounds protected calls and coroutine resumes inside each other:
	// each is a level of Go recursion.
	MaxNesting = 50
	// nestedDepths bounds the call frames of all nested threads together, in
	// multiples of CallDepth: a frame entered through Go takes 1 to 2 KB of Go
	// stack, which no heap figure shows.
	nestedDepths = 4
	// threadBytes is what a new thread allocates.
	threadBytes = 8 << 10
	// maxFreeThreads bounds the finished threads kept for the next protected call.
	maxFreeThreads = 8
)

// threads is the part of a Meter that follows Lua threads and values which only
// Go code refers to.
type threads struct {
	parents   []parent      // threads that wait for a nested one
	free      []*lua.LState // finished, reusable
	held      []lua.LValue
	yieldedAt time.Duration // since start, of the last Gosched
}

// parent is a thread that waits in Enter, and what it found.
type parent struct {
	thread *lua.LState
	held   int // length of held on Enter
	frames int // of all parents up to and including this one
}

func (t *threads) forget() {
	clear(t.parents[:cap(t.parents)])
	clear(t.held[:cap(t.held)])
	t.parents, t.held, t.yieldedAt = t.parents[:0], t.held[:0], 0
}

// Enter counts a protected call or coroutine resume made by L, and makes L a
// root of the memory walk while another thread runs. It reports false, and
// counts nothing, when MaxNesting levels are open or their call frames together
// are too many: the caller then raises Lua's "stack overflow".
func (m *Meter) Enter(L *lua.LState) bool {
	t := &m.threads
	frames := frameCount(L)
	if n := len(t.parents); n > 0 {
		frames += t.parents[n-1].frames
	}
	if len(t.parents) >= MaxNesting || frames > nestedDepths*m.limits.CallDepth {
		return false
	}
	t.parents = append(t.parents, parent{thread: L, held: len(t.held), frames: frames})
	return true
}

// Leave ends what the last Enter began, together with every Hold made since,
// which an error may have left behind.
func (m *Meter) Leave() {
	t := &m.threads
	last := t.parents[len(t.parents)-1]
	t.parents[len(t.parents)-1] = parent{}
	t.parents = t.parents[:len(t.parents)-1]
	m.Release(len(t.held) - last.held)
}

// Hold keeps v reachable for the memory walk while only Go code refers to it
// (table.sort's copy, gsub's callback results).
func (m *Meter) Hold(v lua.LValue) { m.threads.held = append(m.threads.held, v) }

// Release undoes the last n Holds; n at or below zero does nothing.
func (m *Meter) Release(n int) {
	held := m.threads.held
	if n <= 0 {
		return
	}
	rest := max(0, len(held)-n)
	clear(held[rest:])
	m.threads.held = held[:rest]
}

// NewThread makes a charged Lua thread that carries this meter. gopher-lua
// would give it a context.WithCancel child, whose Done counts nothing: the
// context is taken away while the thread is made.
func (m *Meter) NewThread(L *lua.LState) *lua.LState {
	m.ChargeMemory(L, threadBytes)
	L.RemoveContext()
	thread, _ := L.NewThread()
	L.SetContext(m)
	thread.SetContext(m)
	thread.Env = m.env
	return thread
}

// TakeThread returns a finished thread for a protected call, or a new one.
func (m *Meter) TakeThread(L *lua.LState) *lua.LState {
	free := m.threads.free
	if len(free) == 0 {
		return m.NewThread(L)
	}
	thread := free[len(free)-1]
	free[len(free)-1] = nil
	m.threads.free = free[:len(free)-1]
	thread.Dead = false
	thread.Env = m.env
	return thread
}

// GiveThread takes back a thread that TakeThread gave. One that still has call
// frames (it raised inside a call, or yielded) is dropped: closures may refer
// to its registers.
func (m *Meter) GiveThread(thread *lua.LState) {
	if _, used := thread.GetStack(0); used || len(m.threads.free) >= maxFreeThreads {
		return
	}
	m.threads.free = append(m.threads.free, thread)
}

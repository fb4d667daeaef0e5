package meter

import (
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

const (
	// keepSeen is the largest visited set that a walker keeps for its next walk.
	keepSeen = 200_000
	// clockEvery is how many objects are walked between looks at the clock.
	clockEvery = 16 << 10
	// sharedFrom is the length from which a string is counted once however often
	// it is referenced. Shorter ones are not worth the visited set.
	sharedFrom = 64
)

// Holder is the Go value of a userdata that keeps memory for its script, which
// no reference of Lua leads to.
type Holder interface{ HeldBytes() int }

// walker adds up the bytes reachable from a running script.
type walker struct {
	seen    map[unsafe.Pointer]struct{}
	queue   []lua.LValue
	total   int64
	most    int64     // stop above this
	until   time.Time // stop after this
	objects int
}

func newWalker() *walker { return &walker{seen: make(map[unsafe.Pointer]struct{}, 64)} }

// walk measures what the script can reach and reports whether that and extra,
// announced but not yet made, fit the limit. Its own garbage must not count as
// the script's, so the allocation baseline is read afterwards.
func (m *Meter) walk(extra int64) bool {
	s := &m.memory
	s.walks++
	s.live = m.measure()
	s.pending = extra
	s.atWalk = m.allocated()
	s.peak = max(s.peak, m.LiveBytes())
	return m.LiveBytes() <= m.limits.MemoryBytes
}

func (m *Meter) measure() int64 {
	w := m.monitor.walkers.Get().(*walker)
	w.most, w.until = m.limits.MemoryBytes+1<<20, m.start.Add(m.limits.Wall)
	for _, table := range m.shared {
		w.mark(unsafe.Pointer(table))
	}
	w.value(m.state)
	w.value(m.state.G.CurrentThread)
	for _, p := range m.threads.parents {
		w.value(p.thread)
	}
	for _, v := range m.threads.held {
		w.value(v)
		w.total += slotBytes
	}
	if m.env != nil {
		w.value(m.env)
	}
	w.run()
	total := w.total
	w.reset()
	m.monitor.walkers.Put(w)
	return total
}

func (w *walker) reset() {
	if len(w.seen) > keepSeen {
		w.seen = make(map[unsafe.Pointer]struct{}, 64)
	} else {
		clear(w.seen)
	}
	clear(w.queue[:cap(w.queue)])
	w.queue, w.total, w.objects = w.queue[:0], 0, 0
}

// mark reports whether p is new.
func (w *walker) mark(p unsafe.Pointer) bool {
	if _, ok := w.seen[p]; ok {
		return false
	}
	w.seen[p] = struct{}{}
	return true
}

func (w *walker) run() {
	for len(w.queue) > 0 && w.total <= w.most {
		if w.objects++; w.objects%clockEvery == 0 && time.Until(w.until) < 0 {
			return
		}
		last := len(w.queue) - 1
		next := w.queue[last]
		w.queue = w.queue[:last]
		switch v := next.(type) {
		case *lua.LTable:
			w.table(v)
		case *lua.LFunction:
			w.function(v)
		case *lua.LState:
			w.thread(v)
		}
	}
}

// value counts a scalar and queues what has parts of its own.
func (w *walker) value(v lua.LValue) {
	switch x := v.(type) {
	case lua.LNumber:
		w.total += numberBytes
	case lua.LString:
		w.str(string(x))
	case *lua.LTable:
		w.push(unsafe.Pointer(x), x)
	case *lua.LFunction:
		if !x.IsG || len(x.Upvalues) > 0 {
			w.push(unsafe.Pointer(x), x)
		}
	case *lua.LState:
		if x != nil {
			w.push(unsafe.Pointer(x), x)
		}
	case *lua.LUserData:
		if w.mark(unsafe.Pointer(x)) {
			w.total += userDataBytes
			if holder, ok := x.Value.(Holder); ok {
				w.total += int64(holder.HeldBytes())
			}
			w.value(x.Metatable)
		}
	}
}

func (w *walker) push(p unsafe.Pointer, v lua.LValue) {
	if w.mark(p) {
		w.queue = append(w.queue, v)
	}
}

func (w *walker) str(s string) {
	w.total += stringHeaderBytes
	if len(s) < sharedFrom || w.mark(unsafe.Pointer(unsafe.StringData(s))) {
		w.total += int64(len(s))
	}
}

func (w *walker) table(t *lua.LTable) {
	w.total += tableBytes(t)
	// Not the keys that ForEach gives: a table never lets go of a key whose value
	// was taken away. A number is counted with the table's hash part.
	for _, key := range keysOf(t) {
		if w.total > w.most {
			return
		}
		if key.Type() != lua.LTNumber {
			w.value(key)
		}
	}
	t.ForEach(func(_, v lua.LValue) {
		if w.total <= w.most {
			w.value(v)
		}
	})
	w.value(t.Metatable)
}

func (w *walker) function(f *lua.LFunction) {
	w.total += functionBytes + int64(len(f.Upvalues))*pointerBytes
	if f.Env != nil {
		w.value(f.Env)
	}
	for _, up := range f.Upvalues {
		if up != nil && w.mark(unsafe.Pointer(up)) {
			w.total += upvalueBytes
			w.value(up.Value())
		}
	}
}

func (w *walker) thread(L *lua.LState) {
	w.total += threadSize(L)
	if L.Parent != nil {
		w.value(L.Parent)
	}
	if L.Env != nil {
		w.value(L.Env)
	}
	frame, running := L.GetStack(0)
	if !running { // not started: its function and arguments are parked
		for i := 1; i <= L.GetTop(); i++ {
			w.value(L.Get(i))
		}
		return
	}
	w.registers(L, frame)
	w.frames(L)
}

// registers reads every register of a thread through its innermost frame: from
// index 1 up to the top of the stack, and from 0 down through those of all
// callers, where GetLocal checks nothing and ends in a panic at the bottom.
func (w *walker) registers(L *lua.LState, frame *lua.Debug) {
	for i := 1; ; i++ {
		name, v := L.GetLocal(frame, i)
		if name == "" {
			break
		}
		w.value(v)
	}
	defer func() { _ = recover() }()
	for i := 0; ; i-- {
		_, v := L.GetLocal(frame, i)
		w.value(v)
	}
}

// frames counts the functions that run: nothing else may refer to them.
func (w *walker) frames(L *lua.LState) {
	for level := range frameCount(L) {
		frame, ok := L.GetStack(level)
		if !ok {
			return
		}
		if fn, err := L.GetInfo("f", frame, lua.LNil); err == nil {
			w.value(fn)
		}
	}
}

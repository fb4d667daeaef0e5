package meter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

var roomy = meter.Limits{
	Instructions: 10_000_000, MemoryBytes: 16 << 20, Wall: 10 * time.Second,
	StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000,
}

func limits(change func(*meter.Limits)) meter.Limits {
	l := roomy
	change(&l)
	return l
}

// machine is one metered state with the few Go functions that tests need.
type machine struct {
	L     *lua.LState
	meter *meter.Meter
	usage meter.Usage
	err   lua.LValue
	trace string
	own   map[string]lua.LGFunction // besides functions
}

func newMonitor(t testing.TB) *meter.Monitor {
	monitor := meter.NewMonitor(64)
	monitor.Start()
	t.Cleanup(monitor.Close)
	return monitor
}

func newMachine(monitor *meter.Monitor) *machine {
	L := meter.NewState(roomy.CallDepth)
	return &machine{L: L, meter: meter.New(L, monitor, nil)}
}

// run executes source; inspect is called while the run goes on, after the script.
func (m *machine) run(t testing.TB, l meter.Limits, source string, inspect func()) {
	t.Helper()
	env := m.L.NewTable()
	for _, from := range []map[string]lua.LGFunction{functions, m.own} {
		for name, f := range from {
			env.RawSetString(name, &lua.LFunction{IsG: true, GFunction: f})
		}
	}
	m.meter.Start(l, env, time.Now())
	fn, err := m.L.LoadString(source)
	if err != nil {
		t.Fatal(err)
	}
	fn.Env = env
	m.err, m.trace = nil, ""
	func() {
		defer func() {
			if cause := recover(); cause != nil {
				value, ok := meter.ErrorValue(cause)
				if !ok {
					panic(cause)
				}
				m.err = value
				if failure, ok := cause.(*lua.ApiError); ok {
					m.trace = failure.StackTrace
				}
			}
		}()
		m.L.Push(fn)
		m.L.Call(0, 0)
	}()
	if inspect != nil {
		inspect()
	}
	m.usage = m.meter.Finish()
}

var functions = map[string]lua.LGFunction{
	"step":   func(L *lua.LState) int { meter.From(L).Step(L, L.CheckInt(1)); return 0 },
	"str":    func(L *lua.LState) int { meter.From(L).ChargeString(L, L.CheckInt(1)); return 0 },
	"memory": func(L *lua.LState) int { meter.From(L).ChargeMemory(L, L.CheckInt(1)); return 0 },
	"sdk":    func(L *lua.LState) int { meter.From(L).ChargeSDKCall(L); return 0 },
	"rep": func(L *lua.LState) int {
		bytes := make([]byte, L.CheckInt(1))
		copy(bytes, fmt.Sprint(L.Get(2)))
		L.Push(lua.LString(bytes))
		return 1
	},
	// call runs a function on its own thread and answers whether it raised;
	// it does not raise again.
	"call": func(L *lua.LState) int {
		m := meter.From(L)
		if !m.Enter(L) {
			L.RaiseError("too deep")
		}
		thread := m.TakeThread(L)
		state, _, _ := L.Resume(thread, L.CheckFunction(1))
		m.Leave()
		L.G.CurrentThread = L
		m.GiveThread(thread)
		L.Push(lua.LBool(state == lua.ResumeError))
		return 1
	},
	"thread": func(L *lua.LState) int {
		thread := meter.From(L).NewThread(L)
		thread.Push(L.CheckFunction(1))
		L.Push(thread)
		return 1
	},
	// hoard answers memory that the walk cannot see.
	"hoard": func(L *lua.LState) int { L.Push(&lua.LUserData{Value: make([]byte, 256<<20)}); return 1 },
	"hold":  func(L *lua.LState) int { meter.From(L).Hold(L.Get(1)); return 0 },
}

func TestCauses(t *testing.T) {
	monitor := newMonitor(t)
	tests := []struct {
		name   string
		limits meter.Limits
		source string
		want   meter.Cause // "" is success
	}{
		{"fits", roomy, `for i = 1, 1000 do end`, ""},
		{"loop", limits(func(l *meter.Limits) { l.Instructions = 100_000 }), `while true do end`, meter.CauseInstructions},
		{"loop in a thread", limits(func(l *meter.Limits) { l.Instructions = 100_000 }), `call(function() while true do end end)`, meter.CauseInstructions},
		{"loop in reused threads", limits(func(l *meter.Limits) { l.Instructions = 100_000 }), `while true do call(function() end) end`, meter.CauseInstructions},
		{"step", limits(func(l *meter.Limits) { l.Instructions = 100_000 }), `step(100000)`, meter.CauseInstructions},
		{"tail calls", limits(func(l *meter.Limits) { l.Instructions = 100_000 }), `local function f() return f() end f()`, meter.CauseInstructions},
		{"caught and gone on", limits(func(l *meter.Limits) { l.Instructions = 100_000 }), `while true do call(function() while true do end end) end`, meter.CauseInstructions},
		{"time", limits(func(l *meter.Limits) { l.Instructions, l.Wall = 1<<40, 30*time.Millisecond }), `while true do end`, meter.CauseTimeout},
		{"long string", roomy, `str(4194305)`, meter.CauseMemory},
		{"longest string", roomy, `str(4194304)`, ""},
		{"one large charge", roomy, `memory(16777217)`, meter.CauseMemory},
		{"charges of garbage", roomy, `for i = 1, 100 do memory(1000000) end`, ""},
		{"kept objects", roomy, `local t = {} for i = 1, 1e9 do t[i] = {i} end`, meter.CauseMemory},
		{"kept strings", roomy, `local t = {} for i = 1, 1e9 do t[i] = rep(1024, i) end`, meter.CauseMemory},
		{"kept by a parent's locals", roomy, `local t = {} call(function() for i = 1, 1e9 do t[i] = rep(1024, i) end end)`, meter.CauseMemory},
		{"kept by Go", roomy, `for i = 1, 1e9 do hold(rep(1024, i)) end`, meter.CauseMemory},
		{"kept by closures", roomy, `local f for i = 1, 1e9 do local g = f f = function() return g end end`, meter.CauseMemory},
		{"kept by parked threads", roomy, `local t = {} for i = 1, 1e9 do t[i] = thread(function() end) end`, meter.CauseMemory},
		{"kept by cleared arrays", roomy, `local t = {} for i = 1, 1e9 do local a = {} a[100000] = 1 a[100000] = nil t[i] = a end`, meter.CauseMemory},
		{"kept by deleted keys", roomy, `local t = {} for i = 1, 1e9 do local k = rep(1024, i) t[k] = 1 t[k] = nil end`, meter.CauseMemory},
		{"garbage", roomy, `for i = 1, 200 do local s = rep(500000, i) end`, ""},
		{"sdk calls", limits(func(l *meter.Limits) { l.SDKCalls = 3 }), `sdk() sdk() sdk() sdk()`, meter.CauseSDKCalls},
		{"sdk calls that fit", limits(func(l *meter.Limits) { l.SDKCalls = 3 }), `sdk() sdk() sdk()`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(monitor)
			m.run(t, test.limits, test.source, nil)
			var got meter.Cause
			if failure := m.meter.Failure(); failure != nil {
				got = failure.Cause
			}
			if got != test.want {
				t.Errorf("cause %q (%v), want %q", got, m.err, test.want)
			}
			if m.usage.Instructions > test.limits.Instructions || m.usage.MemoryBytes > test.limits.MemoryBytes {
				t.Errorf("usage %+v is over the limits", m.usage)
			}
			if test.want != "" && m.meter.Light() {
				t.Error("light after a failure")
			}
		})
	}
}

// A script can catch the error of a limit, but not run one more instruction.
func TestSticky(t *testing.T) {
	monitor := newMonitor(t)
	m := newMachine(monitor)
	m.run(t, limits(func(l *meter.Limits) { l.Instructions = 10_000 }),
		`after = 0 call(function() while true do end end) after = 1`, func() {
			if after := m.L.Env.RawGetString("after"); after != lua.LNumber(0) {
				t.Errorf("after = %v: the script went on", after)
			}
			for name, again := range map[string]func(){
				"Step":          func() { m.meter.Step(m.L, 0) },
				"ChargeMemory":  func() { m.meter.ChargeMemory(m.L, 1) },
				"ChargeString":  func() { m.meter.ChargeString(m.L, 1) },
				"ChargeSDKCall": func() { m.meter.ChargeSDKCall(m.L) },
				"Reraise":       func() { m.meter.Reraise(m.L) },
				"Fail":          func() { m.meter.Fail(m.L, meter.CauseTimeout, "later") },
			} {
				if !raises(again) {
					t.Errorf("%s does not raise", name)
				}
			}
		})
	if m.meter.Failure().Cause != meter.CauseInstructions || m.usage.Instructions != 10_000 {
		t.Errorf("failure %v, usage %+v: the first cause is to stay", m.meter.Failure(), m.usage)
	}
}

func raises(f func()) (raised bool) {
	defer func() { raised = recover() != nil }()
	f()
	return
}

// Equal runs count equally, however often the monitor pokes them.
func TestCountsAreDeterministic(t *testing.T) {
	monitor := newMonitor(t)
	const source = `local t = {} for i = 1, 30000 do t[i % 50] = {i} call(function() return i end) end`
	m := newMachine(monitor)
	m.run(t, roomy, source, nil)
	want := m.usage.Instructions
	if want < 200_000 {
		t.Fatalf("only %d instructions counted", want)
	}
	for range 5 {
		m := newMachine(monitor)
		m.run(t, roomy, source, nil)
		if m.usage.Instructions != want {
			t.Errorf("%d instructions, then %d", want, m.usage.Instructions)
		}
	}
}

func TestNesting(t *testing.T) {
	monitor := newMonitor(t)
	m := newMachine(monitor)
	m.run(t, roomy, `depth = 0 local function f() depth = depth + 1 call(f) end f()`, func() {
		if depth := m.L.Env.RawGetString("depth"); depth != lua.LNumber(meter.MaxNesting+1) {
			t.Errorf("depth %v, want %d", depth, meter.MaxNesting+1)
		}
	})
	// Deep recursion at every level is stopped earlier: Go stack.
	m = newMachine(monitor)
	m.run(t, roomy, `levels = 0
		local function deep(n) if n == 0 then levels = levels + 1 call(function() deep(150) end) return 1 end return 1 + deep(n-1) end
		deep(150)`, func() {
		if levels := m.L.Env.RawGetString("levels").(lua.LNumber); levels < 4 || levels > 8 {
			t.Errorf("%v levels of 150 calls each, want about 5", levels)
		}
	})
}

func TestStackOverflow(t *testing.T) {
	monitor := newMonitor(t)
	m := newMachine(monitor)
	m.run(t, roomy, `depth = 0 local function f() depth = depth + 1 return 1 + f() end f()`, func() {
		if depth := m.L.Env.RawGetString("depth").(lua.LNumber); depth < 190 || depth > 210 {
			t.Errorf("depth %v, want about 200", depth)
		}
	})
	if m.err == nil || !strings.HasSuffix(m.err.String(), "stack overflow") {
		t.Errorf("error %v", m.err)
	}
}

// The traceback of endless tail recursion has a bounded number of lines.
func TestTraceback(t *testing.T) {
	monitor := newMonitor(t)
	m := newMachine(monitor)
	m.run(t, limits(func(l *meter.Limits) { l.Instructions = 1_000_000 }), `local function f() return f() end f()`, nil)
	if len(m.trace) == 0 || len(m.trace) > 4096 {
		t.Errorf("traceback of %d bytes", len(m.trace))
	}
	m = newMachine(monitor)
	m.run(t, roomy, "local function inner() local x = nil + 1 end\nlocal function outer() inner() end\nouter()", nil)
	want := "stack traceback:\n\t<string>:1: in function 'inner'\n\t<string>:2: in function 'outer'\n\t<string>:3: in main chunk"
	if m.trace != want {
		t.Errorf("got %q\nwant %q", m.trace, want)
	}
}

// One monitor serves many runs and many goroutines, sleeps between them, and closes.
func TestMonitor(t *testing.T) {
	monitor := newMonitor(t)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			m := newMachine(monitor)
			for range 50 {
				m.run(t, roomy, `for i = 1, 2000 do end`, nil)
				if m.meter.Failure() != nil {
					t.Error(m.meter.Failure())
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
}

// While a script blocks outside Lua it holds no token, and others' allocations
// are not its own.
func TestBlocking(t *testing.T) {
	monitor := newMonitor(t)
	m := newMachine(monitor)
	var kept [][]byte
	m.runWith(t, roomy, `for i = 1, 10000 do end wait() for i = 1, 10000 do end`, func(L *lua.LState) int {
		meter.From(L).Blocking(func() {
			for range 20 {
				kept = append(kept, make([]byte, 1<<20))
			}
		})
		return 0
	})
	if peak := m.meter.Finished().MemoryBytes; peak > 4<<20 {
		t.Errorf("peak of %d bytes includes what others allocated (%d)", peak, len(kept))
	}
}

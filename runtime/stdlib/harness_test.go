package stdlib_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/compile"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/runtime/stdlib"
)

// machine is one metered state with the library, as the engine builds it.
type machine struct {
	lib     *stdlib.Library
	monitor *meter.Monitor
	limits  meter.Limits
	now     func() time.Time
	lines   []string
	random  stdlib.Random
}

var defaultLimits = meter.Limits{
	Instructions: 10_000_000, MemoryBytes: 16 << 20, Wall: 10 * time.Second,
	StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000,
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	m := &machine{limits: defaultLimits, monitor: meter.NewMonitor(64), now: time.Now}
	m.monitor.Start()
	t.Cleanup(m.monitor.Close)
	lib, err := stdlib.New(stdlib.Hooks{
		Print:   func(_ *lua.LState, line string) { m.lines = append(m.lines, line) },
		Require: func(L *lua.LState) int { L.Push(lua.LString("module " + L.CheckString(1))); return 1 },
		Random:  func(*lua.LState) *stdlib.Random { return &m.random },
		Now:     func() time.Time { return m.now() },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := lib.AddModule("sample", map[string]lua.LValue{
		"answer": lua.LNumber(42), "double": luax.Function(func(L *lua.LState) int { L.Push(L.CheckNumber(1) * 2); return 1 }),
	}); err != nil {
		t.Fatal(err)
	}
	lib.Seal()
	m.lib = lib
	return m
}

// compileSource compiles a chunk, or an expression list as one that returns it.
func compileSource(lib *stdlib.Library, source string) (*lua.FunctionProto, error) {
	if !strings.HasPrefix(source, "local ") {
		if program, err := compile.Compile("script", "return "+source, lib.Concat); err == nil {
			return program.Proto, nil
		}
	}
	program, err := compile.Compile("script", source, lib.Concat)
	if err != nil {
		return nil, err
	}
	return program.Proto, nil
}

// start makes a state that is ready to run.
func (m *machine) start() (*lua.LState, *meter.Meter) {
	L := meter.NewState(m.limits.CallDepth)
	metered := meter.New(L, m.monitor, m.lib.Shared())
	m.lib.Install(L)
	env := L.CreateTable(0, 0)
	env.Metatable = m.lib.EnvMetatable
	metered.Start(m.limits, env, time.Now())
	return L, metered
}

// run runs source and answers its results as tostring writes them, joined by
// commas, or "error: ..." with the error value.
func (m *machine) run(source string) (answer string, failure *meter.Failure) {
	m.lines = nil
	return m.execute(source)
}

// execute is run without the lines that print wrote; any goroutine may call it.
func (m *machine) execute(source string) (answer string, failure *meter.Failure) {
	proto, err := compileSource(m.lib, source)
	if err != nil {
		return "syntax: " + err.Error(), nil
	}
	L, metered := m.start()
	defer L.Close()
	defer func() {
		if r := recover(); r != nil {
			value, ok := meter.ErrorValue(r)
			if !ok {
				panic(r)
			}
			answer = "error: " + value.String()
		}
		failure = metered.Failure()
		metered.Finish()
	}()
	fn := L.NewFunctionFromProto(proto)
	fn.Env = L.Env
	L.Push(fn)
	L.Push(lua.LNil)
	L.Push(L.Env)
	L.Call(2, lua.MultRet)
	var parts []string
	for i := 1; i <= L.GetTop(); i++ {
		parts = append(parts, stdlib.ToString(L, L.Get(i)))
	}
	return strings.Join(parts, ","), nil
}

func (m *machine) expect(t *testing.T, source, want string) {
	t.Helper()
	got, _ := m.run(source)
	if got != want {
		t.Errorf("%s\n got %q\nwant %q", source, got, want)
	}
}

type example struct{ source, want string }

func runExamples(t *testing.T, examples []example) {
	t.Helper()
	m := newMachine(t)
	for i, e := range examples {
		t.Run(fmt.Sprint(i), func(t *testing.T) { m.expect(t, e.source, e.want) })
	}
}

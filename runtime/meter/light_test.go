package meter_test

import (
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

func TestLight(t *testing.T) {
	monitor := newMonitor(t)
	tests := []struct {
		name, source string
		want         bool
	}{
		{"small", `local t = {1, 2, a = 3} return t`, true},
		{"error", `local t = nil + 1`, true}, // the engine knows of errors itself
		{"large charge", `memory(300000)`, false},
		{"large array in few instructions", `local t = {} t[800000] = 1`, false},
		{"much allocated", `local t = {} for i = 1, 20000 do t[i] = {} end`, false},
	}
	for _, test := range tests {
		m := newMachine(monitor)
		m.run(t, roomy, test.source, nil)
		if got := m.meter.Light(); got != test.want {
			t.Errorf("%s: light = %v, usage %+v", test.name, got, m.usage)
		}
	}
}

// A run of few instructions that took long is not light either, even when the
// monitor never looked.
func TestLightWithoutMonitor(t *testing.T) {
	m := newMachine(meter.NewMonitor(64))
	m.run(t, roomy, `local t = {} t[800000] = 1`, nil)
	if m.meter.Light() {
		t.Errorf("light with usage %+v", m.usage)
	}
}

// What only Go code refers to counts while it is held, and no longer.
func TestHold(t *testing.T) {
	m := newMachine(newMonitor(t))
	m.run(t, roomy, `hold(rep(1000000, 1)) call(function() hold(rep(1000000, 2)) end)`, func() {
		if live := m.meter.Measure(); live < 1_000_000 || live > 1_500_000 {
			t.Errorf("%d bytes, want one string of 1,000,000", live)
		}
		m.meter.Release(1)
		if live := m.meter.Measure(); live > 500_000 {
			t.Errorf("%d bytes after Release", live)
		}
		m.meter.AddExtra(5_000_000)
		if live := m.meter.LiveBytes(); live < 5_000_000 {
			t.Errorf("%d bytes without the extra ones", live)
		}
	})
}

// Heavy scripts wait for each other: a third one starts only when a token is
// free, and times out if none comes free.
func TestHeavyTokens(t *testing.T) {
	monitor := newMonitor(t)
	const heavy = `local kept = {} for i = 1, 40 do kept[i] = rep(200000, i) end for i = 1, 20000 do end wait() for i = 1, 20000 do end`
	holding, release := make(chan struct{}, 2), make(chan struct{})
	done := make(chan struct{}, 2)
	for range 2 {
		m := newMachine(monitor)
		go func() {
			defer func() { done <- struct{}{} }()
			m.runWith(t, roomy, heavy, func(*lua.LState) int { holding <- struct{}{}; <-release; return 0 })
		}()
	}
	<-holding
	<-holding
	third := newMachine(monitor)
	third.runWith(t, limits(func(l *meter.Limits) { l.Wall = 200 * time.Millisecond }), heavy, func(*lua.LState) int { return 0 })
	if failure := third.meter.Failure(); failure == nil || failure.Cause != meter.CauseTimeout {
		t.Errorf("third heavy script: %v, want a timeout while it waits for a token", failure)
	}
	close(release)
	<-done
	<-done
	third.runWith(t, roomy, heavy, func(*lua.LState) int { return 0 })
	if failure := third.meter.Failure(); failure != nil {
		t.Errorf("tokens were not given back: %v", failure)
	}
}

// A script that holds little never waits for a token, however much the rest of
// the process allocates while it runs.
func TestLightScriptsNeedNoToken(t *testing.T) {
	monitor := newMonitor(t)
	for range 2 {
		hoarder, holding := newMachine(monitor), make(chan struct{})
		release, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			hoarder.runWith(t, roomy, `local kept = {} for i = 1, 40 do kept[i] = rep(200000, i) end for i = 1, 20000 do end wait()`,
				func(*lua.LState) int { close(holding); <-release; return 0 })
		}()
		<-holding
		defer func() { close(release); <-done }()
	}
	stop, churned := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(churned)
		for {
			select {
			case <-stop:
				return
			default:
				garbage = make([]byte, 64<<10)
			}
		}
	}()
	light := newMachine(monitor)
	light.runWith(t, limits(func(l *meter.Limits) { l.Wall = 20 * time.Second }), `for i = 1, 2000000 do end`, nil)
	close(stop)
	<-churned
	if failure := light.meter.Failure(); failure != nil {
		t.Errorf("a light script was stopped: %v", failure)
	}
}

// garbage keeps the compiler from seeing that nobody reads it.
var garbage []byte

func (m *machine) runWith(t testing.TB, l meter.Limits, source string, wait lua.LGFunction) {
	env := m.L.NewTable()
	env.RawSetString("rep", &lua.LFunction{IsG: true, GFunction: functions["rep"]})
	env.RawSetString("wait", &lua.LFunction{IsG: true, GFunction: wait})
	fn, err := m.L.LoadString(source)
	if err != nil {
		t.Error(err)
		return
	}
	m.meter.Start(l, env, time.Now())
	defer m.meter.Finish()
	defer func() { _ = recover() }()
	fn.Env = env
	m.L.Push(fn)
	m.L.Call(0, 0)
}

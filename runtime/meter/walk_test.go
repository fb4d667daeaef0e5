package meter_test

import (
	"runtime"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// The estimate of live memory stays within a factor of what the heap really
// holds, for the shapes that scripts make.
func TestWalkAccuracy(t *testing.T) {
	monitor := newMonitor(t)
	big := limits(func(l *meter.Limits) { l.MemoryBytes, l.Instructions = 256<<20, 1<<40 })
	tests := []struct {
		name, source string
		low, high    float64
	}{
		{"integer array", `t = {} for i = 1, 200000 do t[i] = i + 1000 end`, 0.7, 1.2},
		{"cleared array", `t = {} for i = 1, 10 do t[i] = {} t[i][100000] = 1 t[i][100000] = nil end`, 0.8, 1.2},
		{"strings", `t = {} for i = 1, 4000 do t[i] = rep(1000, i) end`, 0.85, 1.15},
		{"rows", `t = {} for i = 1, 10000 do t[i] = {id = i, name = 'n'} end`, 0.75, 1.3},
		{"string map", `t = {} for i = 1, 40000 do t['k' .. i] = i end`, 0.75, 1.3},
		{"deleted keys", `t = {} for i = 1, 40000 do t['k' .. i] = i t['k' .. i] = nil end`, 0.7, 1.35},
		{"long deleted keys", `t = {} for i = 1, 100 do local k = rep(100000, i) .. i t[k] = i t[k] = nil end`, 0.85, 1.15},
		{"sparse", `t = {} for i = 1, 40000 do t[i * 1000000 + 0.5] = true end`, 0.7, 1.35},
		{"closures", `t = {} for i = 1, 20000 do local a = i t[i] = function() return a end end`, 0.8, 1.35},
		{"nested tables", `t = {} for i = 1, 20000 do t = {t} end`, 0.8, 1.3},
		{"threads", `t = {} for i = 1, 1000 do t[i] = thread(function() end) end`, 0.7, 1.3},
	}
	for _, test := range tests {
		m := newMachine(monitor)
		m.run(t, big, `local function touch() end touch()`, nil)
		before := heap()
		var after uint64
		var estimate int64
		m.run(t, big, test.source, func() {
			after = heap()
			estimate = m.meter.Measure()
		})
		ratio := float64(estimate) / float64(after-before)
		t.Logf("%-16s heap %6.2f MB, estimate %6.2f MB, ratio %.2f", test.name,
			float64(after-before)/1e6, float64(estimate)/1e6, ratio)
		if ratio < test.low || ratio > test.high {
			t.Errorf("%s: ratio %.2f is outside %.2f to %.2f", test.name, ratio, test.low, test.high)
		}
		runtime.KeepAlive(m)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// The walk does not enter tables that all states share.
func TestWalkSkipsShared(t *testing.T) {
	monitor := newMonitor(t)
	L := meter.NewState(roomy.CallDepth)
	shared := L.NewTable()
	for i := range 100_000 {
		shared.RawSetInt(i+1, lua.LNumber(i))
	}
	m := &machine{L: L, meter: meter.New(L, monitor, []*lua.LTable{shared})}
	m.run(t, roomy, `x = {}`, func() {
		m.L.Env.RawGetString("x").(*lua.LTable).RawSetString("shared", shared)
		if live := m.meter.Measure(); live > 1<<20 {
			t.Errorf("%d bytes include the shared table", live)
		}
	})
}

const fib = `local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end fib(20)`

// BenchmarkHook compares fib(20) without any context and under a meter.
func BenchmarkHook(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		fn, err := L.LoadString(fib)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			L.Push(fn)
			L.Call(0, 0)
		}
	})
	b.Run("metered", func(b *testing.B) {
		m := newMachine(newMonitor(b))
		for b.Loop() {
			m.run(b, roomy, fib, nil)
		}
	})
}

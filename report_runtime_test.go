package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/meter"
	"picloud/runtime/sdk"
	"picloud/store"
)

// bench is a real store and a real engine without HTTP in front.
type bench struct {
	t      testing.TB
	store  *store.Store
	engine *runtime.Engine
	app    store.App
	close  func() // once; the test's end closes too
}

func newBench(t testing.TB) *bench { return newBenchAt(t, t.TempDir()) }

func newBenchAt(t testing.TB, dir string) *bench {
	t.Helper()
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(ctx, store.Config{
		Dir: dir, Logger: logger, Now: time.Now, LogRetentionDays: 14, LogRetentionRows: 1000,
		OnFatal: func(err error) { panic(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defaults := meter.Limits{Instructions: 10_000_000, MemoryBytes: 16 << 20, Wall: 10 * time.Second, StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000}
	ceilings := meter.Limits{Instructions: 1_000_000_000, MemoryBytes: 256 << 20, Wall: 300 * time.Second, StringBytes: 256 << 20, CallDepth: 1000, SDKCalls: 100_000}
	engine := runtime.New(runtime.Config{Store: s, Logger: logger, Modules: sdk.Modules(), Defaults: defaults, Ceilings: ceilings})
	end := sync.OnceFunc(func() {
		engine.Close()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	if app := s.Catalog().AppBySlug("bench"); app != nil {
		return &bench{t, s, engine, *app, end}
	}
	app, err := s.CreateApp(ctx, store.AppDraft{Slug: "bench", Name: "Bench"})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, s, engine, app, end}
}

// script saves a script and returns it as a request would find it.
func (b *bench) script(name, source string, limits store.Limits) *store.Script {
	b.t.Helper()
	draft := store.ScriptDraft{Name: name, Source: source, Kind: store.ScriptEndpoint, Access: store.AccessOpen, Limits: limits}
	script, err := b.store.CreateScript(context.Background(), b.app.ID, draft)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.store.Catalog().Scripts[script.ID]
}

// run executes a script once and fails the test unless it succeeds.
func (b *bench) run(script *store.Script) {
	result := b.engine.Run(context.Background(), helloInvocation(script))
	if result.Err != nil {
		b.t.Fatalf("%s: %+v", script.Name, result.Err)
	}
}

func helloInvocation(script *store.Script) *runtime.Invocation {
	return &runtime.Invocation{
		Script: script, Kind: runtime.KindHTTP, RequestID: "0123456789abcdef",
		Request: &runtime.Request{
			Method: "GET", Path: "/hello", RawTarget: "/hello?name=Ada", Host: "pi", Scheme: "http", RemoteIP: "127.0.0.1",
			Header: http.Header{"User-Agent": {"load"}, "Accept": {"*/*"}}, RawQuery: "name=Ada",
		},
	}
}

// measureLua compares six programs under every limit with a bare, unlimited
// gopher-lua state, in turns, by processor time.
func measureLua(t *testing.T) []figure {
	b := newBench(t)
	files, err := filepath.Glob("testdata/bench/*.lua")
	if err != nil || len(files) != 6 {
		t.Fatal(files, err)
	}
	billion := int64(1_000_000_000)
	product := 1.0
	var each []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		script := b.script(name, string(source), store.Limits{Instructions: &billion})
		ratio := compareLua(t, b, script, string(source))
		each = append(each, fmt.Sprintf("%s %.2f", strings.ReplaceAll(name, "_", " "), ratio))
		product *= ratio
	}
	mean := math.Pow(product, 1.0/float64(len(files)))
	return []figure{{
		what:  "processor time of Lua with every limit on against a bare, unlimited gopher-lua state, geometric mean (" + strings.Join(each, ", ") + ")",
		value: fmt.Sprintf("%.2f×", mean), bar: "at most 1.15×", reached: mean <= 1.15,
	}}
}

const luaRounds = 15

func compareLua(t *testing.T, b *bench, script *store.Script, source string) float64 {
	t.Helper()
	bare := lua.NewState()
	defer bare.Close()
	program, err := bare.LoadString(source)
	if err != nil {
		t.Fatal(err)
	}
	runBare := func() {
		bare.Push(program)
		bare.Call(0, 1)
		bare.SetTop(0)
	}
	runBare()
	b.run(script)
	var ratios []float64
	for range luaRounds {
		ratios = append(ratios, float64(ownProcessorTime(func() { b.run(script) }))/float64(ownProcessorTime(runBare)))
	}
	return median(ratios)
}

// ownProcessorTime is what f costs this process in user and system time, the
// garbage collector's share included.
func ownProcessorTime(f func()) time.Duration {
	usage := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			panic(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := usage()
	f()
	return usage() - before
}

const (
	helloRounds = 100
	helloRuns   = 1000 // in one round; fewer than the log's buffer holds
)

// measureHello measures one execution of the hello script with every limit on.
// The log's buffer is written between the rounds: what that costs is part of
// the figures of HTTP and Log.
func measureHello(t *testing.T) []figure {
	b := newBench(t)
	script := b.script("hello", helloScript, store.Limits{})
	invocation := helloInvocation(script)
	var micros []float64
	for range helloRounds {
		start := time.Now()
		for range helloRuns {
			if r := b.engine.Run(context.Background(), invocation); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		micros = append(micros, time.Since(start).Seconds()*1e6/helloRuns)
		if err := b.store.FlushExecutions(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	result := testing.Benchmark(func(tb *testing.B) {
		tb.ReportAllocs()
		for tb.Loop() {
			if r := b.engine.Run(context.Background(), invocation); r.Err != nil {
				tb.Fatal(r.Err)
			}
		}
	})
	if result.N == 0 {
		t.Fatal("the benchmark did not run")
	}
	half := median(micros)
	return []figure{
		{what: "one hello execution with every limit on (median of 100 rounds of 1,000)", value: fmt.Sprintf("%.2f µs", half), bar: "at most 3 µs", reached: half <= 3},
		{what: "its allocation, the execution record included", value: fmt.Sprintf("%d B in %d", result.AllocedBytesPerOp(), result.AllocsPerOp()), bar: "at most 2 KB", reached: result.AllocedBytesPerOp() <= 2000},
	}
}

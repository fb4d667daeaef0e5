package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
}

func newBench(t testing.TB) *bench {
	t.Helper()
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(ctx, store.Config{
		Dir: t.TempDir(), Logger: logger, Now: time.Now, LogRetentionDays: 14, LogRetentionRows: 1000,
		OnFatal: func(err error) { panic(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defaults := meter.Limits{Instructions: 10_000_000, MemoryBytes: 16 << 20, Wall: 10 * time.Second, StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000}
	ceilings := meter.Limits{Instructions: 1_000_000_000, MemoryBytes: 256 << 20, Wall: 300 * time.Second, StringBytes: 256 << 20, CallDepth: 1000, SDKCalls: 100_000}
	engine := runtime.New(runtime.Config{Store: s, Logger: logger, Modules: sdk.Modules(), Defaults: defaults, Ceilings: ceilings})
	t.Cleanup(func() {
		engine.Close()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	app, err := s.CreateApp(ctx, store.AppDraft{Slug: "bench", Name: "Bench"})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, s, engine, app}
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

// measureLog counts what the execution log costs the card for each 1,000 runs.
func measureLog(t *testing.T) []figure {
	return append(
		logFigures(t, 10, 1000, 2.0, 101),
		logFigures(t, 500, 10_000, 0.45, 4)...)
}

// logFigures runs total hello scripts at a rate per second.
func logFigures(t *testing.T, rate, total int, megabytes float64, syncs int64) []figure {
	b := newBench(t)
	return runFigures(t, b, b.script("hello", helloScript, store.Limits{}),
		runLoad{what: "with a log row alone", rate: rate, total: total, megabytes: megabytes, syncs: syncs})
}

// runLoad is a number of runs at a rate per second, and what 1,000 of them may cost.
type runLoad struct {
	what        string
	rate, total int
	megabytes   float64
	syncs       int64
}

// runFigures counts the bytes that the database writes, and its syncs, while a
// script runs at a rate.
func runFigures(t *testing.T, b *bench, script *store.Script, l runLoad) []figure {
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	bytesBefore, syncsBefore := writtenBytes(t), b.store.WriterStats().Syncs
	// At 500 per second one slow sync must not hold up all that follow.
	slots := make(chan struct{}, 32)
	ticker := time.NewTicker(time.Second / time.Duration(l.rate))
	defer ticker.Stop()
	for range l.total {
		<-ticker.C
		slots <- struct{}{}
		go func() {
			b.run(script)
			<-slots
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	perThousand := float64(l.total) / 1000
	written := float64(writtenBytes(t)-bytesBefore) / 1e6 / perThousand
	synced := float64(b.store.WriterStats().Syncs-syncsBefore) / perThousand
	what := fmt.Sprintf("for each 1,000 runs %s at %d/s", l.what, l.rate)
	return []figure{
		{what: "bytes written " + what, value: fmt.Sprintf("%.2f MB", written), bar: fmt.Sprintf("at most %.2f MB", l.megabytes), reached: written <= l.megabytes},
		{what: "syncs " + what, value: fmt.Sprintf("%.1f", synced), bar: fmt.Sprintf("at most %d", l.syncs), reached: synced <= float64(l.syncs)},
	}
}

// writtenBytes is what this process has passed to the kernel's write calls.
// The counter write_bytes would be nearer to the disk, but where the page cache
// works in large units it counts a whole unit for each 4 KiB that change in it.
func writtenBytes(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("/proc/self/io has no wchar")
	return 0
}

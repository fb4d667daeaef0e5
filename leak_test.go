package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picloud/runtime"
	"picloud/runtime/meter"
	"picloud/runtime/sdk"
	"picloud/store"
)

// leakEngine is a real engine over a real store with the pairs saved in two apps.
type leakEngine struct {
	engine *runtime.Engine
	// poison and observe are by app, then by pair.
	poison, observe [2][]*store.Script
}

func newLeakEngine(t *testing.T) *leakEngine {
	t.Helper()
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, store.Config{
		Dir: t.TempDir(), Logger: logger, Now: time.Now, LogRetentionDays: 1, LogRetentionRows: 100,
		OnFatal: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	e := &leakEngine{engine: runtime.New(runtime.Config{
		Store: db, Logger: logger, Modules: sdk.Modules(), MaxConcurrency: 16,
		Defaults: meter.Limits{
			Instructions: 20_000, MemoryBytes: 1 << 20, Wall: time.Minute, StringBytes: 512 << 10, CallDepth: 200, SDKCalls: 1000,
		},
		Ceilings: meter.Limits{
			Instructions: 1e9, MemoryBytes: 256 << 20, Wall: 5 * time.Minute, StringBytes: 256 << 20, CallDepth: 1000, SDKCalls: 100_000,
		},
	})}
	t.Cleanup(func() {
		e.engine.Close()
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	for app := range 2 {
		e.saveApp(t, db, app)
	}
	return e
}

// saveApp saves every pair and the modules in an app of its own.
func (e *leakEngine) saveApp(t *testing.T, db *store.Store, app int) {
	t.Helper()
	slug := fmt.Sprintf("app-%d", app)
	saved, err := db.CreateApp(t.Context(), store.AppDraft{Slug: slug, Name: slug})
	if err != nil {
		t.Fatal(err)
	}
	save := func(name, source string, kind store.ScriptKind) *store.Script {
		imports, err := e.engine.Check(name, source)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		script, err := db.CreateScript(t.Context(), saved.ID, store.ScriptDraft{
			Name: name, Source: source, Kind: kind, Access: store.AccessOpen, Imports: imports, CreatedBy: "test",
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return db.Catalog().Scripts[script.ID]
	}
	for name, source := range leakModules {
		save(name, source, store.ScriptModule)
	}
	for _, pair := range leakPairs {
		name := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r
			}
			return '-'
		}, pair.name)
		e.poison[app] = append(e.poison[app], save(name+"-poison", pair.poison, store.ScriptEndpoint))
		e.observe[app] = append(e.observe[app], save(name+"-observe", pair.observe, store.ScriptEndpoint))
	}
}

// seen is all that one run shows.
type seen struct {
	Status        int
	Header        []store.HeaderField
	Body          string
	Code, Message string
	Line          int
	Logs          []string
	Dropped       int
}

// run calls a script with a request that no other run has, and returns what
// it shows with the request's own number written as N.
func (e *leakEngine) run(script *store.Script, number int, kind runtime.Kind) seen {
	own := "unique" + strconv.Itoa(number)
	result := e.engine.Run(context.Background(), &runtime.Invocation{
		Script: script, Kind: kind, RequestID: own,
		Request: &runtime.Request{
			Method: "POST", Path: "/pair", RawTarget: "/pair?n=" + own, Host: "pi.local", Scheme: "http", RemoteIP: "192.0.2.1",
			Header:   http.Header{"X-Own": {own}, "Content-Type": {"application/json"}},
			RawQuery: "n=" + own,
			Body:     []byte(`{"own":"` + own + `","list":[1,2,3]}`),
		},
	})
	mine := func(s string) string { return strings.ReplaceAll(s, own, "N") }
	s := seen{Status: result.Status, Body: mine(string(result.Body))}
	for _, field := range result.Header {
		s.Header = append(s.Header, store.HeaderField{Name: field.Name, Value: mine(field.Value)})
	}
	if result.Err != nil {
		s.Code, s.Message, s.Line = result.Err.Code, mine(result.Err.Message), result.Err.Line
	}
	if result.Execution != nil {
		s.Dropped = result.Execution.LogsDropped
		for _, line := range result.Execution.Logs {
			s.Logs = append(s.Logs, line.Level+" "+mine(line.Message)+" "+string(line.Data))
		}
	}
	return s
}

// kindOf alternates between test runs, which hand back their record, and
// requests, which are what a state is pooled for. What they show may differ.
func kindOf(number int) runtime.Kind {
	if number%2 == 0 {
		return runtime.KindTest
	}
	return runtime.KindHTTP
}

// leakRunners are the goroutines that run pairs at the same time.
const leakRunners = 4

// TestNothingLeaksBetweenRuns interleaves poisoners and observers a thousand
// times and compares what each observer sees with what it sees on an engine
// that has run nothing but observers.
func TestNothingLeaksBetweenRuns(t *testing.T) {
	if len(leakPairs) < 25 {
		t.Fatal("too few pairs")
	}
	before := goruntime.NumGoroutine()
	var want leakWants
	t.Run("new engine", func(t *testing.T) { want = observeNew(t) })
	t.Run("interleaved", func(t *testing.T) { interleave(t, &want) })
	waitForGoroutines(t, before)
}

// leakWants is what the observers see on a new engine, by kind, then by pair.
type leakWants [2][]seen

func observeNew(t *testing.T) (want leakWants) {
	e := newLeakEngine(t)
	for kind := range want {
		for _, observer := range e.observe[0] {
			s := e.run(observer, kind, kindOf(kind))
			if strings.Contains(s.Body, "leak") || s.Code != "" && s.Code != "script_error" {
				t.Errorf("%s is no observer: on a new engine it sees %+v", observer.Name, s)
			}
			want[kind] = append(want[kind], s)
		}
	}
	return want
}

func interleave(t *testing.T, want *leakWants) {
	rounds := 1000 / leakRunners
	if testing.Short() {
		rounds = 40 / leakRunners
	}
	e := newLeakEngine(t)
	var running sync.WaitGroup
	for runner := range leakRunners {
		running.Go(func() {
			for round := range rounds {
				number := 2 + (round*leakRunners+runner)*len(leakPairs)
				for pair := range leakPairs {
					e.checkPair(t, pair, number+pair, want)
				}
			}
		})
	}
	running.Wait()
}

// waitForGoroutines fails unless the goroutines of engines and runs have ended
// a second after the engines were closed.
func waitForGoroutines(t *testing.T, most int) {
	t.Helper()
	deadline := time.Now().Add(time.Second)
	for goruntime.NumGoroutine() > most && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := goruntime.NumGoroutine(); n > most {
		stacks := make([]byte, 64<<10)
		t.Errorf("%d goroutines, want at most %d:\n%s", n, most, stacks[:goruntime.Stack(stacks, true)])
	}
}

// checkPair runs one poisoner, then its observer and another pair's, of the
// same app and of the other.
func (e *leakEngine) checkPair(t *testing.T, pair, number int, want *leakWants) {
	app, kind := number%2, number/2%2
	e.run(e.poison[app][pair], number, runtime.KindHTTP)
	for _, observer := range []struct{ app, pair int }{{app, pair}, {1 - app, pair}, {app, (pair + number) % len(leakPairs)}} {
		got := e.run(e.observe[observer.app][observer.pair], number, kindOf(kind))
		if diff := cmp.Diff(want[kind][observer.pair], got); diff != "" && !t.Failed() {
			t.Errorf("after %q the observer of %q sees something else (-new engine +now):\n%s",
				leakPairs[pair].name, leakPairs[observer.pair].name, diff)
		}
	}
}

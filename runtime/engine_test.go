package runtime_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/runtime/sdk"
	"picloud/store"
)

// bench is a real store and a real engine.
type bench struct {
	t      testing.TB
	store  *store.Store
	engine *runtime.Engine
	app    store.App
}

func newBench(t testing.TB, change func(*runtime.Config)) *bench {
	t.Helper()
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	dir, err := os.MkdirTemp("/dev/shm", "engine")
	if err != nil {
		dir = t.TempDir()
	}
	s, err := store.Open(ctx, store.Config{Dir: dir, Logger: logger, Now: time.Now, OnFatal: func(err error) { panic(err) }})
	if err != nil {
		t.Fatal(err)
	}
	config := runtime.Config{Store: s, Logger: logger, Modules: sdk.Modules()}
	if change != nil {
		change(&config)
	}
	engine := runtime.New(config)
	t.Cleanup(func() {
		engine.Close()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	app, err := s.CreateApp(ctx, store.AppDraft{Slug: "home", Name: "Home"})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, store: s, engine: engine, app: app}
}

func (b *bench) save(draft store.ScriptDraft) *store.Script {
	b.t.Helper()
	if draft.Kind == "" {
		draft.Kind = store.ScriptEndpoint
	}
	draft.Access = store.AccessOpen
	script, err := b.store.CreateScript(context.Background(), b.app.ID, draft)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.store.Catalog().Scripts[script.ID]
}

func (b *bench) endpoint(name, source string) *store.Script {
	b.t.Helper()
	return b.save(store.ScriptDraft{Name: name, Source: source})
}

func (b *bench) module(name, source string) *store.Script {
	b.t.Helper()
	return b.save(store.ScriptDraft{Name: name, Source: source, Kind: store.ScriptModule})
}

// try runs a source once as a test run, which hands the record back.
func (b *bench) try(source string, request *runtime.Request) *runtime.Result {
	b.t.Helper()
	name := "try-" + strings.ReplaceAll(strings.ToLower(time.Now().Format("150405.000000000")), ".", "-")
	return b.run(b.endpoint(name, source), request)
}

func (b *bench) run(script *store.Script, request *runtime.Request) *runtime.Result {
	if request == nil {
		request = get("/", "")
	}
	return b.engine.Run(context.Background(), &runtime.Invocation{
		Script: script, Kind: runtime.KindTest, RequestID: "req-1", Request: request,
	})
}

// wantBody runs a source and compares status 200 and the body.
func (b *bench) wantBody(source string, request *runtime.Request, want string) {
	b.t.Helper()
	result := b.try(source, request)
	if result.Err != nil || result.Status != http.StatusOK || string(result.Body) != want {
		b.t.Errorf("%s\n gave %d %q, %v; want %q", source, result.Status, result.Body, result.Err, want)
	}
}

func get(path, query string) *runtime.Request {
	target := path
	if query != "" {
		target += "?" + query
	}
	return &runtime.Request{
		Method: "GET", Path: path, RawTarget: target, RawQuery: query, Host: "pi.local", Scheme: "http", RemoteIP: "192.0.2.7",
		Header: http.Header{},
	}
}

func post(contentType, body string) *runtime.Request {
	request := get("/in", "")
	request.Method = "POST"
	request.Body = []byte(body)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return request
}

func TestContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	request := get("/users/7/x", "name=Ada&tag=a&tag=b&bad=%zz%41&plus=a+b&flag&%6bey=v")
	request.Params = []runtime.Param{{Name: "id", Value: "7"}}
	request.Rest = "x"
	request.Header = http.Header{"X-Twice": {"1", "2"}, "User-Agent": {"probe"}, "Cookie": {`a=1; b="two"; a=3`}}
	for source, want := range map[string]string{
		`return ctx.request.method .. ctx.request.path .. ctx.request.rest`:                                  "GET/users/7/xx",
		`return ctx.request.raw_target`:                                                                      request.RawTarget,
		`return ctx.request.host .. " " .. ctx.request.scheme .. " " .. ctx.request.remote_ip`:               "pi.local http 192.0.2.7",
		`return ctx.request.query.name .. ctx.request.query.tag .. ctx.request.query.key`:                    "Adabv",
		`return ctx.request.query.bad .. ctx.request.query.plus .. ctx.request.query.flag`:                   "%zzAa b",
		`return ctx.request.query_all.tag`:                                                                   `["a","b"]`,
		`return ctx.request.headers["x-twice"] .. ctx.request.headers["User-Agent"]`:                         "1, 2probe",
		`return ctx.request.headers.host`:                                                                    "pi.local",
		`return ctx.request.headers`:                                                                         `{"host":"pi.local","cookie":"a=1; b=\"two\"; a=3","user-agent":"probe","x-twice":"1, 2"}`,
		`return ctx.request.cookies`:                                                                         `{"a":"1","b":"two"}`,
		`return ctx.request.params.id`:                                                                       "7",
		`return tostring(ctx.request.query.nothing) .. tostring(ctx.request.headers.nothing)`:                "nilnil",
		`return { ctx.request.body, ctx.request.body_raw, ctx.request.is_json }`:                             `["","",false]`,
		`return ctx.request_id .. ctx.script_name:sub(1, 3) .. ctx.app .. ctx.invocation_type`:               "req-1tryhometest",
		`return ctx.sdk_version .. " " .. #ctx.execution_id .. " " .. #ctx.script_id`:                        runtime.SDKVersion + " 36 36",
		`return ctx.deadline_ms > 0 and ctx.deadline_ms <= 10000 and ctx.event == nil`:                       "true",
		`local n = {} for k, v in pairs(ctx.request.query) do n[#n + 1] = k end return table.concat(n, ",")`: "name,tag,bad,plus,flag,key",
		`local n = 0 for k in pairs(ctx.request.headers) do n = n + 1 end return n`:                          "4",
	} {
		b.wantBody(source, request, want)
	}
}

func TestContextIsReadOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, source := range []string{
		`ctx.x = 1`, `ctx.request = nil`, `ctx.request.method = "x"`, `ctx.request.headers.a = "b"`, `rawset(ctx, "x", 1)`,
		`rawset(ctx.request.query, "x", 1)`, `table.insert(ctx.request.query, 1)`, `setmetatable(ctx.request.params, {})`, `string.x = 1`, `json.x = 1`,
	} {
		if result := b.try(source, nil); result.Err == nil || result.Err.Code != runtime.CodeScriptError {
			t.Errorf("%s: %+v", source, result.Err)
		}
	}
	b.wantBody(`return { rawget(ctx, "x") == nil, next(ctx.request.query) == nil, #ctx.request.params }`, nil, `[true,true,0]`)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	script := b.endpoint("faulty", "local function f(x)\n  error(x, 0)\nend\nlocal function g() local y = nil; return y.z end\n"+
		"local q = ctx.request.query\nif q.kind == 'table' then f({code = 'no_sensor', message = 'gone'}) end\n"+
		"if q.kind == 'json' then f({a = 1}) end\nif q.kind == 'nil' then f(nil) end\nif q.kind == 'level' then error('up', 1) end\n"+
		"if q.kind == 'mt' then f(setmetatable({}, {__tostring = function() while true do end end})) end\nlocal r = g() return r")
	for kind, want := range map[string]struct {
		message string
		line    int
	}{
		"table": {"no_sensor: gone", 2}, "json": {`{"a":1}`, 2}, "nil": {"nil", 2}, "level": {"faulty:9: up", 9}, "mt": {"{}", 2}, "": {"faulty:4: attempt to index", 4},
	} {
		result := b.run(script, get("/", "kind="+kind))
		if result.Err == nil || result.Status != 502 || result.Err.Code != runtime.CodeScriptError || !strings.HasPrefix(result.Err.Message, want.message) || result.Err.Line != want.line {
			t.Errorf("%s: %d %+v", kind, result.Status, result.Err)
			continue
		}
		recorded := result.Execution.Error
		if recorded.Script != "faulty" || recorded.Line != want.line || !strings.Contains(recorded.Traceback, "faulty:11: in main chunk") && kind == "" {
			t.Errorf("%s: recorded %+v", kind, recorded)
		}
	}
	overflow := b.try(`local function f() return 1 + f() end return f()`, nil)
	if overflow.Status != 502 || overflow.Err.Code != runtime.CodeScriptError || !strings.Contains(overflow.Err.Message, "stack overflow") {
		t.Errorf("endless recursion: %d %+v", overflow.Status, overflow.Err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *runtime.Config) {
		c.Defaults = runtime.DefaultLimits()
		c.Defaults.Instructions = 100_000_000
		c.MaxResponseBytes = 10_000
	})
	few, short := int64(10_000), int64(100)
	limited := b.save(store.ScriptDraft{Name: "few", Source: `while true do pcall(function() while true do end end) end`, Limits: store.Limits{Instructions: &few}})
	for _, c := range []struct {
		script *store.Script
		code   string
		status int
	}{
		{limited, "instruction_limit", 507},
		{b.save(store.ScriptDraft{Name: "slow", Source: `while true do end`, TimeoutMS: &short}), "timeout", 504},
		{b.endpoint("big", `local t = {} while true do t[#t + 1] = string.rep("x", 100000) .. #t end`), "memory_limit", 507},
		{b.endpoint("long", `return #string.rep("x", 5 * 1024 * 1024)`), "memory_limit", 507},
		{b.endpoint("wide", `local t = {} for i = 1, 60 do t = {t, t} end return t`), "invalid_response", 502},
	} {
		result := b.run(c.script, nil)
		if result.Err == nil || result.Err.Code != c.code || result.Status != c.status {
			t.Errorf("%s: %d %+v", c.script.Name, result.Status, result.Err)
		}
		if status := string(result.Execution.Status); c.status != 502 && status != c.code {
			t.Errorf("%s is recorded as %s", c.script.Name, status)
		}
	}
}

func TestCheckLimitsNamesTheCeiling(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	number := func(n int64) *int64 { return &n }
	for field, c := range map[string]struct {
		timeout *int64
		limits  store.Limits
	}{
		"timeout_ms":          {timeout: number(300_001)},
		"limits.instructions": {limits: store.Limits{Instructions: number(1_000_000_001)}},
		"limits.memory_bytes": {limits: store.Limits{MemoryBytes: number(256<<20 + 1)}},
		"limits.call_depth":   {limits: store.Limits{CallDepth: number(1001)}},
		"limits.string_bytes": {limits: store.Limits{StringBytes: number(16<<20 + 1)}},
		"limits.sdk_calls":    {limits: store.Limits{SDKCalls: number(0)}},
	} {
		err := b.engine.CheckLimits(c.timeout, c.limits)
		if err == nil || !strings.Contains(err.Error(), field) || store.KindOf(err) != store.KindInvalid {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := b.engine.CheckLimits(number(300_000), store.Limits{SDKCalls: number(100_000), MemoryBytes: number(64 << 20), StringBytes: number(64 << 20)}); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	imports, err := b.engine.Check("x", `local a = require "one" local c = require("two") return require("one")`)
	if err != nil || strings.Join(imports, " ") != "one two" {
		t.Errorf("imports %v, %v", imports, err)
	}
	_, err = b.engine.Check("x", "local a = 1\nlocal = 2")
	if refused, ok := err.(*runtime.SourceError); !ok || refused.Line != 2 || refused.Column < 1 {
		t.Errorf("a syntax error gives %v", err)
	}
	broken := b.endpoint("broken", "return )")
	if result := b.run(broken, nil); result.Status != 502 || result.Err.Code != runtime.CodeScriptError || result.Err.Line != 1 {
		t.Errorf("a stored script that does not compile: %d %+v", result.Status, result.Err)
	}
}

func TestNothingSurvivesARun(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *runtime.Config) { c.MaxConcurrency = 1 })
	plant := b.endpoint("plant", `x = 1 _G.y = 2 getmetatable = nil string = nil
		pcall(function() ("").z = 1 end) pcall(rawset, ctx, "w", 1) pcall(rawset, ctx.request.query, "w", 1) pcall(rawset, json.null, "w", 1)
		print("mine") return "planted"`)
	probe := b.endpoint("probe", `return { x == nil, y == nil, getmetatable ~= nil, string ~= nil, rawget(ctx, "w") == nil, ctx.request.query.w == nil, next(ctx.request.query) == nil }`)
	for range 20 {
		b.run(plant, nil)
		if result := b.run(probe, nil); string(result.Body) != `[true,true,true,true,true,true,true]` || len(result.Execution.Logs) != 0 {
			t.Fatalf("%s %v %v", result.Body, result.Err, result.Execution.Logs)
		}
	}
}

// Runs of different scripts and apps interleave on few states; none sees
// another's globals, query or log lines.
func TestConcurrentRunsStayApart(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *runtime.Config) { c.MaxConcurrency = 4; c.QueueWait = time.Minute; c.QueueLength = 100 })
	b.module("state", `local kept = {} return kept`)
	script := b.endpoint("echo", `assert(seen == nil) seen = ctx.request.query.n
		local kept = require("state") assert(next(kept) == nil) kept[1] = seen
		print(seen) local ok = pcall(error, "x") coroutine.wrap(function() coroutine.yield(seen) end)()
		if tonumber(seen) % 5 == 0 then error(seen, 0) end
		return seen .. kept[1] .. tostring(ctx.request.headers["x-n"])`)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 60 {
				n := strconv.Itoa(worker*1000 + i)
				request := get("/", "n="+n)
				request.Header.Set("X-N", n)
				result := b.run(script, request)
				want := n + n + n
				if i%5 == 0 {
					want = ""
				}
				if string(result.Body) != want || len(result.Execution.Logs) != 1 || result.Execution.Logs[0].Message != n {
					t.Errorf("run %s gave %q, %v, %v", n, result.Body, result.Err, result.Execution.Logs)
				}
			}
		})
	}
	all.Wait()
}

// A full register stack in a tail call makes gopher-lua panic instead of raising.
func TestRegistryOverflowIsTheScriptsError(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(*runtime.Config) {})
	hundred := strings.Repeat("n, ", 100) // fewer calls until the registers are full
	script := b.endpoint("many", `local function many(n, ...) if n == 0 then return ... end return many(n - 1, `+hundred+`...) end return #{many(1e6)}`)
	result := b.run(script, nil)
	if result.Status != http.StatusBadGateway || result.Err.Code != runtime.CodeScriptError || !strings.Contains(result.Err.Message, "stack overflow") {
		t.Errorf("%d %+v, want a script error about a stack overflow", result.Status, result.Err)
	}
}

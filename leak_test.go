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

// leakPair is a script that tries to leave something behind and one that
// reports what it sees. The observer must see the same as on a new engine.
type leakPair struct {
	name, poison, observe string
}

var leakPairs = []leakPair{
	{
		"string metatable",
		`pcall(function() getmetatable("").__index = function() return "leak" end end)
		 pcall(function() getmetatable("").leak = 1 end)
		 pcall(setmetatable, "", {__index = {leak = 1}})
		 pcall(function() string.leak = 1 end)`,
		`local ok, v = pcall(function() return ("x").leak end)
		 return tostring(getmetatable("")) .. ("x"):upper() .. tostring(ok) .. tostring(v)`,
	},
	{
		"metatables of other types",
		`for _, v in ipairs({1, true, print, coroutine.create(print)}) do
		   pcall(setmetatable, v, {__index = function() return "leak" end, __call = function() return "leak" end})
		 end
		 pcall(setmetatable, nil, {__index = function() return "leak" end})`,
		`local out = {}
		 for _, v in ipairs({1, true, print, coroutine.create(print)}) do
		   out[#out + 1] = tostring(pcall(function() return v.leak end)) .. tostring((pcall(function() return (1)() end)))
		 end
		 return table.concat(out, " ") .. tostring(pcall(function() local x; return x.leak end))`,
	},
	{
		"globals",
		`leak = 1; _G.leak2 = 2; rawset(_G, "leak3", 3)`,
		`return tostring(leak) .. tostring(_G.leak2) .. tostring(rawget(_G, "leak3"))`,
	},
	{
		"globals counted",
		`count = (count or 0) + 1; return tostring(count)`,
		`count = (count or 0) + 1; return tostring(count)`,
	},
	{
		"globals removed",
		`for k in pairs(_G) do _G[k] = nil end
		 _G._G = nil; string = nil; print = nil; require = nil; ctx = nil`,
		`return type(_G._G) .. type(string) .. type(print) .. type(require) .. type(ctx) .. tostring(_G == _G._G)`,
	},
	{
		"base functions replaced",
		`local fake = function() return "leak" end
		 tostring = fake; type = fake; ipairs = fake; pcall = fake; error = fake
		 pcall(rawset, _G, "select", fake)`,
		`local ok, e = pcall(error, "real")
		 return tostring(1) .. type(1) .. select("#", 1, 2) .. tostring(ok) .. tostring(e)`,
	},
	{
		"environment's metatable",
		`pcall(setmetatable, _G, {__index = function(t, k) return "leak" end, __newindex = function() end})
		 pcall(function() getmetatable(_G).__index = function() return "leak" end end)
		 pcall(function() getmetatable(_G).__index.leak = 1 end)`,
		`fresh = 1
		 return tostring(missing) .. tostring(leak) .. tostring(fresh)`,
	},
	{
		"string library",
		`local fake = function() return "leak" end
		 pcall(function() string.upper = fake end)
		 pcall(rawset, string, "upper", fake)
		 pcall(function() string.format = nil end)
		 pcall(setmetatable, string, {__index = {upper = fake}})`,
		`return string.upper("a") .. ("a"):upper() .. string.format("%d", 1) .. tostring(string.leak)`,
	},
	{
		"table library",
		`pcall(table.insert, table, function() return "leak" end)
		 pcall(rawset, table, "insert", function() end)
		 pcall(table.sort, table)
		 pcall(table.remove, table)`,
		`local t = {}
		 table.insert(t, "x")
		 return tostring(table[1]) .. #t .. #table`,
	},
	{
		"math library",
		`pcall(function() math.pi = 3 end)
		 pcall(rawset, math, "huge", 1)
		 pcall(function() getmetatable(math).__index.pi = 3 end)`,
		`return string.format("%.4f", math.pi) .. tostring(math.huge > 1e308)`,
	},
	{
		"all libraries",
		`for _, lib in ipairs({string, table, math, os, coroutine, json, log}) do
		   for name in pairs(lib) do
		     pcall(function() lib[name] = "leak" end)
		     pcall(rawset, lib, name, "leak")
		   end
		   pcall(function() lib.leak = "leak" end)
		   pcall(rawset, lib, 1, "leak")
		 end`,
		`local names = {}
		 for _, lib in ipairs({string, table, math, os, coroutine, json, log}) do
		   for name, value in pairs(lib) do names[#names + 1] = tostring(name) .. "=" .. type(value) end
		   names[#names + 1] = tostring(lib.leak) .. tostring(lib[1])
		 end
		 table.sort(names)
		 return table.concat(names, " ")`,
	},
	{
		"random seed",
		`math.randomseed(42)
		 for i = 1, 10 do math.random() end`,
		`local a = math.random(1, 2^30)
		 math.randomseed(42)
		 for i = 1, 10 do math.random() end
		 return tostring(a == math.random(1, 2^30))`,
	},
	{
		"json constants",
		`pcall(function() json.null.leak = 1 end)
		 pcall(setmetatable, json.null, {__tostring = function() return "leak" end})
		 pcall(function() getmetatable(json.null).__index = {leak = 1} end)`,
		`local ok, v = pcall(function() return json.null.leak end)
		 return json.encode({json.null}) .. tostring(v == 1) .. tostring(json.null == json.decode("null"))`,
	},
	{
		"json arrays' metatable",
		`for _, a in ipairs({json.array(), json.decode("[]"), json.decode("[1]")}) do
		   pcall(function() getmetatable(a).__index = {leak = 1} end)
		   pcall(function() getmetatable(a).leak = 1 end)
		   pcall(rawset, getmetatable(a) or {}, "__newindex", function() end)
		   pcall(setmetatable, a, {__index = {leak = 1}})
		 end`,
		`local a = json.array()
		 a[1] = "x"
		 return json.encode(a) .. json.encode(json.decode("[]")) .. tostring(a.leak) .. tostring(json.decode("[1]").leak)`,
	},
	{
		"json buffers",
		`for i = 1, 20 do json.encode({secret = ("leak"):rep(500)}) end
		 pcall(json.encode, {("leak"):rep(500), print})
		 pcall(json.decode, '["' .. ("leak"):rep(500))`,
		`return json.encode({}) .. json.encode({a = 1}) .. json.encode(json.decode('{"b":[]}'))`,
	},
	{
		"suspended coroutines",
		`keep = {}
		 for i = 1, 20 do
		   local secret = "leak" .. i
		   keep[i] = coroutine.wrap(function(...) coroutine.yield(secret); return secret end)
		   keep[i](secret, secret, secret)
		 end`,
		`local out = {}
		 for i = 1, 5 do
		   local co = coroutine.create(function(...)
		     local a, b, c
		     out[#out + 1] = tostring(a) .. tostring(b) .. tostring(c) .. select("#", ...)
		     return coroutine.yield(i)
		   end)
		   out[#out + 1] = tostring(select(2, coroutine.resume(co)))
		   out[#out + 1] = coroutine.status(co)
		 end
		 return table.concat(out, " ") .. tostring(keep)`,
	},
	{
		"coroutines that died",
		`for i = 1, 20 do
		   pcall(coroutine.wrap(function(...) local a, b, c = "leak", "leak", "leak"; error({leak = a}) end), "leak", "leak")
		 end`,
		`local f = coroutine.wrap(function(a, b, ...)
		   local c, d, e
		   return a, b, c, d, e, select("#", ...)
		 end)
		 local a, b, c, d, e, n = f()
		 return tostring(a) .. tostring(b) .. tostring(c) .. tostring(d) .. tostring(e) .. n`,
	},
	{
		"running coroutine",
		`coroutine.wrap(function() inside = coroutine.running(); coroutine.yield() end)()`,
		`return tostring(coroutine.running()) .. tostring(inside) .. tostring(pcall(coroutine.yield))`,
	},
	{
		"stale registers",
		`local function fill(...)
		   local a, b, c, d, e, f, g, h = "leak", "leak", "leak", "leak", "leak", "leak", "leak", "leak"
		   local n = select("#", ...)
		   if n < 60 then return (fill("leak", ...)) end
		   return a .. b .. c .. d .. e .. f .. g .. h
		 end
		 fill()`,
		`local function empty(a, b, c, d, ...)
		   local e, f, g, h
		   local function inner(x, y, z) local w; return x, y, z, w end
		   local x, y, z, w = inner()
		   return tostring(a) .. tostring(b) .. tostring(c) .. tostring(d) .. tostring(e) .. tostring(f) .. tostring(g)
		     .. tostring(h) .. tostring(x) .. tostring(y) .. tostring(z) .. tostring(w) .. select("#", ...)
		 end
		 return empty()`,
	},
	{
		"stale registers of protected calls",
		`for i = 1, 20 do
		   pcall(function(...) local a, b, c = "leak", {"leak"}, ...; error(b) end, "leak", "leak", "leak")
		   pcall(function(...) local a, b, c = "leak", "leak", "leak"; return a, b, c, ... end, "leak", "leak")
		 end`,
		`local n = select("#", pcall(function() end))
		 local ok, a, b, c = pcall(function(x, y, z) local w; return x, y, w end)
		 return n .. tostring(ok) .. tostring(a) .. tostring(b) .. tostring(c)`,
	},
	{
		"arguments of the chunk",
		`local function f(...) return ... end
		 f("leak", "leak", "leak", "leak", "leak")
		 return "leak", "leak", "leak", "leak"`,
		`return tostring(select("#", ...))`,
	},
	{
		"upvalues",
		`local secret = {"leak"}
		 function getter() return secret end
		 function setter(v) secret = v end
		 pcall(function() setter({"leak"}); error("x") end)`,
		`local n = 0
		 local function add() n = n + 1 end
		 pcall(function() add(); error("x") end)
		 add()
		 return n .. tostring(getter) .. tostring(setter)`,
	},
	{
		"error objects caught",
		`local secret = setmetatable({leak = "leak"}, {__tostring = function() return "leak" end})
		 pcall(error, secret)
		 xpcall(function() error(secret) end, function(e) return e end)`,
		`local ok, e = pcall(error)
		 local ok2, e2 = pcall(error, nil)
		 return tostring(e) .. tostring(e2) .. tostring(select(2, xpcall(function() error("x", 0) end, function(m) return m end)))`,
	},
	{
		"error objects not caught",
		`error(setmetatable({leak = "leak"}, {__tostring = function() return "leak" end}))`,
		`error({message = "own"})`,
	},
	{
		"error messages",
		`local function deep(n) if n == 0 then error("leak") end deep(n - 1) end
		 deep(30)`,
		`local t
		 return t.field`,
	},
	{
		"instruction limit reached",
		`while true do end`,
		`local n = 0
		 for i = 1, 1000 do n = n + i end
		 return tostring(n)`,
	},
	{
		"instructions used",
		`for i = 1, 7000 do local _ = i end`,
		`for i = 1, 7000 do local _ = i end
		 return "enough"`,
	},
	{
		"memory limit reached",
		`local t = {}
		 while true do t[#t + 1] = ("leak"):rep(10000) .. #t end`,
		`local t = {}
		 for i = 1, 500 do t[i] = ("x"):rep(100) .. i end
		 return tostring(#table.concat(t))`,
	},
	{
		"string limit reached",
		`pcall(string.rep, "x", 1e9)`,
		`return tostring(#string.rep("x", 10000))`,
	},
	{
		"stack overflow",
		`local function f() return 1 + f() end
		 pcall(f)
		 coroutine.wrap(function() pcall(f) end)()
		 f()`,
		`local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
		 return tostring(depth(150))`,
	},
	{
		"nesting of protected calls",
		`local function nest(n) if n == 0 then error("x") end local ok, e = pcall(nest, n - 1); error(e, 0) end
		 pcall(nest, 30)
		 local function wrap(n) if n == 0 then error("x") end coroutine.wrap(wrap)(n - 1) end
		 pcall(wrap, 20)
		 nest(30)`,
		`local function nest(n) if n == 0 then return "bottom" end local ok, v = pcall(nest, n - 1); return v end
		 return tostring(nest(30))`,
	},
	{
		"yields where none may be",
		`pcall(coroutine.yield, "leak")
		 pcall(coroutine.wrap(function() pcall(coroutine.yield, "leak") end))
		 pcall(coroutine.wrap(function() table.sort({3, 2, 1}, coroutine.yield) end))
		 pcall(coroutine.wrap(function() return (("x"):gsub("x", coroutine.yield)) end))`,
		`local t = {3, 1, 2}
		 table.sort(t, function(a, b) return a < b end)
		 local f = coroutine.wrap(function(...) local got = coroutine.yield(select("#", ...)); return got end)
		 return table.concat(t) .. tostring(f()) .. tostring(f("own")) .. ("x"):gsub("x", "y")`,
	},
	{
		"comparators and callbacks that fail",
		`pcall(table.sort, {"leak", "leak", "leak"}, function(a, b) error(a) end)
		 pcall(string.gsub, "leak", ".", function(c) error(c) end)
		 iterator = ("leak leak"):gmatch("%a+"); iterator()
		 pcall(table.concat, {"leak", {}})`,
		`local t = {"b", "c", "a"}
		 table.sort(t)
		 local out = {}
		 for w in ("own words"):gmatch("%a+") do out[#out + 1] = w end
		 return table.concat(t) .. table.concat(out, ",") .. (("abc"):gsub("b", {b = "x"})) .. tostring(iterator)`,
	},
	{
		"module's fields",
		`local m = require("shared")
		 m.value = "leak"
		 m.list[1] = "leak"
		 m.text = function() return "leak" end
		 rawset(m, "more", "leak")
		 pcall(setmetatable, m, {__index = function() return "leak" end})`,
		`local m = require("shared")
		 return m.value .. #m.list .. m.text() .. tostring(m.more) .. tostring(m.missing)`,
	},
	{
		"module's upvalues",
		`local m = require("shared")
		 for i = 1, 5 do m.next() end`,
		`local m = require("shared")
		 return tostring(m.next()) .. tostring(require("shared") == m)`,
	},
	{
		"module's globals",
		`require("shared").leave("leak")`,
		`require("shared")
		 return tostring(left)`,
	},
	{
		"module that failed",
		`pcall(require, "broken")
		 require("broken")`,
		`local ok, e = pcall(require, "broken")
		 return tostring(ok) .. tostring(e)`,
	},
	{
		"ctx written to",
		`for _, t in ipairs({ctx, ctx.request, ctx.request.headers, ctx.request.query, ctx.request.params}) do
		   pcall(function() t.leak = "leak" end)
		   pcall(rawset, t, "leak", "leak")
		   pcall(setmetatable, t, {__index = function() return "leak" end})
		   pcall(function() getmetatable(t).__index = function() return "leak" end end)
		 end
		 pcall(function() ctx.request.headers["x-own"] = "leak" end)`,
		`local r = ctx.request
		 return tostring(ctx.leak) .. tostring(r.leak) .. tostring(r.headers.leak) .. tostring(r.query.leak)
		   .. r.headers["x-own"] .. r.query.n`,
	},
	{
		"ctx kept",
		`local c, r, h, q = ctx, ctx.request, ctx.request.headers, ctx.request.query
		 local _ = q.n, h["x-own"], r.body
		 function later() return c.request.query.n .. r.query.n .. h["x-own"] .. q.n end
		 keep = coroutine.wrap(function() coroutine.yield(); return later() end)
		 keep()`,
		`return ctx.request.query.n .. ctx.request.headers["x-own"] .. tostring(later) .. tostring(keep)
		   .. ctx.request.method .. ctx.request.path .. ctx.invocation_type`,
	},
	{
		"request's body changed",
		`local b = ctx.request.body
		 pcall(function() b.list[1] = "leak"; b.leak = "leak"; b.list = nil end)
		 pcall(setmetatable, b, {__index = function() return "leak" end})`,
		`return json.encode(ctx.request.body) .. ctx.request.body_raw`,
	},
	{
		"log buffer",
		`for i = 1, 300 do log.info("leak " .. i, {leak = i}) end
		 print("leak")`,
		`log.warn("own", {n = 1})
		 return "logged"`,
	},
	{
		"response",
		`return {statusCode = 418, headers = {["X-Leak"] = "leak", ["Content-Type"] = "text/leak"}, body = "leak"}`,
		`return {own = true}`,
	},
	{
		"invalid response",
		`return {statusCode = 200, headers = {["X-Leak"] = "leak"}, body = {print}}`,
		`return nil`,
	},
	{
		"dates",
		`local d = os.date("*t", 0)
		 d.year = "leak"; d.leak = 1
		 pcall(function() os.leak = 1 end)
		 pcall(function() os.time = function() return "leak" end end)`,
		`local d = os.date("!*t", 0)
		 return d.year .. "-" .. d.month .. tostring(d.leak) .. tostring(os.leak) .. type(os.time())`,
	},
	{
		"garbage collector",
		`pcall(collectgarbage, "stop")
		 pcall(collectgarbage, "setpause", 1)`,
		`return type(collectgarbage("count"))`,
	},
	{
		"weak tables and finalizers",
		`cache = setmetatable({}, {__mode = "k", __gc = function() leak = "leak" end})
		 cache[{}] = "leak"
		 cache = nil`,
		`return tostring(leak) .. tostring(cache)`,
	},
	{
		"what globals lead to",
		`for _, name in ipairs({"_G", "ctx", "string", "table", "math", "os", "coroutine", "json", "log", "print", "pairs"}) do
		   local value = _G[name]
		   if type(value) == "table" then
		     pcall(function() value.leak = "leak" end)
		     pcall(rawset, value, "leak", "leak")
		     pcall(table.insert, value, "leak")
		     for _, inner in pairs(value) do pcall(rawset, inner, "leak", "leak") end
		   end
		 end
		 for _, value in pairs(_G) do pcall(rawset, value, "leak", "leak") end`,
		`local seen = {}
		 for _, name in ipairs({"_G", "ctx", "string", "table", "math", "os", "coroutine", "json", "log", "print", "pairs"}) do
		   local value = _G[name]
		   seen[#seen + 1] = name .. type(value)
		   if type(value) == "table" then seen[#seen + 1] = tostring(value.leak) .. #value end
		 end
		 return table.concat(seen, " ")`,
	},
}

// leakModules are what the pairs require.
var leakModules = map[string]string{
	"shared": `local n = 0
		return {
		  value = "own", list = {}, text = function() return "own" end,
		  next = function() n = n + 1; return n end,
		  leave = function(v) left = v; _G.left = v end,
		}`,
	"broken": `half = {"leak"}; error("broken: " .. tostring(leaked)); leaked = 1`,
}

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

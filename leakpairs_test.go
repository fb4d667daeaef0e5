package main_test

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

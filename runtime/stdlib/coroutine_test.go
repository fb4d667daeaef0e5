package stdlib_test

import "testing"

func TestCoroutine(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`local c = coroutine.create(function(a, b) local x, y = coroutine.yield(a + b) local z = coroutine.yield(x, y) return z, "end" end)
			local r = coroutine.resume
			return select(2, r(c, 1, 2)), select(2, r(c, 3)), select("#", r(c, 5)), coroutine.status(c), r(c)`, "3,3,3,dead,false,cannot resume dead coroutine"},
		// The registers of missing results must be nil, and what follows must not be overwritten.
		{`local mt = setmetatable({}, {__add = function(a, b) return 7 end})
			local c = coroutine.wrap(function() local a, b, c, d = coroutine.yield() local s = mt + mt return a, b, c, d, s end)
			c() return c(1)`, "1,nil,nil,nil,7"},
		{`local c = coroutine.wrap(function() return select("#", coroutine.yield()), 9 end) c() return c(1, 2, 3)`, "3,9"},
		{`local c = coroutine.wrap(function() local t = {coroutine.yield()} return #t end) c() return c(1, 2, 3)`, "3"},
		{`local c = coroutine.wrap(function() coroutine.yield() end) return select("#", c()), select("#", c())`, "0,0"},
		{`local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
			local s = 0 for v in gen(10) do s = s + v end return s`, "55"},
		{`coroutine.wrap(string.rep)("ab", 2)`, "abab"},
		{`coroutine.resume(coroutine.create(print))`, "true"},
		{`local ok, e = pcall(coroutine.wrap(function() error("x") end)) return ok, e`, "false,script:1: x"},
		{`local t = {} local ok, e = pcall(coroutine.wrap(function() error(t) end)) return e == t`, "true"},
		{`coroutine.resume(coroutine.create(function() error("x", 0) end))`, "false,x"},
		{`coroutine.running(), pcall(coroutine.running)`, "nil,true,nil"},
		{`local c c = coroutine.create(function()
			local ok, same = pcall(function() return coroutine.running() == c end)
			return same, coroutine.status(c), pcall(coroutine.status, c) end)
			return coroutine.resume(c)`, "true,true,running,true,running"},
		{`local c c = coroutine.create(function() return coroutine.resume(c) end) return coroutine.resume(c)`, "true,false,cannot resume non-suspended coroutine"},
		{`local a a = coroutine.create(function() local b = coroutine.wrap(function() return coroutine.status(a), coroutine.resume(a) end) return b() end)
			return coroutine.resume(a)`, "true,normal,false,cannot resume non-suspended coroutine"},
		{`coroutine.status(coroutine.create(print))`, "suspended"},
		{`pcall(coroutine.yield, 1)`, "false,attempt to yield from outside a coroutine"},
		{`local c = coroutine.create(function() return pcall(coroutine.yield, 1) end) return coroutine.resume(c)`,
			"true,false,attempt to yield across metamethod/C-call boundary"},
		{`local c = coroutine.create(function() return pcall(table.sort, {2, 1}, coroutine.yield) end) return coroutine.resume(c)`,
			"true,false,attempt to yield across metamethod/C-call boundary"},
		{`local c = coroutine.create(function() return ("x"):gsub("x", function() coroutine.yield() end) end)
			local ok, e = coroutine.resume(c) return ok, e`, "false,script:1: attempt to yield across metamethod/C-call boundary"},
		{`local m = setmetatable({}, {__index = function(t, k) return coroutine.yield(k) end})
			local c = coroutine.create(function() local v = m.x return v end)
			local ok, e = coroutine.resume(c) return ok, (e:gsub("^.-: ", ""))`, "false,attempt to yield across metamethod/C-call boundary"},
		{`local c = coroutine.create(function() for x in function() local y = coroutine.yield() return y end do end end)
			local ok, e = coroutine.resume(c) return ok, (e:gsub("^.-: ", ""))`, "false,attempt to yield across metamethod/C-call boundary"},
		{`local c = coroutine.create(function() local function deep(n) if n == 0 then local v = coroutine.yield("in") return v end local r = deep(n - 1) return r end return deep(50) end)
			local _, a = coroutine.resume(c) local _, b = coroutine.resume(c, "out") return a, b`, "in,out"},
		{`local log = {} local c = coroutine.create(function() local ok, e = pcall(error, "x") log[1] = tostring(ok) coroutine.yield(1) log[2] = "after" end)
			coroutine.resume(c) coroutine.resume(c) return log[1], log[2]`, "false,after"},
		{`pcall(coroutine.create, 1)`, "false,bad argument #1 to 'create' (function expected, got number)"},
		{`pcall(coroutine.resume, 1)`, "false,bad argument #1 to 'resume' (coroutine expected)"},
		{`local n = 0 for i = 1, 300 do local c = coroutine.wrap(function() coroutine.yield(i) end) n = n + c() end return n`, "45150"},
	})
}

package stdlib_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
	"picloud/runtime/stdlib"
)

func TestBase(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`tostring(12), tostring(1.5), tostring(nil), tostring(true)`, "12,1.5,nil,true"},
		{`tostring(1e15), tostring(1e14), tostring(99999999999999), tostring(2^53), tostring(0.1), tostring(-1e100)`,
			"1e+15,1e+14,99999999999999,9.007199254741e+15,0.1,-1e+100"},
		{`tostring(1/0), tostring(-1/0), tostring(0/0)`, "inf,-inf,nan"},
		{`tostring(setmetatable({}, {__tostring = function() return "me" end}))`, "me"},
		{`pcall(tostring, setmetatable({}, {__tostring = function() return {} end}))`, "false,'__tostring' must return a string"},
		{`pcall(tostring)`, "false,bad argument #1 to 'tostring' (value expected)"},
		{`tonumber("0x1F"), tonumber(" 12 "), tonumber("1e1"), tonumber("-0x10"), tonumber(".5"), tonumber("5."), tonumber("0x.8"), tonumber("0x1p4")`,
			"31,12,10,-16,0.5,5,0.5,16"},
		{`tonumber("1_0"), tonumber("inf"), tonumber("nan"), tonumber(""), tonumber("1 2"), tonumber("0x"), tonumber("- 1"), tonumber({}), tonumber("--1")`,
			"nil,nil,nil,nil,nil,nil,nil,nil,nil"},
		{`tonumber("zz", 36), tonumber("ff", 16), tonumber("0xff", 16), tonumber("-ff", 16), tonumber("8", 8), tonumber("1e1", 16), tonumber("777", 8), tonumber(10, 16)`,
			"1295,255,255,1.844674407371e+19,nil,481,511,16"},
		{`pcall(tonumber, "1", 1)`, "false,bad argument #2 to 'tonumber' (base out of range)"},
		{`type(nil), type({}), type(type), type(""), type(1), type(true), type(coroutine.create(function() end))`,
			"nil,table,function,string,number,boolean,thread"},
		{`select("#"), select("#", nil, nil), select(2, "a", "b", "c")`, "0,2,b,c"},
		{`select(-1, "a", "b")`, "b"},
		{`pcall(select, 0)`, "false,bad argument #1 to 'select' (index out of range)"},
		{`unpack({1, 2, 3}, 2)`, "2,3"},
		{`unpack({1, nil, 3}, 1, 3)`, "1,nil,3"},
		{`pcall(unpack, {}, 1, 1e8)`, "false,too many results to unpack"},
		{`local n = 0 for k, v in pairs({1, 2, x = 3}) do n = n + v end return n`, "6"},
		{`local n = 0 for i, v in ipairs({5, 6, nil, 7}) do n = n + i * v end return n`, "17"},
		{`rawequal("a", "a"), rawget({5}, 1), rawget(setmetatable({}, {__index = {x = 1}}), "x")`, "true,5,nil"},
		{`local t = setmetatable({}, {__newindex = function() end}) rawset(t, "a", 1) return t.a`, "1"},
		{`pcall(rawset, {}, nil, 1)`, "false,table index is nil"},
		{`next({})`, "nil"},
		{`next({10})`, "1,10"},
		{`assert(1, "x")`, "1,x"},
		{`pcall(assert, false)`, "false,assertion failed!"},
		{`local ok, e = pcall(assert, nil, {1}) return ok, type(e)`, "false,table"},
		{`collectgarbage("count") >= 0, collectgarbage(), collectgarbage("step")`, "true,0,0"},
		{`pcall(collectgarbage, "x")`, "false,bad argument #1 to 'collectgarbage' (invalid option 'x')"},
		{`_VERSION, require("m"), sample.answer, sample.double(4)`, "Lua 5.1,module m,42,8"},
		{`pcall(setmetatable, 1, {})`, "false,bad argument #1 to 'setmetatable' (table expected, got number)"},
		{`pcall(setmetatable, {}, 1)`, "false,bad argument #2 to 'setmetatable' (nil or table expected)"},
		{`pcall(setmetatable, setmetatable({}, {__metatable = 1}), {})`, "false,cannot change a protected metatable"},
		{`getmetatable(setmetatable({}, {__metatable = 7}))`, "7"},
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`local ok, e = pcall(function() error("x") end) return e`, "script:1: x"},
		{"local function f() error('x', 2) end\nlocal ok, e = pcall(function()\nf() end) return e", "script:3: x"},
		{`local ok, e = pcall(function() error("x", 0) end) return e`, "x"},
		{`local ok, e = pcall(function() error(12) end) return e`, "script:1: 12"},
		{`pcall(error)`, "false,nil"},
		{`pcall(error, "x")`, "false,x"},
		{`local t = {} local ok, e = pcall(error, t) return e == t`, "true"},
		{`pcall(function() return 1, nil, 3 end)`, "true,1,nil,3"},
		{`select("#", pcall(function() end))`, "1"},
		{`select("#", pcall(function() return nil end))`, "2"},
		{`select("#", pcall(print))`, "1"},
		{`pcall(nil)`, "false,attempt to call a nil value"},
		{`pcall(setmetatable({}, {__call = function(self, a) return a + 1 end}), 4)`, "true,5"},
		{`pcall(string.rep)`, "false,bad argument #1 to 'rep' (string expected, got no value)"},
		{"local ok, e = pcall(function()\nstring.rep() end) return e", "script:2: bad argument #1 to 'rep' (string expected, got no value)"},
		{`local n = 0 local function inc() n = n + 1 end pcall(error, "x") inc() return n`, "1"},
		{`local f = {} local ok = pcall(function() local x = 5 f.get = function() x = x + 1 return x end error("x") end) return f.get(), f.get()`, "6,7"},
		{`xpcall(function() error("x", 0) end, function(e) return "<" .. e .. ">" end)`, "false,<x>"},
		{`xpcall(function(...) return ... end, print, 1, 2)`, "true,1,2"},
		{`xpcall(error, function() error("again") end)`, "false,error in error handling"},
		{`select("#", xpcall(error, function() end))`, "2"},
		{`pcall(xpcall)`, "false,bad argument #2 to 'xpcall' (value expected)"},
	})
}

func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	got, failure := m.run(`
		local deepest
		local function f(n) deepest = n local ok, e = pcall(f, n + 1) if not ok then error(e, 0) end end
		local ok, e = pcall(f, 1) return ok, e, deepest <= 60`)
	if failure != nil || got != "false,stack overflow (too many nested pcall and coroutine levels),true" {
		t.Errorf("got %q, %v", got, failure)
	}
	got, _ = m.run(`local function f() return 1 + f() end local ok, e = pcall(f) return ok, e`)
	if !strings.HasPrefix(got, "false,") || !strings.Contains(got, "stack overflow") {
		t.Errorf("got %q", got)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.run(`print("a", 1, nil, true) print() print(setmetatable({}, {__tostring = function() return "t" end}))`)
	if got := strings.Join(m.lines, "|"); got != "a\t1\tnil\ttrue||t" {
		t.Errorf("got %q", got)
	}
}

func TestGoneNames(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, name := range []string{
		"io", "debug", "dofile", "loadfile", "load", "loadstring", "package", "newproxy", "module", "getfenv", "setfenv",
		"_printregs", "channel", "os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale",
		"string.dump", "gcinfo",
	} {
		m.expect(t, "return "+name, "nil")
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, table := range []string{"string", "table", "math", "coroutine", "os", "sample"} {
		for _, attack := range []string{
			"T.x = 1", "T.upper = 1", "rawset(T, 'x', 1)", "table.insert(T, 1)", "table.insert(T, 1, 1)", "table.remove(T)",
			"table.sort(T)", "setmetatable(T, {})", "setmetatable(T, nil)",
		} {
			source := strings.ReplaceAll("local ok, e = pcall(function() "+attack+" end) return ok, e", "T", table)
			want := "false,script:1: attempt to change a read-only table"
			if strings.Contains(attack, " = ") {
				want = "false,script:1: attempt to change '" + table + "', which is read-only"
			}
			m.expect(t, source, want)
		}
		m.expect(t, "return getmetatable("+table+")", "false")
		m.expect(t, "local n = 0 for k, v in pairs("+table+") do n = n + 1 end return n > 0", "true")
	}
	m.expect(t, `return getmetatable("")`, "false")
	m.expect(t, `local n = 0 for k in next, string do n = n + 1 end return n, rawget(string, "len") == string.len`, "13,true")
	m.expect(t, `return getmetatable(_G), pcall(setmetatable, _G, {})`, "false,false,cannot change a protected metatable")
	m.expect(t, `print = 5 string = 6 return print, string`, "5,6")
	m.expect(t, `return type(print), type(string)`, "function,table")
	if err := m.lib.AddGlobal("late", nil); err == nil {
		t.Error("a sealed library took a global")
	}
}

// States on several goroutines share one library.
func TestSharedByGoroutines(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				got, _ := m.execute(`local n = 0
					for k, v in pairs(string) do n = n + 1 end
					pcall(function() string.x = 1 end)
					for w in ("a b c"):gmatch("%a") do n = n + #w:upper():rep(2) end
					local c = coroutine.wrap(string.format)
					return n, c("%d", 7), pcall(math.floor, 1.5)`)
				if got != "19,7,true,1" {
					t.Errorf("got %q", got)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestNestedModuleTables(t *testing.T) {
	t.Parallel()
	lib, err := stdlib.New(stdlib.Hooks{
		Print: func(*lua.LState, string) {}, Random: func(*lua.LState) *stdlib.Random { return nil }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	inner := (&lua.LState{}).CreateTable(0, 1)
	inner.RawSetString("x", lua.LNumber(1))
	if err := lib.AddModule("outer", map[string]lua.LValue{"inner": inner}); err != nil {
		t.Fatal(err)
	}
	if err := lib.AddModule("outer", nil); err == nil {
		t.Error("a taken name was taken again")
	}
	m := newMachine(t)
	m.lib = lib
	m.expect(t, `outer.inner.x, pcall(function() outer.inner.x = 2 end)`, "1,false,script:1: attempt to change 'outer.inner', which is read-only")
	if _, err := stdlib.New(stdlib.Hooks{}); err == nil {
		t.Error("hooks are required")
	}
}

// What only Go code holds while a callback runs counts as memory of the script.
func TestNestedBuffersCount(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.limits.Wall = time.Minute
	answer, failure := m.run(`local big = ("x"):rep(3e6) .. "!"
		local function f(depth)
			if depth == 0 then return "done" end
			big:gsub("!", function() f(depth - 1) end)
			return "deep"
		end
		return f(12)`)
	if failure == nil || failure.Cause != meter.CauseMemory {
		t.Errorf("got %q, %v", answer, failure)
	}
	m.expect(t, `local s = ("x"):rep(1e6) for i = 1, 30 do local it = s:gmatch("x") it() end return "ok"`, "ok")
	_, failure = m.run(`local keep = {} for i = 1, 100 do keep[i] = (("x"):rep(1e6)):gmatch("y") end return #keep`)
	if failure == nil || failure.Cause != meter.CauseMemory {
		t.Errorf("subjects of iterators are not counted: %v", failure)
	}
}

// No limit can be caught, on any path through the library.
func TestLimitsAreSticky(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.limits.Wall = time.Minute
	m.limits.Instructions = 200_000
	spin := "local function spin() while true do end end "
	for _, source := range []string{
		"pcall(spin)", "xpcall(spin, function() end)", "pcall(pcall, spin)", "xpcall(error, spin)",
		"while true do pcall(error) end", "local c = coroutine.wrap(spin) pcall(c)", "coroutine.resume(coroutine.create(spin))",
		"pcall(table.sort, {3, 2, 1}, spin)", "pcall(string.gsub, 'abc', '.', spin)",
		"pcall(function() return setmetatable({}, {__index = spin}).x end)", "pcall(tostring, setmetatable({}, {__tostring = spin}))",
		"for i = 1, 1e9 do coroutine.wrap(math.abs)(1) end",
		`pcall(string.find, ("a"):rep(30000), ".-.-.-.-b")`, `pcall(string.match, ("a"):rep(30), ("a?"):rep(30) .. ("a"):rep(31))`,
		`pcall(string.gsub, ("a"):rep(30000), ".-.-b", "")`, `for x in ("a"):rep(30000):gmatch(".-.-.-b") do end`,
		`local t = {} for i = 1, 20000 do t[i] = -i end table.sort(t, rawequal)`,
		`local t = {} for i = 1, 10000 do t[i] = i end while true do table.insert(t, 1, 1) table.remove(t, 1) end`,
		`local t = {} for i = 1, 7000 do t[i] = i end while true do local x = unpack(t) end`,
		`while true do local x = ("x"):rep(100000):upper():reverse() end`,
		`os.date(("%d"):rep(500000))`, `local t = {} for i = 1, 99 do t[i] = i end while true do string.format(("%d"):rep(99), unpack(t)) end`,
	} {
		_, failure := m.run(spin + source + " while true do end")
		if failure == nil {
			t.Errorf("%s: no failure", source)
		}
		answer, failure := m.run(spin + source + " return 'survived'")
		if strings.Contains(answer, "survived") {
			t.Errorf("%s: %s, %v", source, answer, failure)
		}
	}
}

func TestMemoryIsRefusedBefore(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, source := range []string{
		`("x"):rep(4194305)`, `("x"):rep(1e9)`, `("x"):rep(1e300)`, `local s = "x" while true do s = string.format("%s%s", s, s) end`,
		`local t = {} for i = 1, 60 do t[i] = ("x"):rep(1e6) end return table.concat(t)`,
		`("x"):rep(1e6):gsub("x", ("y"):rep(1000))`, `("x"):rep(1e5):gsub("", function() return ("y"):rep(1000) end)`,
		`table.concat({"a", "b"}, ("x"):rep(3e6), 1, 2) .. ("x"):rep(4e6)`,
		`local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end`,
		`local s = ("%q"):rep(1) return string.format(s, ("\n"):rep(3e6))`,
		`print(("x"):rep(3e6), ("x"):rep(3e6))`,
	} {
		answer, failure := m.run(source)
		if failure == nil || failure.Cause != meter.CauseMemory {
			t.Errorf("%s: %.60s, %v", source, answer, failure)
		}
	}
}

package stdlib_test

import (
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`table.concat({1, 2.5, "x"}, ","), table.concat({}), table.concat({1, 2, 3}, "-", 2), table.concat({1, 2, 3}, "-", 2, 2)`, "1,2.5,x,,2-3,2"},
		{`pcall(table.concat, {1, {}, 3})`, "false,invalid value (table) at index 2 in table for 'concat'"},
		{`pcall(table.concat, {}, "", 1, 1e9)`, "false,invalid value (nil) at index 1 in table for 'concat'"},
		{`local t = {} for i = 1, 9000 do t[i] = "x" end return #table.concat(t)`, "9000"},
		{`local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4) table.insert(t, 1, 0) return table.concat(t, ",")`, "0,1,2,3,4"},
		{`local t = {} table.insert(t, 5, "x") return t[5], #t == 5 or #t == 0`, "x,true"},
		{`pcall(table.insert, {})`, "false,wrong number of arguments to 'insert'"},
		{`pcall(table.insert, {}, 1, 2, 3)`, "false,wrong number of arguments to 'insert'"},
		{`pcall(table.insert, {}, 0, 2)`, "false,bad argument #2 to 'insert' (position out of bounds)"},
		{`pcall(table.insert, nil, 1)`, "false,bad argument #1 to 'insert' (table expected, got nil)"},
		{`local t = {1, 2, 3} return table.remove(t, 1), table.remove(t), #t, table.remove(t, 5), select("#", table.remove({}))`, "1,3,1,nil,0"},
		{`local t = {3, 1, 2} table.sort(t) return unpack(t)`, "1,2,3"},
		{`local t = {"b", "a", "C"} table.sort(t, function(a, b) return a:lower() > b:lower() end) return unpack(t)`, "C,b,a"},
		{`pcall(table.sort, {3, 1, "x"})`, "false,attempt to compare string with number"},
		{`pcall(table.sort, {{}, {}})`, "false,attempt to compare two table values"},
		{`pcall(table.sort, {3, 2, 1, 4, 5}, function() return true end)`, "false,invalid order function for sorting"},
		{`local mt = {__lt = function(a, b) return a.v < b.v end} local a, b = setmetatable({v = 2}, mt), setmetatable({v = 1}, mt)
			local t = {a, b} table.sort(t) return t[1].v, t[2].v`, "1,2"},
		{`local t = {} for i = 1, 2000 do t[i] = (i * 7919) % 2003 end table.sort(t) for i = 2, #t do if t[i-1] > t[i] then return "bad" end end return "ok"`, "ok"},
		{`table.getn({1, 2}), table.maxn({1, 2, [10.5] = 1}), table.maxn({})`, "2,10.5,0"},
		{`table.foreach({x = 1}, function(k, v) return k end), table.foreachi({5, 6}, function(i, v) if v == 6 then return i end end)`, "x,2"},
	})
}

func TestMath(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`math.floor(-1.5), math.ceil(1.2), math.abs(-3), math.sqrt(16), math.max(1, 5, 3), math.min(4, 2), math.huge, math.pi`, "-2,2,3,4,5,2,inf,3.1415926535898"},
		{`math.fmod(-5, 3), math.mod(7, 4), math.modf(-3.7)`, "-2,3,-3,-0.7"},
		{`math.modf(1/0)`, "inf,0"},
		{`math.frexp(8), math.ldexp(1, 4), math.pow(2, 10), math.log10(1000) == 3, math.exp(0), math.log(1), math.deg(math.pi), math.rad(180)`, "0.5,16,1024,true,1,0,180,3.1415926535898"},
		{`math.frexp(8)`, "0.5,4"},
		{`math.sin(0), math.cos(0), math.tan(0), math.atan2(0, 1), math.sinh(0), math.cosh(0), math.tanh(0), math.asin(0), math.acos(1), math.atan(0)`, "0,1,0,0,0,1,0,0,0,0"},
		{`math.floor("1.5")`, "1"},
		{`pcall(math.floor, "x")`, "false,bad argument #1 to 'floor' (number expected, got string)"},
		{`pcall(math.max)`, "false,bad argument #1 to 'max' (number expected, got no value)"},
		{`pcall(math.random, 0)`, "false,bad argument #1 to 'random' (interval is empty)"},
		{`pcall(math.random, 2, 1)`, "false,bad argument #2 to 'random' (interval is empty)"},
		{`pcall(math.random, 1, 2, 3)`, "false,wrong number of arguments"},
		{`for i = 1, 1000 do local a, b, c = math.random(), math.random(6), math.random(-2, 2)
			if a < 0 or a >= 1 or b < 1 or b > 6 or b % 1 ~= 0 or c < -2 or c > 2 then return "bad" end end return "ok"`, "ok"},
		{`math.randomseed(7) local a = math.random() math.randomseed(7) return a == math.random()`, "true"},
	})
}

func TestOS(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone database")
	}
	m.now = func() time.Time { return time.Unix(1e9, 0).In(berlin) }
	for _, e := range []example{
		{`os.time()`, "1000000000"},
		{`os.date()`, "Sun Sep  9 03:46:40 2001"},
		{`os.date("!%c|%x|%X|%p|%j|%U|%w|%W|%y|%a %A %b %B|%d %H %I %m %M %S %Y %Z %%", 1e9)`,
			"Sun Sep  9 01:46:40 2001|09/09/01|01:46:40|AM|252|36|0|36|01|Sun Sunday Sep September|09 01 01 09 46 40 2001 GMT %"},
		{`os.date("!%C %D %e %F %g %G %h %r %R %T %u %V %z", 1e9)`, "20 09/09/01  9 2001-09-09 01 2001 Sep 01:46:40 AM 01:46 01:46:40 7 36 +0000"},
		{`os.date("%H %Z %z")`, "03 CEST +0200"},
		{`os.date("%Q %")`, "%Q %"},
		{`local d = os.date("*t") return d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst`, "2001,9,9,3,46,40,1,252,true"},
		{`os.date("!*t", 0).year, os.date("!%Y", 1e18), os.date("!%Y", -1)`, "1970,nil,1969"},
		{`os.time({year = 2001, month = 9, day = 9, hour = 3, min = 46, sec = 40})`, "1000000000"},
		{`os.time({year = 2020, month = 14, day = -3, hour = 0})`, "1611788400"},
		{`os.time({year = 2001, month = 1, day = 1, isdst = true}) - os.time({year = 2001, month = 1, day = 1})`, "-3600"},
		{`pcall(os.time, {})`, "false,field 'day' missing in date table"},
		{`pcall(os.time, {year = 1e300, month = 1, day = 1})`, "false,field 'year' is out of bounds in date table"},
		{`os.difftime(10, 4), os.clock() >= 0 and os.clock() < 60`, "6,true"},
	} {
		m.expect(t, e.source, e.want)
	}
}

package stdlib_test

import "testing"

func TestString(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(4, 2), ("hello"):sub(-100, 100), ("hello"):sub(0)`, "el,llo,,hello,hello"},
		{`("hello"):byte(), ("hello"):byte(-1), ("abc"):byte(1, -1)`, "104,111,97,98,99"},
		{`select("#", ("abc"):byte(10))`, "0"},
		{`pcall(string.byte, ("x"):rep(1e5), 1, -1)`, "false,string slice too long"},
		{`string.char(72, 105), string.char()`, "Hi,"},
		{`pcall(string.char, 256)`, "false,bad argument #1 to 'char' (invalid value)"},
		{`("äBc"):upper(), ("ÄBc"):lower(), ("ABC"):lower(), ("abc"):upper()`, "äBC,Äbc,abc,ABC"},
	})
}

func TestStringMore(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`("abc"):reverse(), (""):reverse(), ("abc"):len(), #"abc", string.len(123)`, "cba,,3,3,3"},
		{`("ab"):rep(3), ("ab"):rep(0), ("ab"):rep(-1), (""):rep(1e9)`, "ababab,,,"},
		{`pcall(string.rep, {}, 1)`, "false,bad argument #1 to 'rep' (string expected, got table)"},
		{`string.rep(1.5, "2")`, "1.51.5"},
		{`("hello"):find("l"), ("hello"):find("l", 4), ("hello"):find("xyz"), ("a.b"):find(".", 2, true), ("a.b"):find("")`, "3,4,nil,2,1,0"},
		{`("abc"):find("b", -1), ("abc"):find("", 4), ("abc"):find("", 5)`, "nil,4,4,3"},
		{`("key=val"):match("(%w+)=(%w+)")`, "key,val"},
		{`("abc"):match("()b()"), ("abc"):match(".-")`, "2,"},
		{`local o = "" for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do o = o .. k .. v end return o`, "a1b2"},
		{`local n = 0 for w in ("abc"):gmatch("") do n = n + 1 end return n`, "4"},
		{`("abc"):gsub("%w", "%0%0"), ("abc"):gsub("", "-"), ("hello world"):gsub("o", "0", 1)`, "aabbcc,-a-b-c-,hell0 world,1"},
		{`("abc"):gsub("%w*", "x")`, "xx,2"},
		{`("$name is $age"):gsub("%$(%w+)", {name = "Bob", age = 3})`, "Bob is 3,2"},
		{`("abc"):gsub(".", function(c) if c == "b" then return false end return c:upper() end)`, "AbC,3"},
		{`("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x")`, "xbc,xaa,1"},
		{`("abc"):gsub("b", "%%")`, "a%c,1"},
		{`pcall(string.gsub, "abc", "b", "%2")`, "false,invalid capture index"},
		{`pcall(string.gsub, "abc", "b", function() return {} end)`, "false,invalid replacement value (a table)"},
		{`pcall(string.gsub, "a", "a", true)`, "false,bad argument #3 to 'gsub' (string/function/table expected)"},
		{`pcall(string.find, "a", "%")`, "false,malformed pattern (ends with '%')"},
	})
}

func TestFormat(t *testing.T) {
	t.Parallel()
	runExamples(t, []example{
		{`string.format("%5.1f|%-5d|%05d|%+d|% d|%x|%#x|%X", 3.14159, 42, 42, 42, 42, 255, 255, 255)`, "  3.1|42   |00042|+42| 42|ff|0xff|FF"},
		{`string.format("%g|%e|%G|%.3g|%10.2e", 1e20, 1.5, 1e-10, 1234567, 0.00012)`, "1e+20|1.500000e+00|1E-10|1.23e+06|  1.20e-04"},
		{`string.format("%10s|%-10s|%.2s|%s|%s", "hi", "hi", "hello", 1.5, nil)`, "        hi|hi        |he|1.5|nil"},
		{`string.format("%q", 'a\n"\\\0b\r')`, "\"a\\\n\\\"\\\\\\000b\\r\""},
		{`string.format("%i|%c|%o|%#o|%u", 7, 65, 8, 8, -1)`, "7|A|10|010|18446744073709551615"},
		{`string.format("%d|%5.3d|%.0d|%-6.4d|", -3.9, 7, 0, 12)`, "-3|  007||0012  |"},
		{`string.format("%f|%5.0f|%05.1f|%f", 1/0, 2.5, -2.25, -1/0)`, "inf|    2|-02.2|-inf"},
		{`string.format("%%|%5c|%3d%%", 66, 7)`, "%|    B|  7%"},
		{`string.format("%#.0f|%#g|%#x", 3, 1.5, 0)`, "3.|1.50000|0"},
		{`string.format("%s", setmetatable({}, {__tostring = function() return "obj" end}))`, "obj"},
		{`pcall(string.format, "%y", 1)`, "false,invalid option '%y' to 'format'"},
		{`pcall(string.format, "%", 1)`, "false,invalid option '%' to 'format'"},
		{`pcall(string.format, "%123d", 1)`, "false,invalid format (width or precision too long)"},
		{`pcall(string.format, "%.123d", 1)`, "false,invalid format (width or precision too long)"},
		{`pcall(string.format, "%------d", 1)`, "false,invalid format (repeated flags)"},
		{`pcall(string.format, "%d", "x")`, "false,bad argument #2 to 'format' (number expected, got string)"},
		{`pcall(string.format, "%d")`, "false,bad argument #2 to 'format' (no value)"},
		{`string.format("%d", "10")`, "10"},
	})
}

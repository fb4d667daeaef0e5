package stdlib_test

import (
	"fmt"
	"math/rand"
	"strings"
)

// author writes random Lua programs whose output does not depend on the
// wording of the VM's own errors, on the order of hash tables, on addresses, on the
// signs of zero and NaN (hence the "+ 0"), or on how the remainder of a huge number
// is rounded (hence the bounds).
type author struct {
	r       *rand.Rand
	text    strings.Builder
	numbers []string // local variables that hold numbers
	strings []string
	tables  []string // arrays of numbers
	names   int
	depth   int
}

func writeProgram(seed int64) string {
	a := &author{r: rand.New(rand.NewSource(seed))}
	a.line("local n1, n2, n3 = %s, %s, %s", a.literal(), a.literal(), a.literal())
	a.line("local s1, s2 = %s, %s", a.quoted(), a.quoted())
	a.line("local t1 = {%s, %s, %s}", a.literal(), a.literal(), a.literal())
	a.numbers, a.strings, a.tables = []string{"n1", "n2", "n3"}, []string{"s1", "s2"}, []string{"t1"}
	for range 4 + a.r.Intn(6) {
		a.statement()
	}
	a.line("print(n1, n2, n3, s1, s2, #t1, table.concat(t1, ' '))")
	return a.text.String()
}

func (a *author) line(format string, args ...any) {
	fmt.Fprintf(&a.text, format+"\n", args...)
}

func (a *author) pick(list ...string) string { return list[a.r.Intn(len(list))] }

func (a *author) name(prefix string) string {
	a.names++
	return fmt.Sprintf("%s_%d", prefix, a.names)
}

func (a *author) literal() string {
	return a.pick("0", "1", "2", "3", "7", "10", "255", "0.5", "1.25", "100", "1e3", "12345678", "(-1)", "(-2.5)", "0x1F", "1e15", "3.14159")
}

func (a *author) quoted() string {
	return a.pick(`""`, `"a"`, `"abc"`, `"Hello World"`, `"x=1, y=22"`, `"  trim  "`, `"12"`, `"0x10"`, `"a.b.c"`, `"(p(q))"`, `"%d"`, `"line\nbreak"`)
}

func (a *author) pattern() string {
	return a.pick(`"%a+"`, `"%d+"`, `"."`, `"(%w)(%w)"`, `"%s*"`, `"[aeiou]"`, `"()"`, `"b-"`, `"^%s*(.-)%s*$"`, `"%b()"`, `"%f[%w]%w+"`, `"(a*(.)%w(%s*))"`, `"[^%w]"`)
}

func (a *author) number(depth int) string {
	if depth <= 0 {
		return a.pick(a.literal(), a.pick(a.numbers...), a.pick(a.numbers...))
	}
	x, s := func() string { return a.number(depth - 1) }, func() string { return a.str(depth - 1) }
	switch a.r.Intn(20) {
	case 0, 1, 2:
		return "(" + x() + a.pick(" + ", " - ", " * ") + x() + " + 0)"
	case 3:
		return "(math.max(math.min(" + x() + ", 1e6), -1e6) % " + a.pick("3", "7", "2.5") + " + 0)"
	case 4:
		return "(" + x() + " / " + a.pick("3", "4", "0.1") + ")"
	case 5:
		return "((" + x() + ") ^ " + a.pick("2", "3") + " + 0)"
	case 6:
		return "#" + s()
	case 7:
		return "math." + a.pick("floor", "abs") + "(" + x() + ")"
	case 8:
		return "math." + a.pick("max", "min") + "(" + x() + ", " + x() + ")"
	case 9:
		return "(tonumber(" + s() + ") or " + x() + ")"
	case 10:
		return "(" + s() + ":find(" + a.pattern() + ") or -1)"
	case 11:
		return "(" + s() + ":byte(" + a.pick("1", "2", "-1") + ") or 0)"
	case 12:
		return "(-" + x() + " + 0)"
	case 13:
		return "(" + a.condition(depth-1) + " and " + x() + " or " + x() + ")"
	case 14:
		return "select('#', " + x() + ", " + s() + ", nil)"
	case 15:
		return "(" + a.pick(a.tables...) + "[" + a.pick("1", "2", "9") + "] or " + x() + ")"
	case 16:
		return "(select(2, " + s() + ":gsub(" + a.pattern() + ", '')))"
	case 17:
		return "(tonumber(" + a.pick(`"ff"`, `"zz"`, `"101"`, `" 7 "`) + ", " + a.pick("2", "16", "36", "8") + ") or 0)"
	default:
		return a.pick(a.numbers...)
	}
}

func (a *author) str(depth int) string {
	if depth <= 0 {
		return "(" + a.pick(a.quoted(), a.pick(a.strings...)) + ")"
	}
	x, s := func() string { return a.number(depth - 1) }, func() string { return a.str(depth - 1) }
	switch a.r.Intn(17) {
	case 0, 1:
		return "(" + s() + " .. " + s() + ")"
	case 2:
		return "(" + s() + " .. " + x() + " .. " + s() + ")"
	case 3:
		return "tostring(" + x() + ")"
	case 4:
		return s() + ":sub(" + a.pick("1", "2", "-3", "0") + ", " + a.pick("2", "-1", "-2", "100") + ")"
	case 5:
		return s() + ":" + a.pick("upper", "lower", "reverse") + "()"
	case 6:
		return s() + ":rep(" + a.pick("0", "1", "2", "3") + ")"
	case 7:
		return "(" + s() + ":gsub(" + a.pattern() + ", " + a.pick(`"<%0>"`, `"%%"`, `""`, `string.upper`, `{a = "1", b = 2}`, `function(c) return c and #tostring(c) end`) + "))"
	case 8:
		return "string.format(" + a.pick(`"%5.2f|%s"`, `"%g %q"`, `"%-8.3g[%5s]"`, `"%e%.2s"`, `"%05.1f %-5s|"`, `"%.0f%s"`, `"%+g%10.3s"`) + ", " + x() + ", " + s() + ")"
	case 9:
		return "string.format(" + a.pick(`"%d"`, `"%5d"`, `"%-5d|"`, `"%05d"`, `"%x"`, `"%X"`, `"%o"`, `"%c"`, `"%i"`, `"%+d"`, `"% d"`, `"%#x"`, `"%.3d"`) + ", " + a.pick("65", "255", "97") + ")"
	case 10:
		return "table.concat({" + x() + ", " + s() + ", " + x() + "}, " + a.quoted() + ")"
	case 11:
		return "(" + a.condition(depth-1) + " and " + s() + " or " + s() + ")"
	case 12:
		return "string.char(" + a.pick("72", "97, 98", "32, 65") + ")"
	case 13:
		return "type(" + a.pick(x(), s(), "nil", "print", "{}") + ")"
	case 14:
		return "((" + s() + ":match(" + a.pattern() + ") or " + s() + ") .. '')"
	default:
		return "(" + a.pick(a.strings...) + ")"
	}
}

func (a *author) condition(depth int) string {
	x, s := func() string { return a.number(depth - 1) }, func() string { return a.str(depth - 1) }
	switch a.r.Intn(6) {
	case 0:
		return "(" + x() + a.pick(" < ", " <= ", " > ", " >= ") + x() + ")"
	case 1:
		return "(" + x() + a.pick(" == ", " ~= ") + x() + ")"
	case 2:
		return "(" + s() + a.pick(" < ", " == ", " ~= ") + s() + ")"
	case 3:
		return "not " + a.pick("nil", "false", a.pick(a.numbers...))
	case 4:
		if depth > 0 {
			return "(" + a.condition(depth-1) + a.pick(" and ", " or ") + a.condition(depth-1) + ")"
		}
	}
	return a.pick("true", "false", "nil")
}

// inner writes one to three statements in a block of their own.
func (a *author) inner() {
	n, s, t := len(a.numbers), len(a.strings), len(a.tables)
	a.depth++
	for range 1 + a.r.Intn(3) {
		a.statement()
	}
	a.depth--
	a.numbers, a.strings, a.tables = a.numbers[:n], a.strings[:s], a.tables[:t]
}

func (a *author) statement() {
	if a.depth > 2 {
		a.assign()
		return
	}
	switch a.r.Intn(14) {
	case 0, 1:
		a.assign()
	case 2:
		a.declare()
	case 3:
		a.multiple()
	case 4:
		a.line("if %s then", a.condition(2))
		a.inner()
		a.line("else")
		a.inner()
		a.line("end")
	case 5:
		i := a.name("i")
		a.line("for %s = %s do", i, a.pick("1, 3", "3, 1, -1", "1, 2, 0.5", "1, 0"))
		a.numbers = append(a.numbers, i)
		a.inner()
		a.numbers = a.numbers[:len(a.numbers)-1]
		a.line("end")
	case 6:
		a.closure()
	case 7:
		a.protected()
	case 8:
		a.tableWork()
	case 9:
		a.coroutine()
	case 10:
		a.varargs()
	case 11:
		a.line("for a, b in %s:gmatch(%s) do io_(a, b) end", a.str(1), a.pattern())
	case 12:
		a.line("io_(%s, %s, %s)", a.number(3), a.str(2), a.condition(2))
	case 13:
		a.libraryError()
	}
}

// trimmed keeps strings short, or they double from statement to statement.
func trimmed(expression string) string { return "(" + expression + "):sub(1, 40)" }

func (a *author) assign() {
	if a.r.Intn(2) == 0 {
		a.line("%s = math.max(math.min(%s, 1e6), -1e6)", a.pick(a.numbers[:3]...), a.number(3))
		return
	}
	a.line("%s = %s", a.pick(a.strings[:2]...), trimmed(a.str(3)))
}

func (a *author) declare() {
	n, s := a.name("n"), a.name("s")
	a.line("local %s, %s = %s, %s", n, s, a.number(3), trimmed(a.str(2)))
	a.numbers, a.strings = append(a.numbers, n), append(a.strings, s)
}

func (a *author) multiple() {
	switch a.r.Intn(4) {
	case 0:
		a.line("n1, n2 = n2, n1")
	case 1:
		a.line("n1, n2, n3 = %s, n1, %s", a.number(2), a.number(2))
	case 2:
		a.line("t1[1], n1, t1[2] = n1, t1[1] or 0, %s", a.number(2))
	default:
		a.line("s1, s2 = s2, %s", trimmed("s1 .. "+a.str(1)))
	}
}

func (a *author) closure() {
	f := a.name("f")
	a.line("local %s do local up = %s", f, a.number(2))
	a.line("%s = function(x) up = up + x if %s then %s = up end return up, #%s end end", f, a.condition(1), a.pick(a.numbers[:3]...), a.pick(a.strings...))
	a.line("io_(%s(1)) io_(%s(%s)) io_((%s(2)))", f, f, a.number(1), f)
}

func (a *author) protected() {
	a.line("do local up = %s", a.number(1))
	a.line("local function inc() up = up + 1 return up end")
	a.line("io_(pcall(function() inc()")
	a.inner()
	a.line("%s end)) io_(inc()) end", a.pick(
		`error("boom")`, `error("boom", 0)`, `error("boom", 2)`, `return inc(), nil, 2`, `error({}) `, `assert(false, "no")`, `assert(nil)`, `return`, `error()`, `error(nil)`, `error(12)`))
	if a.r.Intn(3) == 0 {
		a.line("io_(xpcall(function() error(%s) end, function(e) return #tostring(e), e end))", a.quoted())
	}
}

func (a *author) tableWork() {
	t := a.name("t")
	a.line("local %s = {%s, %s, %s, %s}", t, a.number(1), a.number(1), a.number(1), a.number(1))
	for range 1 + a.r.Intn(3) {
		switch a.r.Intn(6) {
		case 0:
			a.line("table.insert(%s, %s)", t, a.number(1))
		case 1:
			a.line("table.insert(%s, %s, %s)", t, a.pick("1", "2", "#"+t), a.number(1))
		case 2:
			a.line("io_(table.remove(%s%s))", t, a.pick("", ", 1", ", 2", ", 99"))
		case 3:
			a.line("table.sort(%s, function(a, b) return %s end)", t, a.pick("a < b", "a > b", "a < b and a ~= 3", "tostring(a) < tostring(b)"))
		case 4:
			a.line("io_(unpack(%s%s))", t, a.pick("", ", 2", ", 1, 2", ", 0, 1"))
		case 5:
			a.line("for i, v in ipairs(%s) do io_(i, v) end", t)
		}
	}
	a.line("io_(#%s, table.concat(%s, ','), next({}), rawget(%s, 1), table.getn(%s), table.maxn(%s))", t, t, t, t, t)
	a.tables = append(a.tables, t)
}

func (a *author) coroutine() {
	c := a.name("c")
	a.line("local %s = coroutine.create(function(a, b)", c)
	a.line("local x, y = coroutine.yield(%s, a) %s = %s", a.number(1), a.pick(a.numbers[:3]...), a.number(1))
	a.line("for i = 1, 2 do io_(coroutine.yield(i, x, y)) end")
	a.line("io_(coroutine.running() ~= nil, coroutine.status(%s)) %s end)", c, a.pick("return b, nil", "error('co')", "error('co', 0)", "return coroutine.yield('tail')", "return"))
	for range 2 + a.r.Intn(5) {
		a.line("io_(coroutine.resume(%s, %s))", c, a.pick("1", "1, 2", "nil, 'z'", a.number(1)))
	}
	a.line("io_(coroutine.status(%s))", c)
	if a.r.Intn(3) == 0 {
		a.line("for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(%s) end end) do io_(v) end", a.str(1))
	}
}

func (a *author) varargs() {
	f := a.name("v")
	a.line("local function %s(first, ...) local a, b = ... local t = {...} io_(select('#', ...), first, a, b, #t, ...) return ... end", f)
	a.line("io_(%s(%s, %s, nil))", f, a.number(1), a.str(1))
	a.line("io_((%s(1, 2, 3))) io_(({%s(1, 2, 3)})[1] == 2)", f, f)
}

// libraryError prints the error of a library call with bad arguments.
func (a *author) libraryError() {
	a.line("io_(pcall(function() return %s end))", a.pick(
		`string.rep("x", {})`, `string.rep()`, `string.char(256)`, `string.format("%d", "x")`, `string.format("%y", 1)`, `string.format("%123d", 1)`,
		`setmetatable(1, {})`, `setmetatable({}, 1)`, `select(0)`, `tonumber("1", 99)`, `table.concat({1, {}, 2})`, `table.insert({}, 1, 2, 3)`,
		`string.gsub("abc", "b", "%2")`, `string.gsub("a", "(", "")`, `string.find("a", "[a")`, `math.random(0)`, `math.floor({})`, `ipairs()`,
		`table.sort({3, 2, 1, 5}, function() return true end)`, `unpack({}, 1, 1e7)`, `rawset({})`,
		`coroutine.resume(1)`, `string.rep("x", -1)`, `math.max()`, `tostring()`, `string.byte("abc", 1, 3)`, `string.sub()`,
		`getmetatable({})`, `rawequal(1, 1)`, `("abc"):find("b", 1, true)`, `("abc"):find("", 10)`))
}

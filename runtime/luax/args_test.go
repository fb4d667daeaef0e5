package luax_test

import (
	"math"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
)

// raised runs f as a Lua call with arguments and returns what it raised.
func raised(L *lua.LState, f func(luax.Args), arguments ...lua.LValue) (message string) {
	defer func() {
		if cause, ok := recover().(*lua.ApiError); ok {
			message = cause.Object.String()
		}
	}()
	L.Push(luax.Function(func(L *lua.LState) int {
		f(luax.Args{L: L, Func: "kv.set"})
		return 0
	}))
	for _, argument := range arguments {
		L.Push(argument)
	}
	L.Call(len(arguments), 0)
	return ""
}

func TestArgsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	options := func(fields ...string) *lua.LTable {
		table := luax.NewTable(0, 1)
		for _, field := range fields {
			table.RawSetString(field, lua.LString("text"))
		}
		return table
	}
	for _, c := range []struct {
		want string
		call func(luax.Args)
		with lua.LValue
	}{
		{"kv.set: argument 1 (key) must be a string, got number", func(a luax.Args) { a.String(1, "key") }, lua.LNumber(1)},
		{"kv.set: argument 1 (key) must be a string, got table", func(a luax.Args) { a.OptString(1, "key", "") }, options()},
		{"kv.set: argument 1 (n) must be a whole number, got 1.5", func(a luax.Args) { a.Int(1, "n") }, lua.LNumber(1.5)},
		{"kv.set: argument 1 (n) must be a whole number, got 1e+300", func(a luax.Args) { a.Int(1, "n") }, lua.LNumber(1e300)},
		{"kv.set: argument 1 (n) must be a number, got string", func(a luax.Args) { a.Number(1, "n") }, lua.LString("1")},
		{"kv.set: argument 1 (n) must be a number, got NaN", func(a luax.Args) { a.Number(1, "n") }, lua.LNumber(math.NaN())},
		{"kv.set: argument 1 (on) must be true or false, got string", func(a luax.Args) { a.Bool(1, "on") }, lua.LString("true")},
		{"kv.set: argument 1 (t) must be a table, got boolean", func(a luax.Args) { a.Table(1, "t") }, lua.LTrue},
		{"kv.set: argument 2 (value) must be given, got nothing", func(a luax.Args) { a.Any(2, "value") }, lua.LTrue},
		{`kv.set: argument 1 (options) has the unknown key "tttl" (known: ttl, if_absent)`, func(a luax.Args) { a.Options(1, "options", "ttl", "if_absent") }, options("tttl")},
		{`kv.set: option "ttl" must be a whole number, got string`, func(a luax.Args) { a.Options(1, "options", "ttl").Int("ttl", 0) }, options("ttl")},
		{`kv.set: option "on" must be true or false, got string`, func(a luax.Args) { a.Options(1, "options", "on").Bool("on", false) }, options("on")},
		{`kv.set: option "x" must be a number, got string`, func(a luax.Args) { a.Options(1, "options", "x").Number("x", 0) }, options("x")},
		{`kv.set: option "x" must be a table, got string`, func(a luax.Args) { a.Options(1, "options", "x").Table("x") }, options("x")},
	} {
		L := newState(t)
		if got := raised(L, c.call, c.with); !strings.Contains(got, c.want) {
			t.Errorf("raised %q, want %q", got, c.want)
		}
	}
}

func TestArgsGiveWhatIsRightAndDefaults(t *testing.T) {
	t.Parallel()
	L := newState(t)
	table := luax.NewTable(0, 2)
	table.RawSetString("name", lua.LString("n"))
	table.RawSetString("ttl", lua.LNumber(60))
	message := raised(L, func(a luax.Args) {
		options := a.Options(2, "options", "name", "ttl", "on")
		none := a.Options(3, "more", "x")
		if a.String(1, "s") != "text" || options.String("name", "") != "n" || options.Int("ttl", 0) != 60 || !options.Bool("on", true) ||
			options.Has("on") || none.Number("x", 1.5) != 1.5 || none.Table("x") != nil || a.OptTable(3, "more") != nil || a.OptString(4, "o", "d") != "d" {
			t.Error("a value or a default is wrong")
		}
	}, lua.LString("text"), table)
	if message != "" {
		t.Error(message)
	}
}

// A cut inside a character would show as escapes in the message.
func TestClipKeepsCharactersWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want string }{
		{strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{strings.Repeat("a", 65), strings.Repeat("a", 64) + "…"},
		{"a" + strings.Repeat("ü", 40), "a" + strings.Repeat("ü", 31) + "…"},
		{"ab" + strings.Repeat("€", 30), "ab" + strings.Repeat("€", 20) + "…"},
		{strings.Repeat("\x80", 100), strings.Repeat("\x80", 60) + "…"},
	} {
		if got := luax.Clip(c.name); got != c.want {
			t.Errorf("%q is cut to %q, want %q", c.name, got, c.want)
		}
	}
}

package compile_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/compile"
)

// join is a stand-in for the charged concat of the standard library.
var join = &lua.LFunction{IsG: true, GFunction: func(L *lua.LState) int {
	var text strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		text.WriteString(lua.LVAsString(L.Get(i)))
	}
	L.Push(lua.LString(text.String()))
	return 1
}}

func mustCompile(t testing.TB, source string) *compile.Program {
	t.Helper()
	program, err := compile.Compile("script", source, join)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return program
}

// run executes source with the arguments "C" for ctx and a table for _G.
func run(t testing.TB, source string) (string, error) {
	t.Helper()
	L := lua.NewState()
	defer L.Close()
	L.Push(L.NewFunctionFromProto(mustCompile(t, source).Proto))
	L.Push(lua.LString("C"))
	L.Push(L.Env)
	if err := L.PCall(2, lua.MultRet, nil); err != nil {
		return "", err
	}
	var parts []string
	for i := 1; i <= L.GetTop(); i++ {
		parts = append(parts, L.Get(i).String())
	}
	return strings.Join(parts, ","), nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, want string }{
		{"ctx and _G are locals", `return ctx, _G ~= nil, select('#', ...)`, "C,true,0"},
		{"swap locals", `local a,b = 1,2; a,b = b,a; return a,b`, "2,1"},
		{"rotate locals", `local a,b,c = 1,2,3; a,b,c = c,a,b; return a,b,c`, "3,1,2"},
		{"swap fields", `local t={1,2}; t[1],t[2] = t[2],t[1]; return t[1],t[2]`, "2,1"},
		{"key before assignment", `local i,t=1,{}; i,t[i] = i+1,20; return i,t[1],t[2]`, "2,20,nil"},
		{"last target first", `local t={}; t[1],t[1] = 1,2; return t[1]`, "1"},
		{"extra call results", `local function f() return 1,2,3 end local a,b,c,d; a,b,c,d = 0,f(); return a,b,c,d`, "0,1,2,3"},
		{"table from a call", `local u={} local function f() return u,5 end; local x; f().a, x = 1, 2; return u.a, x`, "1,2"},
		{"and keeps nothing", `local r = 5; local function f() return false end; local function g() return 1 end; r = f() and g(); return r`, "false"},
		{"and with field", `local r,t = 5,{a=false}; r = r and (t.a and 1); return r`, "false"},
		{"or", `local r = 1; r = nil or r; return r`, "1"},
		{"concat", `local a='x'; return a..1 ..'y'..2`, "x1y2"},
		{"concat of a call takes one value", `local function f() return 'p','q' end; return 'x'..f()`, "xp"},
		{"concat of varargs takes one value", `local function f(...) return 'x'.. ... end; return f('p','q')`, "xp"},
		{"concat inside a call", `return string.len('ab'..'cd')`, "4"},
		{"goto", `for i=1,3 do if i==2 then goto out end end ::out:: return 'ok'`, "ok"},
		{"yield in tail position", `
			local co = coroutine.create(function(x) return coroutine.yield(x) end)
			local _, a = coroutine.resume(co, 1)
			local ok, b = coroutine.resume(co, 2)
			return a, ok, b`, "1,true,2"},
		{"many results of a tail yield", `
			local co = coroutine.create(function() return coroutine.yield() end)
			coroutine.resume(co)
			return select('#', coroutine.resume(co, 1, 2, 3))`, "4"},
		{"byte order mark", "\ufeffreturn 1", "1"},
		{"empty", ``, ""},
		{"comment only", `-- nothing`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, test.source)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestLinesDoNotShift(t *testing.T) {
	t.Parallel()
	tests := []struct{ source, want string }{
		{`error("x")`, "script:1: x"},
		{"\n\nerror('x')", "script:3: x"},
		{"local a,b\na,b = b,\n nil + 1", "script:3:"},
		{"local t\n\nlocal x = 'a' .. t.x", "script:3:"},
		{"local x\nx = true and\n x()", "script:3:"},
	}
	for _, test := range tests {
		_, err := run(t, test.source)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: got %v, want prefix %q", test.source, err, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	many := func(n int, item func(int) string) string {
		var text strings.Builder
		for i := range n {
			text.WriteString(item(i))
		}
		return text.String()
	}
	tests := []struct {
		source       string
		line, column int
		message      string
	}{
		{"local x = ", 1, 11, "unexpected end of the script after '='"},
		{"function f()\n  return 1\n", 3, 1, "unexpected end of the script: 'end' is missing for the 'function' on line 1"},
		{"if x then\n y()\n", 3, 1, "'end' is missing for the 'if' on line 1"},
		{"return 1\nend", 2, 1, "unexpected 'end': nothing is open that it could close"},
		{"f(1\nend", 2, 1, "unexpected 'end': ')' is missing for the '(' on line 1"},
		{"if x = 1 then end", 1, 6, "unexpected '=' after 'x' (equal is written ==)"},
		{"local = 5", 1, 7, "unexpected '=' after 'local'"},
		{"x = 'abc", 1, 5, "this string has no closing quote on its line"},
		{"\n\n  x = [[abc\n\n", 3, 7, "this long string is not closed"},
		{"--[[ abc\n", 1, 1, "this long comment is not closed"},
		{"x = 1 ~ 2", 1, 7, "unexpected '~'"},
		{"x = @", 1, 5, "unexpected character \"@\""},
		{"x = 1e", 1, 5, "malformed number \"1e\""},
		{"x = 0xg", 1, 5, "hexadecimal"},
		{"\n  break", 2, 3, "no loop to break"},
		{"goto nowhere", 1, 1, "no visible label 'nowhere'"},
		{"function f() return ... end", 1, 1, "cannot use '...'"},
		{"return 1\nlocal x = 2", 2, 1, "unexpected 'local': nothing may follow the 'return' on line 1"},
		{"local function f()\n  return 1\n  log.info('x')\nend", 3, 3, "unexpected 'log': nothing may follow the 'return' on line 2"},
		{"if x then return 1 else y y end", 1, 27, "unexpected 'y' after 'y'"},
		{"x = = 1", 1, 5, "unexpected '=' after '='"},
		{"=", 1, 1, "unexpected '=' at the start"},
		{many(300, func(i int) string { return fmt.Sprintf("local v%d\n", i) }), 1, 1, "too many local variables"},
		{"local " + many(150, func(i int) string { return fmt.Sprintf("a%d,", i) }) + "z\nlocal function f()\nlocal " +
			many(150, func(i int) string { return fmt.Sprintf("b%d,", i) }) + "z\nreturn function() return 1" +
			many(150, func(i int) string { return fmt.Sprintf("\n,a%d,b%d", i, i) }) + " end end", 1, 1, ""},
		{"return {" + strings.Repeat("1,", 25_001) + "}", 1, 1, "too many items"},
		{"return ''" + strings.Repeat("..x", 195), 1, 1, "joined with '..'"},
		{strings.Repeat("(", 151) + "1", 1, 151, "nesting is too deep"},
		{strings.Repeat(" ", 256<<10) + " ", 1, 1, "bytes"},
		{strings.Repeat(";", 120_001), 1, 120_001, "too long"},
		{"x=" + strings.Repeat("not ", 151) + "x", 1, 603, "too many operators"},
		{strings.Repeat("local _=function()end\n", 2001), 2001, 9, "too many functions"},
		{many(201, func(i int) string { return fmt.Sprintf("goto l%d\n", i) }), 201, 1, "too many labels"},
		{many(4097, func(i int) string { return fmt.Sprintf("x=%d\n", i) }), 4096, 3, "too many different names"},
		{many(4000, func(i int) string { return fmt.Sprintf("x=%d\n", i) }) + strings.Repeat("x=1\n", 4100), 7999, 1, "too many different names"},
	}
	for _, test := range tests {
		_, err := compile.Compile("script", test.source, join)
		var failure *compile.Error
		if !errors.As(err, &failure) {
			t.Errorf("%.60q: got %v, want an *Error", test.source, err)
			continue
		}
		if test.message == "" {
			continue
		}
		if failure.Line != test.line || failure.Column != test.column || !strings.Contains(failure.Message, test.message) {
			t.Errorf("%.60q: got %d:%d %q, want %d:%d %q", test.source, failure.Line, failure.Column, failure.Message,
				test.line, test.column, test.message)
		}
	}
}

// A function that refers to more than 255 outer variables compiles, but its
// count of them wraps around: the values would be wrong.
func TestTooManyUpvalues(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for level := range 2 {
		for i := range 150 {
			fmt.Fprintf(&source, "local v%d_%d = %d\n", level, i, i)
		}
		source.WriteString("return function()\n")
	}
	source.WriteString("local n = 0\n")
	for level := range 2 {
		for i := range 150 {
			fmt.Fprintf(&source, "n = n + v%d_%d\n", level, i)
		}
	}
	source.WriteString("end end")
	_, err := compile.Compile("script", source.String(), join)
	if err == nil || !strings.Contains(err.Error(), "too many variables of outer functions") {
		t.Errorf("got %v", err)
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	program := mustCompile(t, `
		local a = require "b"
		local b = require("a").x
		local function f() return require 'b', require("c" .. a), require(a), x.require("no"), x:require("no") end
		return {[require "k"] = require [[v]]}`)
	want := []string{"b", "a", "k", "v"}
	if diff := cmp.Diff(want, program.Imports); diff != "" {
		t.Error(diff)
	}
}

func protos(p *lua.FunctionProto) []*lua.FunctionProto {
	all := []*lua.FunctionProto{p}
	for _, inner := range p.FunctionPrototypes {
		all = append(all, protos(inner)...)
	}
	return all
}

const fourFunctions = `
	local function a(x) return x + 1 end
	local function b(x) return a(x) .. 'y' end
	local t = {}
	return {status = 200, body = b(1), f = function() return t end}`

func TestTrimmed(t *testing.T) {
	t.Parallel()
	program := mustCompile(t, fourFunctions)
	for _, p := range protos(program.Proto) {
		spare := cap(p.Code) - len(p.Code) + cap(p.DbgSourcePositions) - len(p.DbgSourcePositions) +
			cap(p.Constants) - len(p.Constants) + cap(p.DbgCalls) - len(p.DbgCalls) + cap(p.DbgLocals) - len(p.DbgLocals) +
			cap(p.DbgUpvalues) - len(p.DbgUpvalues) + cap(p.FunctionPrototypes) - len(p.FunctionPrototypes)
		if spare != 0 {
			t.Errorf("function on line %d has %d spare entries", p.LineDefined, spare)
		}
	}
	if program.Bytes < 1000 || program.Bytes > 10_000 {
		t.Errorf("Bytes = %d, want about 4 KB", program.Bytes)
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	program := mustCompile(t, `local a, b, c = {}, {1}, {x=1} return a, b, c`)
	var hints []uint32
	for _, code := range program.Proto.Code {
		if int(code>>26) == lua.OP_NEWTABLE {
			hints = append(hints, code>>9&0x1ff)
		}
	}
	if !slices.Equal(hints, []uint32{4, 0, 1}) {
		t.Errorf("hash sizes %v, want [4 0 1]", hints)
	}
}

// No string of a script can stand for the concat function.
func TestConcatCannotBeNamed(t *testing.T) {
	t.Parallel()
	program := mustCompile(t, `return 'a'..'b'`)
	if !slices.Contains(program.Proto.Constants, lua.LValue(join)) {
		t.Error("concat is not a constant")
	}
	for _, c := range program.Proto.Constants {
		if s, ok := c.(lua.LString); ok && strings.HasPrefix(string(s), "(concat") {
			t.Errorf("placeholder %q is left", s)
		}
	}
}

func BenchmarkCompileHello(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile.Compile("hello", `return {status = 200, body = {hello = ctx.request.query.name or "world"}}`, join); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{fourFunctions, `local m = require "m" return m.x`, "if x then", "a,b=b,a", "::a:: goto a", "x='\\999'", "--[==[", "0x", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		program, err := compile.Compile("fuzz", source, join)
		var failure *compile.Error
		if err != nil {
			if !errors.As(err, &failure) || failure.Line < 1 || failure.Column < 1 || failure.Message == "" || program != nil {
				t.Fatalf("bad error %#v", err)
			}
			return
		}
		if len(program.Imports) > 0 && !strings.Contains(source, "require") {
			t.Fatalf("imports %q without require", program.Imports)
		}
		sorted := slices.Sorted(slices.Values(program.Imports))
		if len(slices.Compact(sorted)) != len(program.Imports) {
			t.Fatalf("repeated imports %q", program.Imports)
		}
		again, err := compile.Compile("fuzz", source, join)
		if err != nil || !slices.Equal(again.Imports, program.Imports) || again.Bytes != program.Bytes {
			t.Fatalf("a second compile differs: %v", err)
		}
	})
}

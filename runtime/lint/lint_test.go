package lint_test

import (
	"fmt"
	"slices"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/lint"
	"picloud/runtime/sdk"
)

// home is a module with what others may not have yet: a type with methods, and
// a read-only table of functions.
func home() runtime.Module {
	nothing := func(*lua.LState) int { return 0 }
	lamp := runtime.NewType("lamp", "A lamp.",
		runtime.Func{Name: "set", Call: nothing, Params: []runtime.ParamDoc{{Name: "on", Type: "boolean"}, {Name: "options", Type: "table", Fields: []runtime.ParamDoc{{Name: "fade", Type: "number"}}}}},
		runtime.Func{Name: "watts", Call: nothing, Returns: []runtime.ReturnDoc{{Type: "number"}}})
	hub, _ := runtime.NewTable("hub", "A hub.", runtime.Func{Name: "scan", Call: nothing})
	return runtime.Module{Name: "home", Types: []*runtime.Type{lamp, hub}, Funcs: []runtime.Func{
		{Name: "lamp", Call: nothing, Returns: []runtime.ReturnDoc{{Type: "lamp"}}},
		{Name: "hub", Call: nothing, Returns: []runtime.ReturnDoc{{Type: "hub"}}},
	}}
}

func newLinter() *lint.Linter {
	return lint.New(runtime.Describe(append(sdk.Modules(), home())))
}

// found is the findings as "line:column code".
func found(diagnostics []lint.Diagnostic) []string {
	list := []string{}
	for _, d := range diagnostics {
		list = append(list, fmt.Sprintf("%d:%d %s", d.Line, d.Column, d.Code))
	}
	return list
}

func TestFindings(t *testing.T) {
	t.Parallel()
	linter := newLinter()
	for _, row := range []struct {
		source string
		want   []string
	}{
		{"return =", []string{"1:8 syntax_error"}},
		{"local x = 1\nif x then", []string{"2:10 syntax_error"}},

		// globals
		{"return temperature", []string{"1:8 undefined_global"}},
		{"return function() return later end, later", []string{"1:26 undefined_global", "1:37 undefined_global"}},
		{"return io.open('x')", []string{"1:8 gone_global"}},
		{"return pcall(loadstring, 'x')", []string{"1:14 gone_global"}},
		{"x = 1 return x", []string{"1:1 accidental_global"}},
		{"local function f() total = 1 total = 2 end f() return total", []string{"1:20 accidental_global"}},
		{"function helper() end helper()", []string{"1:10 accidental_global"}},
		{"local a a, b = 1, 2 return a, b", []string{"1:12 accidental_global"}},
		{"_G.shared = 1 return shared, _G.shared", nil},
		{"for name in pairs(_G) do log.info(name) end return anything", nil},
		{"print = nil", []string{"1:1 replaced_global"}},
		{"json = {} return json.anything", []string{"1:1 replaced_global"}},
		{"string.upper = nil", []string{"1:8 read_only"}},
		{"json['encode'] = nil", []string{"1:6 read_only"}},
		{"ctx.request = nil", []string{"1:5 read_only"}},
		{"ctx.request.query.x = 1", []string{"1:19 read_only"}},
		{"ctx.request.body.x = 1", nil},
		{"function log.shout() end", []string{"1:14 read_only"}},

		// locals
		{"local x = 1", []string{"1:7 unused_local"}},
		{"local x x = 1", []string{"1:7 unused_local"}},
		{"local _x = 1 local _ = 2", nil},
		{"local a, b = pcall(error) return b", nil},
		{"local a, b = pcall(error) return a", []string{"1:10 unused_local"}},
		{"local function f() end", []string{"1:16 unused_local"}},
		{"for i = 1, 3 do log.info('x') end for _, v in ipairs{} do log.info('y') end", nil},
		{"return function(a, b) return a end", nil},
		{"local x = 1 do local x = 2 log.info(x) end return x", []string{"1:22 shadowed_local"}},
		{"local x = 1 local x = x + 1 return x", nil},
		{"local x = 1 local x = 2 return x", []string{"1:7 unused_local"}},
		{"local v = 1 local f = function(v) return v end return f(v)", []string{"1:32 shadowed_local"}},
		{"local v = 1 local f = function(v) return v end return f(1), _G.v", []string{"1:7 unused_local"}},
		{"local n = 0 if ctx then local n = 5 log.info(n) end n = 1 return n", []string{"1:31 shadowed_local"}},
		{"local k = 1 log.info(k) for k in pairs{} do log.info(k) end return k", nil},
		{"local function f() local function f() end f() end f()", []string{"1:35 shadowed_local"}},
		{"local ctx = {} return ctx", []string{"1:7 shadowed_local"}},
		{"local t = {} function t:get() return self end function t.put(self) return self end return t", nil},
		{"local function f(n) return n == 0 or f(n - 1) end return f(3)", nil},
		{"local x = 1 repeat local y = x until y", nil},

		// control
		{"do return 1 end\nlog.info('never')\nlog.info('nor this')", []string{"2:1 unreachable_code"}},
		{"error('x') log.info('never')", []string{"1:12 unreachable_code"}},
		{"local error = print error('x') log.info('reached')", nil},
		{"if ctx then return 1 else error('x') end return 2", []string{"1:42 unreachable_code"}},
		{"if ctx then return 1 elseif _G then return 2 end return 3", nil},
		{"if ctx then return 1 elseif _G then return 2 else return 4 end return 3", []string{"1:64 unreachable_code"}},
		{"while true do log.info('x') end return 1", []string{"1:33 unreachable_code"}},
		{"while true do if ctx then break end end return 1", nil},
		{"while true do local f = function() while true do break end end f() end return 1", []string{"1:72 unreachable_code"}},
		{"while true do goto out end ::out:: return 1", nil},
		{"for i = 1, 3 do if i == 2 then goto continue end log.info(i) ::continue:: end", nil},
		{"for i = 1, 3 do do break end log.info(i) end return 1", []string{"1:30 unreachable_code"}},
		{"repeat return 1 until ctx log.info('x')", []string{"1:27 unreachable_code"}},
		{"repeat if ctx then break end return 1 until true log.info('x')", nil},
		{"if ctx then end", []string{"1:1 empty_if"}},
		{"if ctx then else log.info('x') end", nil},
		{"if ctx then log.info('x') elseif _G then end", nil},

		// names and options
		{"return json.encodee({})", []string{"1:13 unknown_name"}},
		{"return json['decode']('1'), json['dekode']('1')", []string{"1:34 unknown_name"}},
		{"return string.trim(' x ')", []string{"1:15 unknown_name"}},
		{"return math.pi, math.tau", []string{"1:22 unknown_name"}},
		{"return json.null == json.nul", []string{"1:26 unknown_name"}},
		{"return ctx.reqest.body", []string{"1:12 unknown_name"}},
		{"return ctx.request.bdy", []string{"1:20 unknown_name"}},
		{"return ctx.event and ctx.event.topic, ctx.event.topick", []string{"1:49 unknown_name"}},
		{"local r = ctx.request return r.bdy, r.body.anything", []string{"1:32 unknown_name"}},
		{"local r = ctx.request r = {} return r.bdy", nil},
		{"local json = {} return json.anything", nil},
		{"return base64.encode('x', { urlsafe = true })", []string{"1:29 unknown_option"}},
		{"return base64.encode('x', { ['url'] = true, [1] = 2 })", nil},
		{"return url.build{ host = 'x',\n  hostname = 'y' }", []string{"2:3 unknown_option"}},
		{"local e = base64.encode return e('x', { urlsafe = true })", []string{"1:41 unknown_option"}},
		{"return { statusCode = 200, boddy = 'x' }", []string{"1:28 unknown_option"}},
		{"if ctx then return { statusCode = 200, headers = {}, body = { boddy = 1 }, retry_after = 5, ['fail'] = 'x' } end", nil},
		{"local function f() return { statusCode = 200, boddy = 'x' } end return { status = 1, f = f() }", nil},
		{"return http.get('http://a', { auth = { usr = 'x' }, headers = { usr = 'x' } })", []string{"1:40 unknown_option"}},
		{"email.send{ to = 'a', subject = 'b', text = 'c', attachments = { { nam = 'x' }, ctx, { data = { nam = 1 } } } }", []string{"1:68 unknown_option"}},
		{"return docs.collection('a'):find{ where = { srt = 1 } }, http.get('http://a', { auth = ctx })", nil},
		{"return { status = 404, body = 'x' }", []string{"1:10 unknown_option"}},
		{"return { headers = {}, status_code = 404 }", []string{"1:24 unknown_option"}},
		{"return { status = 'ok', items = {} }", nil},
		{"return home.lamp().watts()", []string{"1:20 dot_call"}},
		{"local l = home.lamp() return l.watts(), l.watts(l), l.set(true)", []string{"1:32 dot_call", "1:55 dot_call"}},
		{"local l = home.lamp() l = ctx return l.watts()", nil},
		{"local l = home.lamp() return pcall(l.watts, l), l.watt()", nil},
		{"return home.lamp():watt()", []string{"1:20 unknown_name"}},
		{"local l = home.lamp() l:set(true, { fde = 1 }) return l:watts()", []string{"1:37 unknown_option"}},
		{"local l = home.lamp() l.anything = 1 return l.x", nil},
		{"home.hub().scan() home.hub().scna()", []string{"1:30 unknown_name"}},

		// comparisons
		{"local a, b = ctx.x1, ctx.x2 return not a == b", []string{"1:18 unknown_name", "1:26 unknown_name", "1:42 suspicious_comparison"}},
		{"return function(a, b) return not a == b, (not a) == b, not (a == b), not a == not b, not (a) == b end", []string{"1:36 suspicious_comparison", "1:94 suspicious_comparison"}},
		{"return function(x) if x == 'a' or 'b' then return x end end", []string{"1:32 suspicious_comparison"}},
		{"return function(x) if x == nil or '' then return x end end", []string{"1:32 suspicious_comparison"}},
		{"return function(x) return x == nil or 'default' end", nil},
		{"return function(x) if x == nil or x == '' then return x end end", nil},
		{"return function(x) while not (x == 1 or 2) do x = x + 1 end end", []string{"1:38 suspicious_comparison"}},
		{"return function(x) if x ~= 'a' or x ~= 'b' then return x end end", []string{"1:32 suspicious_comparison"}},
		{"return function(x) if x.y == 1 and x.y == 2 then return x end end", []string{"1:32 suspicious_comparison"}},
		{"return function(x) if x ~= 'a' and x ~= 'b' or x == 1 or x == 2 then return x end end", nil},
		{"return function(t) return #t == '3' end", []string{"1:30 suspicious_comparison"}},
		{"return function(t) return type(t) == nil, type(t) == 'nil' end", []string{"1:35 suspicious_comparison"}},
		{"return function(t) return tonumber(t) == '5', tonumber(t) == nil end", []string{"1:39 suspicious_comparison"}},
		{"return function(a, b, c) return a < b < c end", []string{"1:39 suspicious_comparison"}},
		{"return ctx.request.query.temp > 21", []string{"1:31 suspicious_comparison"}},
		{"local temp = ctx.request.query.temp\nreturn temp == 21", []string{"2:13 suspicious_comparison"}},
		{"local temp = ctx.request.query.temp temp = tonumber(temp) return temp == 21", nil},
		{"local q = ctx.request.query return q.temp == '21', q.temp == nil, q.temp ~= q.hum", nil},
		{"return ctx.request.method == 5, ctx.request.is_json == 'true'", []string{"1:27 suspicious_comparison", "1:53 suspicious_comparison"}},
		{"return ctx.request.body == 5, ctx.request.body.x > 5", nil},
		{"return time.now() > '5', random.int(1, 2) == 1", []string{"1:19 suspicious_comparison"}},
		{"return home.lamp():watts() == nil, {} == nil", []string{"1:39 suspicious_comparison"}},
		{"return 'a' < 'b', 1 < 2, 'x' == 'x'", nil},

		// tables
		{"return { a = 1, ['a'] = 2, b = 3 }", []string{"1:18 duplicate_key"}},
		{"return { [1] = 1, [1] = 2, [true] = 1, [true] = 2 }", []string{"1:20 duplicate_key", "1:41 duplicate_key"}},
		{"return { 1, 2, a = 1, b = { a = 1 } }", nil},

		// ignoring
		{"x = 1 -- picloud: ignore accidental_global", nil},
		{"-- picloud: ignore accidental_global, unused_local\nx = 1 local y", nil},
		{"--[[ picloud: ignore accidental_global ]]\n\nx = 1", []string{"3:1 accidental_global"}},
		{"local s = '-- picloud: ignore accidental_global' x = s", []string{"1:50 accidental_global"}},
		{"x = 1 -- picloud: ignore unused_local", []string{"1:1 accidental_global"}},
		{"x = 1 -- picloud: ignore accidental_globl", []string{"1:1 accidental_global", "1:10 unknown_ignore"}},
		{"x = 1 -- picloud: ignore accidental_global\ny = 1", []string{"2:1 accidental_global"}},
		{"\r\n\r\n-- picloud: ignore accidental_global\r\nx = 1", nil},
		{"return 1 -- picloud: ignore syntax_error", []string{"1:13 unknown_ignore"}},

		// places
		{"\ufeffx = 1", []string{"1:1 accidental_global"}},
		{"local s = [[\n]] x = s", []string{"2:4 accidental_global"}},
		{"\tx = 'ä' y = 1", []string{"1:2 accidental_global", "1:11 accidental_global"}},
		{"log.info(('x'):rep(2), ({ a = { f = function(...) return ... end } }).a.f(1), -2 ^ 3, #'x', undefined)", []string{"1:93 undefined_global"}},
		{"", nil},
	} {
		if row.want == nil {
			row.want = []string{}
		}
		if got := found(linter.Check("test", row.source)); !slices.Equal(got, row.want) {
			t.Errorf("%s\n  got  %q\n  want %q", row.source, got, row.want)
		}
	}
}

// What raises when it runs is an error, what may be meant is a warning.
func TestSeverities(t *testing.T) {
	t.Parallel()
	linter := newLinter()
	for source, want := range map[string]lint.Severity{
		"return =":                                  lint.SeverityError,
		"return json.encodee(1)":                    lint.SeverityError,
		"return home.lamp():watt()":                 lint.SeverityError,
		"return json.encodee":                       lint.SeverityWarning,
		"return ctx.request.bdy":                    lint.SeverityWarning,
		"json.encode = nil":                         lint.SeverityError,
		"return base64.encode('x', { usl = true })": lint.SeverityError,
		"return ctx.request.query.a > 1":            lint.SeverityError,
		"return ctx.request.query.a == 1":           lint.SeverityWarning,
		"return nothing":                            lint.SeverityWarning,
	} {
		if got := linter.Check("test", source); len(got) != 1 || got[0].Severity != want {
			t.Errorf("%s: %+v, want %s", source, got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	linter := newLinter()
	for source, want := range map[string]string{
		"return jsn.encode(1)":                              `nothing defines "jsn"; did you mean json?`,
		"return json.encodee(1)":                            `json has no "encodee"; did you mean encode?`,
		"return io.open('x')":                               `scripts do not have io: keep data with the SDK; print writes to the execution's log`,
		"return base64.encode('x', { usl = true })":         `base64.encode has no option "usl"; there is url`,
		"return http.get('a', { auth = { usr = 1 } })":      `http.get's auth has no option "usr"; there is user, password, digest`,
		"return { statusCode = 200, boddy = 1 }":            `a response has no "boddy", so it is left out; there is statusCode, headers, body`,
		"return ctx.request.query.temp > 21":                "a string cannot be compared with a number by >; use tonumber",
		"return ctx.request.headers.x == 5":                 "a string never equals a number; use tonumber",
		"string.upper = 1":                                  "string.upper cannot be assigned: string is read-only",
		"local x = 1\ndo local x = 2 print(x) end print(x)": `local "x" hides the local of line 1, which is used again behind it`,
	} {
		got := linter.Check("test", source)
		if len(got) != 1 || got[0].Message != want {
			t.Errorf("%s: %+v, want %q", source, got, want)
		}
	}
}

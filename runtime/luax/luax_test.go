package luax_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// newState is a metered state without a library.
func newState(t testing.TB) *lua.LState {
	t.Helper()
	monitor := meter.NewMonitor(64)
	monitor.Start()
	t.Cleanup(monitor.Close)
	L := meter.NewState(200)
	m := meter.New(L, monitor, nil)
	start(m, L)
	return L
}

func start(m *meter.Meter, L *lua.LState) {
	m.Start(meter.Limits{
		Instructions: 10_000_000, MemoryBytes: 64 << 20, Wall: time.Minute, StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000,
	}, L.CreateTable(0, 0), time.Now())
}

func decodeText(t *testing.T, L *lua.LState, text string) lua.LValue {
	t.Helper()
	value, err := luax.DecodeJSON(L, []byte(text))
	if err != nil {
		t.Fatalf("decoding %s: %v", text, err)
	}
	return value
}

func TestRoundTripKeepsTextExactly(t *testing.T) {
	t.Parallel()
	L := newState(t)
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-1`, `1.5`, `9007199254740992`, `-9007199254740992`, `""`, `"a\"b\\c\n\t\r\b\f\u0001"`,
		`"äöü €😀"`, `[]`, `{}`, `[[],{}]`, `[null,1,null]`, `{"b":1,"a":[1,2,{"c":null}]}`, `{"":0}`, `1e+17`, `1e-07`, `[1,"2",true]`,
	} {
		encoded, err := luax.EncodeJSON(L, nil, decodeText(t, L, text), 1<<20)
		if err != nil || string(encoded) != text {
			t.Errorf("%s came back as %s, %v", text, encoded, err)
		}
	}
}

func TestDecodedValues(t *testing.T) {
	t.Parallel()
	L := newState(t)
	for text, want := range map[string]lua.LValue{
		`9007199254740993`:     lua.LString("9007199254740993"),
		`-9007199254740993`:    lua.LString("-9007199254740993"),
		`18446744073709551616`: lua.LString("18446744073709551616"),
		`1E2`:                  lua.LNumber(100),
		`"\ud83d\ude00"`:       lua.LString("😀"),
		`"\u00e4\/"`:           lua.LString("ä/"),
		"\t\n\r 7 ":            lua.LNumber(7),
		`null`:                 luax.Null,
	} {
		if got := decodeText(t, L, text); got != want {
			t.Errorf("%s decodes to %v (%s), want %v", text, got, got.Type(), want)
		}
	}
	object := decodeText(t, L, `{"a":1,"a":2}`).(*lua.LTable)
	if got := object.RawGetString("a"); got != lua.LNumber(2) {
		t.Errorf("of repeated keys %v won, want the last", got)
	}
}

func TestDecodeErrorsNameTheByte(t *testing.T) {
	t.Parallel()
	L := newState(t)
	for text, offset := range map[string]int{
		``: 0, ` `: 1, `nul`: 0, `tru`: 0, `{"a":1`: 6, `{"a" 1}`: 5, `{a:1}`: 1, `{"a":1,}`: 7, `[1,]`: 3, `[1 2]`: 3, `1 2`: 2,
		`01`: 2, `-`: 1, `1.`: 2, `1e`: 2, `.5`: 0, `+1`: 0, `"abc`: 4, "\"a\nb\"": 2, `"\x"`: 1, `"\u12g4"`: 1,
		`"ab\ud800"`: 3, `"\ud800\u0041"`: 1, `"\udc00"`: 1, "\"a\xffb\"": 2, "\"\\n\xff\"": 3, `1e999`: 0, "\xef\xbb\xbf1": 0, `NaN`: 0,
	} {
		_, err := luax.DecodeJSON(L, []byte(text))
		var syntax *luax.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q gave %v, want a SyntaxError", text, err)
		} else if syntax.Offset != offset {
			t.Errorf("%q: %v, want byte %d", text, err, offset)
		}
	}
}

func TestDepthIsBoundedBothWays(t *testing.T) {
	t.Parallel()
	L := newState(t)
	deepest := strings.Repeat("[", luax.MaxDepth) + strings.Repeat("]", luax.MaxDepth)
	value := decodeText(t, L, deepest)
	if _, err := luax.EncodeJSON(L, nil, value, 1<<20); err != nil {
		t.Errorf("%d levels do not encode: %v", luax.MaxDepth, err)
	}
	if _, err := luax.DecodeJSON(L, []byte("["+deepest+"]")); err == nil {
		t.Error("one level more decodes")
	}
	outer := L.CreateTable(1, 0)
	outer.Append(value)
	if _, err := luax.EncodeJSON(L, nil, outer, 1<<20); err == nil {
		t.Error("one level more encodes")
	}
}

func TestEncodeErrorsSayWhere(t *testing.T) {
	t.Parallel()
	L := newState(t)
	table := func(fill func(*lua.LTable)) *lua.LTable {
		made := L.CreateTable(0, 0)
		fill(made)
		return made
	}
	marked := luax.NewArray(L, 0)
	marked.RawSetString("x", lua.LTrue)
	cycle := L.CreateTable(0, 0)
	cycle.RawSetString("self", cycle)
	nested := decodeText(t, L, `{"items":[1,2,{}]}`).(*lua.LTable)
	nested.RawGetString("items").(*lua.LTable).RawGetInt(3).(*lua.LTable).RawSetString("f", luax.Function(nil))
	cases := []struct {
		value lua.LValue
		want  string
	}{
		{nested, "value.items[3].f is a function"},
		{cycle, "value.self contains itself"},
		{lua.LNumber(math.NaN()), "value is not a number (NaN)"},
		{lua.LNumber(math.Inf(-1)), "value is infinite"},
		{lua.LString("\xff"), "value is a string that is not UTF-8 (base64 it)"},
		{table(func(m *lua.LTable) { m.RawSetInt(1, lua.LTrue); m.RawSetString("x", lua.LTrue) }), `value has both a list's items and the key "x"`},
		{table(func(m *lua.LTable) { m.RawSetInt(3, lua.LTrue) }), "value is a list with a gap at 1 (json.null keeps the place)"},
		{table(func(m *lua.LTable) { m.RawSetH(lua.LNumber(-1), lua.LTrue) }), "value has the key -1, which is not a string"},
		{table(func(m *lua.LTable) { m.RawSetH(lua.LTrue, lua.LTrue) }), "value has the key true, which is not a string"},
		{marked, `value has both a list's items and the key "x"`},
		{&lua.LUserData{}, "value is userdata"},
	}
	for _, c := range cases {
		_, err := luax.EncodeJSON(L, nil, c.value, 1<<20)
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// Sixty levels that each hold the next one twice are 2^60 values and a few
// kilobytes of tables: only counting stops the encoder.
func TestEncoderIsStoppedByBytesAndByTheMeter(t *testing.T) {
	t.Parallel()
	L := newState(t)
	shared := L.CreateTable(0, 0)
	for range 60 {
		next := L.CreateTable(2, 0)
		next.Append(shared)
		next.Append(shared)
		shared = next
	}
	if _, err := luax.EncodeJSON(L, nil, shared, 1<<16); err == nil || !strings.Contains(err.Error(), "longer than the limit") {
		t.Errorf("64 KiB of text: %v", err)
	}
	defer func() {
		failure := meter.From(L).Failure()
		if recover() == nil || failure == nil {
			t.Errorf("the meter did not stop the encoder: %v", failure)
		}
	}()
	_, err := luax.EncodeJSON(L, nil, shared, math.MaxInt32)
	t.Errorf("the encoder ended with %v", err)
}

func TestDecoderIsStoppedByTheMemoryLimit(t *testing.T) {
	t.Parallel()
	L := newState(t)
	defer func() {
		failure := meter.From(L).Failure()
		if recover() == nil || failure == nil || failure.Cause != meter.CauseMemory {
			t.Errorf("the meter did not stop the decoder: %v", failure)
		}
	}()
	_, err := luax.DecodeJSON(L, []byte("["+strings.Repeat("{\"a\":{}},", 1_000_000)+"{}]"))
	t.Errorf("the decoder ended with %v", err)
}

func TestFrozenTables(t *testing.T) {
	t.Parallel()
	L := newState(t)
	real := L.CreateTable(0, 1)
	real.RawSetString("a", lua.LNumber(1))
	table := L.CreateTable(0, 0)
	table.Metatable = luax.FrozenType("thing", func(L *lua.LState) int {
		L.Push(real.RawGet(L.Get(2)))
		return 1
	}, func(*lua.LState) *lua.LTable { return real })
	if got, ok := luax.Real(L, table); !ok || got != real {
		t.Error("Real does not see through a frozen table")
	}
	if _, ok := luax.Real(L, real); ok {
		t.Error("Real takes an ordinary table for a frozen one")
	}
	if got := L.GetField(table, "a"); got != lua.LNumber(1) {
		t.Errorf("reading gives %v", got)
	}
	encoded, err := luax.EncodeJSON(L, nil, table, 100)
	if err != nil || string(encoded) != `{"a":1}` {
		t.Errorf("encoded as %s, %v", encoded, err)
	}
	defer func() {
		raised, ok := recover().(*lua.ApiError)
		if !ok || !strings.Contains(raised.Object.String(), "'thing', which is read-only") {
			t.Errorf("writing raised %v", raised)
		}
	}()
	L.SetField(table, "b", lua.LTrue)
	t.Error("a frozen table was written")
}

package luax_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"picloud/runtime/luax"
	"picloud/runtime/meter"

	lua "github.com/yuin/gopher-lua"
)

// FuzzDecodeJSON holds the decoder against encoding/json: it accepts the same
// texts but those it refuses on purpose, and what it decodes means the same.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,null,"x\u00e4"],"b":{}}`, `[1e5,-0,"\ud83d\ude00"]`, `"\ud800"`, `[[[]]]`, ` {"a":1,"a":2} `, `01`, `1e999`} {
		f.Add([]byte(seed))
	}
	L := newState(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		meter.From(L).Finish()
		start(meter.From(L), L)
		value, err := luax.DecodeJSON(L, data)
		if refusedOnPurpose(data) {
			if err == nil {
				t.Fatalf("%q was accepted", data)
			}
			return
		}
		if (err == nil) != json.Valid(data) {
			t.Fatalf("%q: %v, encoding/json says valid=%v", data, err, json.Valid(data))
		}
		if err != nil {
			return
		}
		encoded, err := luax.EncodeJSON(L, nil, value, 1<<24)
		if err != nil {
			t.Fatalf("%q does not encode again: %v", data, err)
		}
		if want, got := canonical(t, data), canonical(t, encoded); !bytes.Equal(want, got) {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// refusedOnPurpose: what encoding/json lets through and this decoder does not.
func refusedOnPurpose(data []byte) bool {
	if !utf8.Valid(data) {
		return true
	}
	value, ok := decodeNumbers(data)
	if !ok {
		return true
	}
	lower := bytes.ToLower(data)
	if bytes.Contains(lower, []byte(`\ud`)) && bytes.Contains(mustMarshal(value), []byte("\uFFFD")) {
		return true // half a surrogate pair
	}
	return depth(value) > luax.MaxDepth || overflows(value)
}

// decodeNumbers decodes a text with its numbers as they are written.
func decodeNumbers(data []byte) (value any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return value, json.Valid(data) && decoder.Decode(&value) == nil
}

// overflows reports a number that no float can hold; a long integer is none of
// those, for it becomes a string.
func overflows(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, overflows)
	case map[string]any:
		for _, item := range v {
			if overflows(item) {
				return true
			}
		}
	case json.Number:
		_, err := v.Float64()
		return err != nil && strings.ContainsAny(v.String(), ".eE")
	}
	return false
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	case map[string]any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	default:
		return 0
	}
	return deepest + 1
}

func mustMarshal(v any) []byte {
	encoded, _ := json.Marshal(v)
	return encoded
}

// canonical is a text as encoding/json writes it, with large integers as
// strings and zero without a sign, as Lua has them.
func canonical(t *testing.T, data []byte) []byte {
	value, ok := decodeNumbers(data)
	if !ok {
		t.Fatalf("%q is not JSON", data)
	}
	return mustMarshal(luaNumbers(value))
}

func luaNumbers(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = luaNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = luaNumbers(v[key])
		}
	case json.Number:
		number, _ := v.Float64()
		if whole, err := v.Int64(); err == nil && whole >= -luax.MaxInteger && whole <= luax.MaxInteger {
			return whole
		}
		if !strings.ContainsAny(v.String(), ".eE") {
			return v.String()
		}
		if number == 0 {
			return 0
		}
		return number
	}
	return v
}

// FuzzEncode builds nested values from bytes: what the encoder accepts is JSON,
// and no input makes it panic.
func FuzzEncode(f *testing.F) {
	f.Add([]byte("tas1b2"), 100)
	f.Add([]byte("tttnnu"), 1000)
	L := newState(f)
	f.Fuzz(func(t *testing.T, plan []byte, limit int) {
		meter.From(L).Finish()
		start(meter.From(L), L)
		limit = max(0, min(limit, 1<<20))
		value, _ := build(L, plan, 0)
		encoded, err := luax.EncodeJSON(L, nil, value, limit)
		if err == nil && (!json.Valid(encoded) || len(encoded) > limit) {
			t.Fatalf("%q with limit %d became %q", plan, limit, encoded)
		}
	})
}

func build(L *lua.LState, plan []byte, level int) (lua.LValue, []byte) {
	if len(plan) == 0 {
		return lua.LNil, nil
	}
	kind, rest := plan[0], plan[1:]
	switch kind % 7 {
	case 0:
		return lua.LNumber(float64(len(rest)) / float64(kind)), rest
	case 1:
		n := min(len(rest), int(kind)%16)
		return lua.LString(rest[:n]), rest[n:]
	case 2:
		return lua.LBool(kind > 100), rest
	case 3:
		return luax.Null, rest
	case 4:
		return luax.Function(nil), rest
	}
	table := L.CreateTable(0, 0)
	if kind%2 == 0 {
		table = luax.NewArray(L, 0)
	}
	for i := 0; i < int(kind)%5 && len(rest) > 0 && level < 200; i++ {
		var key, value lua.LValue
		if kind%3 == 0 {
			key, rest = build(L, rest, level+1)
		}
		if value, rest = build(L, rest, level+1); key == nil || key == lua.LNil {
			table.Append(value)
		} else {
			table.RawSet(key, value)
		}
	}
	return table, rest
}

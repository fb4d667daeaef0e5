package sdk

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

func jsonModule() runtime.Module {
	return runtime.Module{
		Name: "json",
		Doc: "JSON text to Lua values and back. Arrays stay arrays, also empty ones; integers beyond 2^53 become strings; " +
			"json.null stands for null inside tables.",
		Values: []runtime.Value{{Name: "null", Type: "userdata", Doc: "Stands for JSON's null inside tables, where nil cannot be.", Value: luax.Null}},
		Funcs: []runtime.Func{
			{
				Name:    "encode",
				Doc:     "Returns a value as JSON text. A table with the keys 1..n is an array, an empty one an object unless json.array made it.",
				Params:  []runtime.ParamDoc{{Name: "value", Type: "any", Doc: "What to encode; nil becomes null."}},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The JSON text, fields in the order in which they were set."}},
				Errors: []string{
					"the value has no JSON form: a function, a cycle, NaN or an infinity, a string that is not UTF-8, gaps or mixed keys; the error says where",
					"nesting over 128 levels, or a text over the string limit",
				},
				Example: `return json.encode({ on = true, levels = { 1, 2, 3 } })`,
				Call:    encodeJSON,
			},
			{
				Name:    "decode",
				Doc:     "Returns the value of a JSON text.",
				Params:  []runtime.ParamDoc{{Name: "text", Type: "string", Doc: "One JSON value, UTF-8."}},
				Returns: []runtime.ReturnDoc{{Type: "any", Doc: "Tables for objects and arrays, json.null for null. Of repeated names the last wins."}},
				Errors:  []string{"the text is not JSON: the error gives the byte", "nesting over 128 levels"},
				Example: `local reading = json.decode('{"temp": 21.5}')
return reading.temp`,
				Call: decodeJSON,
			},
			{
				Name:    "array",
				Doc:     "Returns a table that is encoded as an array even when it is empty.",
				Params:  []runtime.ParamDoc{{Name: "items", Type: "table", Doc: "A list whose items to copy.", Optional: true}},
				Returns: []runtime.ReturnDoc{{Type: "table", Doc: "The new array; add to it as to any list."}},
				Errors:  []string{"items is not a table, or is not a list without gaps"},
				Example: `return { readings = json.array() }`,
				Call:    newJSONArray,
			},
		},
	}
}

func encodeJSON(L *lua.LState) int {
	charge := meter.From(L)
	encoded, err := luax.EncodeJSON(L, nil, L.Get(1), charge.Limits().StringBytes)
	if err != nil {
		L.RaiseError("json.encode: %s", describe("value", err))
	}
	charge.ChargeString(L, len(encoded))
	L.Push(lua.LString(encoded))
	return 1
}

func decodeJSON(L *lua.LState) int {
	text := luax.Args{L: L, Func: "json.decode"}.String(1, "text")
	value, err := luax.DecodeJSON(L, []byte(text))
	if err != nil {
		L.RaiseError("json.decode: %s", err.Error())
	}
	L.Push(value)
	return 1
}

func newJSONArray(L *lua.LState) int {
	items := luax.Args{L: L, Func: "json.array"}.OptTable(1, "items")
	if items == nil {
		L.Push(luax.NewArray(L, 0))
		return 1
	}
	n := items.Len()
	if key := luax.KeyAfter(items, n); key != lua.LNil {
		L.RaiseError("json.array: argument 1 (items) must be a list")
	}
	charge := meter.From(L)
	charge.Step(L, n)
	charge.ChargeMemory(L, 96+n*20)
	array := luax.NewArray(L, n)
	for i := 1; i <= n; i++ {
		item := items.RawGetInt(i)
		if item == lua.LNil {
			L.RaiseError("json.array: argument 1 (items) has a gap at %d", i)
		}
		array.Append(item)
	}
	L.Push(array)
	return 1
}

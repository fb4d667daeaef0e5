package sdk

import (
	"net/url"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// queryTable is a query as ctx.request.query shows one: decoded, the last value
// of a name; a malformed escape stays as it is, because devices send them.
func queryTable(L *lua.LState, query string) *lua.LTable {
	charge := meter.From(L)
	charge.ChargeMemory(L, tableBytes)
	table := L.CreateTable(0, 4)
	for pair := range strings.SplitSeq(query, "&") {
		charge.Step(L, 1)
		if pair == "" {
			continue
		}
		charge.ChargeMemory(L, fieldBytes+len(pair))
		name, value, _ := strings.Cut(pair, "=")
		table.RawSetString(decoded(name), lua.LString(decoded(value)))
	}
	return table
}

func decoded(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func queryURL(L *lua.LState) int {
	args := luax.Args{L: L, Func: "url.query"}
	L.Push(lua.LString(encodeQuery(args, args.Table(1, "fields"))))
	return 1
}

// encodeQuery writes fields in the order of their names, so that the same table
// gives the same text.
func encodeQuery(args luax.Args, fields *lua.LTable) string {
	charge := meter.From(args.L)
	var names []string
	for key, _ := fields.Next(lua.LNil); key != lua.LNil; key, _ = fields.Next(key) {
		charge.Step(args.L, 2)
		charge.ChargeMemory(args.L, itemBytes)
		name, ok := key.(lua.LString)
		if !ok {
			args.L.RaiseError("%s: a name in the query must be a string, got %s", args.Func, key.Type())
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		writeField(args, &out, name, fields.RawGetString(name))
	}
	return out.String()
}

func writeField(args luax.Args, out *strings.Builder, name string, value lua.LValue) {
	list, ok := value.(*lua.LTable)
	if !ok {
		writePair(args, out, name, value)
		return
	}
	if real, frozen := luax.Real(args.L, list); frozen {
		list = real
	}
	for i := 1; i <= list.Len(); i++ {
		writePair(args, out, name, list.RawGetInt(i))
	}
}

func writePair(args luax.Args, out *strings.Builder, name string, value lua.LValue) {
	switch value.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
	default:
		args.L.RaiseError("%s: the value of %q in the query must be a string, a number or a boolean, got %s", args.Func, clipName(name), value.Type())
	}
	text := value.String()
	meter.From(args.L).ChargeString(args.L, out.Len()+escapedLength(name)+escapedLength(text)+2)
	if out.Len() > 0 {
		out.WriteByte('&')
	}
	out.WriteString(url.QueryEscape(name))
	out.WriteByte('=')
	out.WriteString(url.QueryEscape(text))
}

// clipName shortens a name for an error message.
func clipName(name string) string { return name[:min(len(name), 64)] }

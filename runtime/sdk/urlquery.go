package sdk

import (
	"net/url"
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
	charge.Hold(table)
	defer charge.Release(1)
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
	L.Push(lua.LString(encodeQuery(args, "argument 1 (fields)", args.Table(1, "fields"))))
	return 1
}

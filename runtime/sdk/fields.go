package sdk

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// eachField calls use with the names of a table in their order, so that the
// same table always gives the same text, and with the value of each, or every
// value of its list. where is what errors call the table.
func eachField(args luax.Args, where string, fields *lua.LTable, use func(name, value string)) {
	if fields == nil {
		return
	}
	charge := meter.From(args.L)
	var names []string
	for key, _ := fields.Next(lua.LNil); key != lua.LNil; key, _ = fields.Next(key) {
		charge.Step(args.L, 2)
		charge.ChargeMemory(args.L, itemBytes)
		name, ok := key.(lua.LString)
		if !ok {
			args.L.RaiseError("%s: %s must be a table of names and values, got a %s as a name", args.Func, where, key.Type())
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	for _, name := range names {
		value := fields.RawGetString(name)
		list, ok := value.(*lua.LTable)
		if !ok {
			use(name, fieldText(args, where, name, value))
			continue
		}
		eachItem(args, fmt.Sprintf("%s: %q", where, luax.Clip(name)), list, func(item lua.LValue) { use(name, fieldText(args, where, name, item)) })
	}
}

// eachItem calls use with the items of a list; nil is an empty one. what is
// what errors call the list.
func eachItem(args luax.Args, what string, list *lua.LTable, use func(lua.LValue)) {
	if list == nil {
		return
	}
	if real, frozen := luax.Real(args.L, list); frozen {
		list = real
	}
	n := list.Len()
	if luax.KeyAfter(list, n) != lua.LNil {
		args.L.RaiseError("%s: %s must be a list", args.Func, what)
	}
	meter.From(args.L).Step(args.L, n)
	for i := 1; i <= n; i++ {
		use(list.RawGetInt(i))
	}
}

func fieldText(args luax.Args, where, name string, value lua.LValue) string {
	switch value.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		text := value.String()
		meter.From(args.L).ChargeMemory(args.L, len(text))
		return text
	}
	args.L.RaiseError("%s: %s: %q must be a string, a number, a boolean or a list of those, got %s", args.Func, where, luax.Clip(name), value.Type())
	return ""
}

// encodeQuery writes fields as a query or a form.
func encodeQuery(args luax.Args, where string, fields *lua.LTable) string {
	charge := meter.From(args.L)
	var out strings.Builder
	eachField(args, where, fields, func(name, value string) {
		charge.ChargeString(args.L, len(name)+len(value))
		pair := url.QueryEscape(name) + "=" + url.QueryEscape(value)
		charge.ChargeString(args.L, len(pair))
		if out.Len() > 0 {
			out.WriteByte('&')
		}
		out.WriteString(pair)
		if out.Len() > charge.Limits().StringBytes {
			charge.ChargeString(args.L, out.Len()) // raises
		}
	})
	return out.String()
}

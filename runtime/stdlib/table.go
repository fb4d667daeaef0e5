package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

func (lib *Library) tableFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"concat": tableConcat, "foreach": lib.tableForeach, "foreachi": tableForeachi, "getn": tableGetn,
		"insert": lib.tableInsert, "maxn": lib.tableMaxn, "remove": lib.tableRemove, "sort": lib.tableSort,
	}
}

// stepEvery is how many items a loop of the library handles for one charge.
const stepEvery = 256

func tableConcat(L *lua.LState) int {
	t := reveal(L, checkTable(L, 1, "concat"))
	separator := optString(L, 2, "concat", "")
	from := optInt(L, 3, "concat", 1)
	to := 0
	if L.Get(4) == lua.LNil {
		to = t.Len()
	} else {
		to = checkInt(L, 4, "concat")
	}
	total := concatSize(L, t, separator, from, to)
	if total >= chargeFrom {
		meter.From(L).ChargeString(L, total)
	}
	var text strings.Builder
	text.Grow(total)
	var digits [32]byte
	for i := from; i <= to; i++ {
		switch v := rawGetInt(t, i).(type) {
		case lua.LString:
			text.WriteString(string(v))
		case lua.LNumber:
			text.Write(appendNumber(digits[:0], float64(v)))
		}
		if i < to {
			text.WriteString(separator)
		}
	}
	pushString(L, text.String())
	return 1
}

// concatSize measures the result before any of it is made.
func concatSize(L *lua.LState, t *lua.LTable, separator string, from, to int) int {
	m := meter.From(L)
	limit := m.Limits().StringBytes
	total := 0
	for i := from; i <= to; i++ {
		switch v := rawGetInt(t, i).(type) {
		case lua.LString:
			total += len(v)
		case lua.LNumber:
			var digits [32]byte
			total += len(appendNumber(digits[:0], float64(v)))
		default:
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type().String(), i)
		}
		if i < to {
			total += len(separator)
		}
		if total > limit {
			m.ChargeString(L, total)
		}
		if (i-from)%stepEvery == stepEvery-1 {
			m.Step(L, stepEvery/4)
		}
	}
	return total
}

func (lib *Library) tableInsert(L *lua.LState) int {
	t := lib.writable(L, 1, "insert")
	n := t.Len()
	switch L.GetTop() {
	case 2:
		t.Append(L.Get(2))
	case 3:
		insertAt(L, t, n, checkInt(L, 2, "insert"), L.Get(3))
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

func insertAt(L *lua.LState, t *lua.LTable, n, at int, value lua.LValue) {
	switch {
	case at < 1:
		argumentError(L, 2, "insert", "position out of bounds")
	case at > n:
		chargeGap(L, t, lua.LNumber(at))
		t.RawSetInt(at, value)
	default:
		meter.From(L).Step(L, (n-at)>>4) // moving the tail: 16 items cost about one instruction
		t.Insert(at, value)
	}
}

func (lib *Library) tableRemove(L *lua.LState) int {
	t := lib.writable(L, 1, "remove")
	n := t.Len()
	at := optInt(L, 2, "remove", n)
	if at < 1 || at > n {
		return 0
	}
	meter.From(L).Step(L, (n-at)>>4)
	L.Push(t.Remove(at))
	return 1
}

func tableGetn(L *lua.LState) int {
	L.Push(integer(checkTable(L, 1, "getn").Len()))
	return 1
}

// tableMaxn answers the largest positive numeric key, in the array part or not.
func (lib *Library) tableMaxn(L *lua.LState) int {
	t := reveal(L, checkTable(L, 1, "maxn"))
	largest := lua.LNumber(t.MaxN())
	m := meter.From(L)
	seen := 0
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		if n, ok := key.(lua.LNumber); ok && n > largest {
			largest = n
		}
		if seen++; seen%stepEvery == 0 {
			m.Step(L, stepEvery/4)
		}
	}
	L.Push(largest)
	return 1
}

func (lib *Library) tableForeach(L *lua.LState) int {
	t := reveal(L, checkTable(L, 1, "foreach"))
	f := checkFunction(L, 2, "foreach")
	for key, value := t.Next(lua.LNil); key != lua.LNil; key, value = t.Next(key) {
		if result := call(L, f, key, value); result != lua.LNil {
			L.Push(result)
			return 1
		}
	}
	return 0
}

func tableForeachi(L *lua.LState) int {
	t := checkTable(L, 1, "foreachi")
	f := checkFunction(L, 2, "foreachi")
	for i, n := 1, t.Len(); i <= n; i++ {
		if result := call(L, f, lua.LNumber(i), rawGetInt(t, i)); result != lua.LNil {
			L.Push(result)
			return 1
		}
	}
	return 0
}

func checkFunction(L *lua.LState, n int, name string) *lua.LFunction {
	f, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		typeError(L, n, name, "function")
	}
	return f
}

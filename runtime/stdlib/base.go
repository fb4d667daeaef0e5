package stdlib

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

func (lib *Library) baseFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"assert": assert, "collectgarbage": collectGarbage, "error": luaError,
		"getmetatable": getMetatable, "ipairs": lib.ipairs, "next": lib.next, "pairs": lib.pairs,
		"pcall": lib.pcall, "print": lib.print, "rawequal": rawEqual, "rawget": lib.rawGet,
		"rawset": lib.rawSet, "select": selectValues, "setmetatable": lib.setMetatable,
		"tonumber": toNumber, "tostring": toString, "type": typeOf, "unpack": unpack, "xpcall": lib.xpcall,
	}
}

// typeNames holds the answers of type. Read only.
var typeNames = func() (names [lua.LTTable + 1]lua.LValue) {
	for t := lua.LTNil; t <= lua.LTTable; t++ {
		names[t] = lua.LString(t.String())
	}
	return names
}()

func typeOf(L *lua.LState) int {
	t := checkAny(L, 1, "type").Type()
	if int(t) < 0 || int(t) >= len(typeNames) {
		t = lua.LTUserData
	}
	L.Push(typeNames[t])
	return 1
}

// collectGarbage answers "count" in KiB and does nothing for the other options.
func collectGarbage(L *lua.LState) int {
	switch option := optString(L, 1, "collectgarbage", "collect"); option {
	case "count":
		L.Push(lua.LNumber(float64(meter.From(L).LiveBytes()) / 1024))
	case "collect", "stop", "restart", "step", "setpause", "setstepmul":
		L.Push(integer(0))
	default:
		argumentError(L, 1, "collectgarbage", "invalid option '"+option+"'")
	}
	return 1
}

func (lib *Library) ipairs(L *lua.LState) int {
	t := checkTable(L, 1, "ipairs")
	L.Push(lib.ipairsNext)
	L.Push(t)
	L.Push(integer(0))
	return 3
}

func ipairsNext(L *lua.LState) int {
	t := reveal(L, checkTable(L, 1, "ipairs"))
	i := checkInt(L, 2, "ipairs") + 1
	v := t.RawGetInt(i)
	if v == lua.LNil {
		return 0
	}
	L.Push(integer(i))
	L.Push(v)
	return 2
}

func (lib *Library) next(L *lua.LState) int {
	t := reveal(L, checkTable(L, 1, "next"))
	var key, value lua.LValue
	if lib.isEnvironment(t) {
		key, value = lib.nextGlobal(t, L.Get(2))
	} else {
		key, value = t.Next(L.Get(2))
	}
	if key == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(key)
	L.Push(value)
	return 2
}

func (lib *Library) pairs(L *lua.LState) int {
	t := checkTable(L, 1, "pairs")
	L.Push(lib.nextFunc)
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

func (lib *Library) print(L *lua.LState) int {
	n := L.GetTop()
	line := newBuffer(L)
	for i := 1; i <= n; i++ {
		if i > 1 {
			line.addByte('\t')
		}
		line.add(line.toString(L.Get(i)))
	}
	lib.hooks.Print(L, line.text.String())
	return 0
}

func rawEqual(L *lua.LState) int {
	L.Push(lua.LBool(L.RawEqual(checkAny(L, 1, "rawequal"), checkAny(L, 2, "rawequal"))))
	return 1
}

func (lib *Library) rawGet(L *lua.LState) int {
	t, key := reveal(L, checkTable(L, 1, "rawget")), checkAny(L, 2, "rawget")
	if lib.isEnvironment(t) {
		L.Push(lib.global(t, key))
		return 1
	}
	L.Push(t.RawGet(key))
	return 1
}

func (lib *Library) rawSet(L *lua.LState) int {
	t := lib.writable(L, 1, "rawset")
	key, value := checkAny(L, 2, "rawset"), checkAny(L, 3, "rawset")
	switch k := key.(type) {
	case *lua.LNilType:
		L.RaiseError("table index is nil")
	case lua.LNumber:
		if k != k {
			L.RaiseError("table index is NaN")
		}
		chargeGap(L, t, k)
	}
	t.RawSet(key, value)
	L.SetTop(1)
	return 1
}

// chargeGap announces what an assignment far behind the end of the array part
// costs: the VM fills everything between with nil.
func chargeGap(L *lua.LState, t *lua.LTable, key lua.LNumber) {
	const near = 4096
	if key <= near || key >= lua.LNumber(lua.MaxArrayIndex) {
		return
	}
	if gap := int(key) - t.Len(); gap > near {
		meter.From(L).ChargeMemory(L, gap*20) // 16 bytes each and what append grows ahead
	}
}

func selectValues(L *lua.LState) int {
	n := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); ok && s == "#" {
		L.Push(integer(n - 1))
		return 1
	}
	i := checkInt(L, 1, "select")
	if i < 0 {
		i = n + i
	} else if i > n {
		i = n
	}
	if i < 1 {
		argumentError(L, 1, "select", "index out of range")
	}
	return n - i
}

func getMetatable(L *lua.LState) int {
	L.Push(L.GetMetatable(checkAny(L, 1, "getmetatable")))
	return 1
}

// setMetatable takes tables only: gopher-lua's own would let a script replace
// the metatable of all numbers or functions of the state.
func (lib *Library) setMetatable(L *lua.LState) int {
	t := lib.writable(L, 1, "setmetatable")
	metatable := L.Get(2)
	if _, ok := metatable.(*lua.LTable); !ok && (metatable != lua.LNil || L.GetTop() < 2) {
		argumentError(L, 2, "setmetatable", "nil or table expected")
	}
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = metatable
	L.SetTop(1)
	return 1
}

func toNumber(L *lua.LState) int {
	base := optInt(L, 2, "tonumber", 10)
	result := lua.LValue(lua.LNil)
	if base == 10 {
		switch v := checkAny(L, 1, "tonumber").(type) {
		case lua.LNumber:
			result = v
		case lua.LString:
			if n, ok := parseNumber(string(v)); ok {
				result = n
			}
		}
		L.Push(result)
		return 1
	}
	text := checkString(L, 1, "tonumber")
	if base < 2 || base > 36 {
		argumentError(L, 2, "tonumber", "base out of range")
	}
	if n, ok := parseInBase(text, base); ok {
		result = n
	}
	L.Push(result)
	return 1
}

func toString(L *lua.LState) int {
	v := checkAny(L, 1, "tostring")
	if _, ok := v.(lua.LString); ok {
		L.Push(v)
		return 1
	}
	pushString(L, ToString(L, v))
	return 1
}

func unpack(L *lua.LState) int {
	t := reveal(L, checkTable(L, 1, "unpack"))
	from := optInt(L, 2, "unpack", 1)
	to := 0
	if L.Get(3) == lua.LNil {
		to = t.Len()
	} else {
		to = checkInt(L, 3, "unpack")
	}
	if from > to {
		return 0
	}
	n := to - from + 1
	if n > maxResults {
		L.RaiseError("too many results to unpack")
	}
	meter.From(L).Step(L, n>>2)
	for i := from; i <= to; i++ {
		L.Push(rawGetInt(t, i))
	}
	return n
}

// rawGetInt reads t[i] from the array part or from the hash part.
func rawGetInt(t *lua.LTable, i int) lua.LValue {
	if v := t.RawGetInt(i); v != lua.LNil {
		return v
	}
	if i >= 1 && i < lua.MaxArrayIndex {
		return lua.LNil
	}
	return t.RawGetH(lua.LNumber(i))
}

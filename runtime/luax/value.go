package luax

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// MaxDepth bounds nesting in both directions (spec 3, "JSON and Lua").
const MaxDepth = 128

// MaxInteger is the largest integer that a Lua number holds exactly, 2^53.
const MaxInteger = 1 << 53

// Null is json.null: one userdata shared by all states, equal only to itself.
var Null = newNull()

// arrayMetatable marks a table as a JSON array. It is shared by all states, so
// its __metatable field keeps scripts from reaching or replacing it.
var arrayMetatable = newArrayMetatable()

func newNull() *lua.LUserData {
	metatable := NewTable(0, 2)
	metatable.RawSetString("__metatable", lua.LFalse)
	metatable.RawSetString("__tostring", Function(func(L *lua.LState) int {
		L.Push(lua.LString("null"))
		return 1
	}))
	return &lua.LUserData{Metatable: metatable}
}

func newArrayMetatable() *lua.LTable {
	metatable := NewTable(0, 1)
	metatable.RawSetString("__metatable", lua.LString("array"))
	return metatable
}

// NewTable makes a table outside any state, with room for so many items and fields.
func NewTable(items, fields int) *lua.LTable {
	return (&lua.LState{}).CreateTable(items, fields)
}

// Function wraps a Go function outside any state. It has no environment and no
// upvalues, so all states may share it. Every Go function that a script can
// reach is made here: what panics in it ends the run.
func Function(call lua.LGFunction) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: func(L *lua.LState) int {
		defer meter.Guard(L)
		return call(L)
	}}
}

// NewArray returns an empty table with room for n items that is encoded as a
// JSON array even when it is empty (json.array()). The caller charges it.
func NewArray(L *lua.LState, n int) *lua.LTable {
	array := L.CreateTable(n, 0)
	array.Metatable = arrayMetatable
	return array
}

// KeyAfter returns a key of t besides 1..n, or nil when t is a list of n items.
func KeyAfter(t *lua.LTable, n int) lua.LValue {
	var last lua.LValue = lua.LNil // LTable.Next takes 0 for a key of the hash part
	if n > 0 {
		last = lua.LNumber(n)
	}
	key, _ := t.Next(last)
	return key
}

// isArray reports whether t was marked by NewArray or came from a JSON array.
func isArray(t *lua.LTable) bool { return t.Metatable == arrayMetatable }

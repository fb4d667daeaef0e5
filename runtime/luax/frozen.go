package luax

import lua "github.com/yuin/gopher-lua"

// frozenMark is the metatable field under which a frozen table's type hides;
// scripts cannot reach it because the metatable is protected.
const frozenMark = "__frozen"

// frozenType says how to get at the contents of the tables with one metatable.
type frozenType struct {
	contents func(*lua.LState) *lua.LTable
}

// Freeze returns an empty table that shows the contents of real and refuses
// every write with an error that names it. All states may share the result
// once nothing writes to real any more.
func Freeze(name string, real *lua.LTable) *lua.LTable {
	frozen := NewTable(0, 0)
	frozen.Metatable = frozenMetatable(name, real, func(*lua.LState) *lua.LTable { return real })
	return frozen
}

// FrozenType returns a metatable for empty tables whose contents depend on the
// run that reads them: index answers one key, contents answers the whole table
// for pairs and the JSON encoder. One metatable serves all states.
func FrozenType(name string, index lua.LGFunction, contents func(*lua.LState) *lua.LTable) *lua.LTable {
	return frozenMetatable(name, Function(index), contents)
}

// Real returns the table behind a frozen one, which the caller must not
// change, and false when t is an ordinary table.
func Real(L *lua.LState, t *lua.LTable) (*lua.LTable, bool) {
	metatable, ok := t.Metatable.(*lua.LTable)
	if !ok || metatable == arrayMetatable {
		return nil, false
	}
	mark, ok := metatable.RawGetString(frozenMark).(*lua.LUserData)
	if !ok {
		return nil, false
	}
	// A script can build a metatable with a field of this name, but not a
	// userdata that holds a frozenType.
	kind, ok := mark.Value.(*frozenType)
	if !ok {
		return nil, false
	}
	return kind.contents(L), true
}

func frozenMetatable(name string, index lua.LValue, contents func(*lua.LState) *lua.LTable) *lua.LTable {
	metatable := NewTable(0, 4)
	metatable.RawSetString("__index", index)
	metatable.RawSetString("__metatable", lua.LFalse)
	metatable.RawSetString("__newindex", Function(func(L *lua.LState) int {
		L.RaiseError("attempt to change '%s', which is read-only", name)
		return 0
	}))
	metatable.RawSetString(frozenMark, &lua.LUserData{Value: &frozenType{contents}, Metatable: lua.LNil})
	return metatable
}

package stdlib

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
)

// freeze puts a read-only table in front of real.
func (lib *Library) freeze(name string, real *lua.LTable) *lua.LTable {
	frozen := luax.Freeze(name, real)
	lib.tables = append(lib.tables, real, frozen, frozen.Metatable.(*lua.LTable))
	return frozen
}

// reveal answers the table behind a read-only one, or t itself. The result is
// for reading.
func reveal(L *lua.LState, t *lua.LTable) *lua.LTable {
	if t.Metatable == lua.LNil {
		return t
	}
	if real, frozen := luax.Real(L, t); frozen {
		return real
	}
	return t
}

// writable reads table argument n and raises when it is read-only.
func (lib *Library) writable(L *lua.LState, n int, name string) *lua.LTable {
	t := checkTable(L, n, name)
	if t.Metatable != lua.LNil {
		if _, frozen := luax.Real(L, t); frozen {
			L.RaiseError("attempt to change a read-only table")
		}
	}
	return t
}

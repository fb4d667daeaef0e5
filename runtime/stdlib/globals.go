package stdlib

import lua "github.com/yuin/gopher-lua"

// Lua 5.1 has one table of globals that holds itself as _G. Here a run's own
// globals are in its environment and the library's in Globals, which all runs
// share; the functions in this file make the two look like one.

// missingGlobal is what the VM asks for a global that neither table has. Only
// such reads pay for _G._G.
func missingGlobal(L *lua.LState) int {
	if L.Get(2) == lua.LString("_G") {
		L.Push(L.Env)
		return 1
	}
	L.Push(lua.LNil)
	return 1
}

// isEnvironment reports whether t is a run's table of globals.
func (lib *Library) isEnvironment(t *lua.LTable) bool { return t.Metatable == lib.EnvMetatable }

// global answers a global without calling anything.
func (lib *Library) global(env *lua.LTable, key lua.LValue) lua.LValue {
	if own := env.RawGet(key); own != lua.LNil {
		return own
	}
	if key == lua.LString("_G") {
		return env
	}
	return lib.Globals.RawGet(key)
}

// nextGlobal is next for an environment: _G, the names of the library, then the
// run's own. The key alone says how far a traversal is, because the library
// never changes: a script may assign to globals while it walks through them.
func (lib *Library) nextGlobal(env *lua.LTable, key lua.LValue) (lua.LValue, lua.LValue) {
	if key == lua.LNil {
		key = lua.LString("_G")
		return key, lib.global(env, key)
	}
	if isName := key == lua.LString("_G"); isName || lib.Globals.RawGet(key) != lua.LNil {
		if isName {
			key = lua.LNil
		}
		if name, _ := lib.Globals.Next(key); name != lua.LNil {
			return name, lib.global(env, name)
		}
		key = lua.LNil
	}
	for {
		name, value := env.Next(key)
		if name != lua.LString("_G") && lib.Globals.RawGet(name) == lua.LNil {
			return name, value
		}
		key = name
	}
}

package runtime

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// Type describes the values of one kind that SDK functions return, such as a
// collection: userdata whose methods all states share, read-only for scripts.
type Type struct {
	Name    string // with the sign between it and a method: "kv:"
	Doc     string
	Methods []Func

	metatable, methods *lua.LTable
}

// userDataBytes is what one value of a type allocates, its Go part included.
const userDataBytes = 160

// NewTable returns a read-only table of functions that are called with a dot,
// described as a type.
func NewTable(name, doc string, functions ...Func) (*Type, *lua.LTable) {
	t := newType(name+".", doc, functions)
	frozen := luax.Freeze(name, t.methods)
	t.metatable = frozen.Metatable.(*lua.LTable)
	return t, frozen
}

func newType(name, doc string, methods []Func) *Type {
	t := &Type{Name: name, Doc: doc, Methods: methods, methods: luax.NewTable(0, len(methods))}
	for _, method := range methods {
		t.methods.RawSetString(method.Name, luax.Function(charged(name, method)))
	}
	return t
}

// NewType makes a type whose methods are called with a colon, and its metatable.
func NewType(name, doc string, methods ...Func) *Type {
	t := newType(name+":", doc, methods)
	t.metatable = luax.NewTable(0, 3)
	t.metatable.RawSetString("__index", t.methods)
	t.metatable.RawSetString("__metatable", lua.LFalse)
	t.metatable.RawSetString("__tostring", luax.Function(func(L *lua.LState) int {
		L.Push(lua.LString(name))
		return 1
	}))
	return t
}

// New returns a value of the type that holds a Go value.
func (t *Type) New(L *lua.LState, value any) *lua.LUserData {
	meter.From(L).ChargeMemory(L, userDataBytes)
	return &lua.LUserData{Value: value, Metatable: t.metatable}
}

// Receiver takes the first argument of a method, whose Go value must be a V,
// off the stack, so that the others count from 1.
func Receiver[V any](L *lua.LState, method string) V {
	if data, ok := L.Get(1).(*lua.LUserData); ok {
		if value, ok := data.Value.(V); ok {
			L.Remove(1)
			return value
		}
	}
	L.RaiseError("%s must be called with ':' on what it belongs to", method)
	panic("unreachable: RaiseError does not return")
}

package runtime

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/runtime/stdlib"
)

// Module is one SDK table such as json or log. The engine builds it once; all
// states share it through a read-only proxy.
type Module struct {
	Name   string
	Doc    string
	Funcs  []Func
	Types  []*Type // of the values that its functions return
	Values []Value // constants such as json.null
}

// Value is a constant of a module; all states share it, so it is immutable.
type Value struct {
	Name, Type, Doc string
	Value           lua.LValue
}

// Func describes one SDK function, once, beside its code (spec 3, "One
// description, four uses").
type Func struct {
	Name    string
	Doc     string
	Params  []ParamDoc
	Returns []ReturnDoc
	Errors  []string // when it raises
	Example string   // a whole script that runs
	Counted bool     // counts as an SDK call
	// Effect says that the call does something outside the database, which a
	// transaction can neither take back nor repeat: inside one it raises.
	Effect bool
	Call   lua.LGFunction
}

// ParamDoc describes one parameter, or one field of a table.
type ParamDoc struct {
	Name string `json:"name"` // "..." for any number of values
	// Type is a type of Lua, "integer", "any", the name of a Type without its
	// sign, one of these with [] behind it for a list, table<string, TYPE>, or
	// several with | between.
	Type     string `json:"type"`
	Doc      string `json:"doc"`
	Optional bool   `json:"optional"`
	// Fields are the keys that a table has or, for a parameter, may have.
	Fields []ParamDoc `json:"fields,omitempty"`
}

// ReturnDoc describes one result.
type ReturnDoc struct {
	Type   string     `json:"type"`
	Doc    string     `json:"doc"`
	Fields []ParamDoc `json:"fields,omitempty"` // the keys that a table has
}

// addModules puts the modules into the library. Every call of an SDK function
// charges a step: a Go function executes no instruction of its own.
func addModules(library *stdlib.Library, modules []Module) error {
	for _, module := range modules {
		content := make(map[string]lua.LValue, len(module.Funcs)+len(module.Values))
		for _, value := range module.Values {
			content[value.Name] = value.Value
		}
		for _, fn := range module.Funcs {
			if _, taken := content[fn.Name]; taken {
				return fmt.Errorf("module %s has two members called %s", module.Name, fn.Name)
			}
			content[fn.Name] = luax.Function(charged(module.Name+".", fn))
		}
		for _, kind := range module.Types {
			library.Share(kind.metatable, kind.methods)
		}
		if err := library.AddModule(module.Name, content); err != nil {
			return fmt.Errorf("module %s: %w", module.Name, err)
		}
	}
	return nil
}

func charged(owner string, fn Func) lua.LGFunction {
	call, name := fn.Call, owner+fn.Name
	if fn.Effect {
		call = func(L *lua.LState) int {
			if block := From(L).Block(); block.Name != "" {
				L.RaiseError("%s may not be called inside %s: it could not be taken back", name, block.Name)
			}
			return fn.Call(L)
		}
	}
	if fn.Counted {
		return func(L *lua.LState) int {
			meter.From(L).ChargeSDKCall(L)
			return call(L)
		}
	}
	return func(L *lua.LState) int {
		meter.From(L).Step(L, 1)
		return call(L)
	}
}

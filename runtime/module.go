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
	Values map[string]lua.LValue // constants such as json.null; shared, immutable
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

// ParamDoc describes one parameter.
type ParamDoc struct {
	Name, Type, Doc string
	Optional        bool
}

// ReturnDoc describes one result.
type ReturnDoc struct{ Type, Doc string }

// addModules puts the modules into the library. Every call of an SDK function
// charges a step: a Go function executes no instruction of its own.
func addModules(library *stdlib.Library, modules []Module) error {
	for _, module := range modules {
		content := make(map[string]lua.LValue, len(module.Funcs)+len(module.Values))
		for name, value := range module.Values {
			content[name] = value
		}
		for _, fn := range module.Funcs {
			if _, taken := content[fn.Name]; taken {
				return fmt.Errorf("module %s has two members called %s", module.Name, fn.Name)
			}
			content[fn.Name] = luax.Function(charged(module.Name+".", fn))
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

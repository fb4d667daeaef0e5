package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// maxRequireDepth bounds modules that require modules; each level is a level
// of the Go stack.
const maxRequireDepth = 16

// required is what one run has loaded with require. Nothing of it is shared
// with another run but the compiled code.
type required struct {
	catalog *store.Catalog // one picture for the whole run
	values  map[string]lua.LValue
	loading []string // the chain of modules being loaded, outermost first
}

// require is the global function require: the value of a module of the same
// app, run once per execution in the execution's own environment.
func require(L *lua.LState) int {
	r := From(L)
	name := luax.Args{L: L, Func: "require"}.String(1, "name")
	value, ok := r.modules.values[name]
	if !ok {
		value = r.load(L, name)
	}
	L.Push(value)
	return 1
}

func (r *Run) load(L *lua.LState, name string) lua.LValue {
	script := r.findModule(L, name)
	var proto *lua.FunctionProto
	var err error
	meter.From(L).Blocking(func() { proto, err = r.engine.modules.get(r.Context(), script) })
	if err != nil {
		r.failModule(L, name, err)
	}
	// The entry goes also when the module raises and the script catches it.
	r.modules.loading = append(r.modules.loading, name)
	defer func() { r.modules.loading = r.modules.loading[:len(r.modules.loading)-1] }()

	L.Push(r.function(L, proto))
	L.Push(r.state.ctx)
	L.Push(r.env)
	L.Call(2, 1)
	value := L.Get(-1)
	L.Pop(1)
	if value == lua.LNil {
		value = lua.LTrue // as Lua's own require does
	}
	r.state.keep(value)
	if r.modules.values == nil {
		r.modules.values = map[string]lua.LValue{}
	}
	r.modules.values[name] = value
	return value
}

// findModule raises unless name is an enabled module of the app that is not
// being loaded already.
func (r *Run) findModule(L *lua.LState, name string) *store.Script {
	loading := r.modules.loading
	if at := slices.Index(loading, name); at >= 0 {
		L.RaiseError("module cycle %s", strings.Join(append(slices.Clone(loading[at:]), name), " → "))
	}
	if len(loading) >= maxRequireDepth {
		L.RaiseError("modules require each other more than %d levels deep", maxRequireDepth)
	}
	if r.modules.catalog == nil {
		r.modules.catalog = r.engine.store.Catalog()
	}
	shown := clipText(name, 128)
	script := r.modules.catalog.ScriptByName(r.script.AppID, name)
	switch {
	case script == nil:
		L.RaiseError("module '%s' does not exist in this app", shown)
	case script.Kind != store.ScriptModule:
		L.RaiseError("'%s' is an endpoint and cannot be required: only modules can", shown)
	case !script.Enabled:
		L.RaiseError("module '%s' is disabled", shown)
	}
	return script
}

// failModule raises what a script may know of why a module cannot be loaded;
// the rest goes to the server's log.
func (r *Run) failModule(L *lua.LState, name string, err error) {
	var refused *SourceError
	if errors.As(err, &refused) {
		L.RaiseError("module '%s' does not compile: line %d: %s", name, refused.Line, refused.Message)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		meter.From(L).Fail(L, meter.CauseTimeout, "time limit exceeded while module '"+name+"' was loaded")
	}
	r.engine.logger.Error("module cannot be loaded", "module", name, "script_id", r.script.ID, "execution_id", r.record.execution.ID, "error", err)
	L.RaiseError("module '%s' cannot be loaded", name)
}

// function makes a chunk of compiled code in the run's own environment.
func (r *Run) function(L *lua.LState, proto *lua.FunctionProto) *lua.LFunction {
	fn := L.NewFunctionFromProto(proto)
	fn.Env = r.env
	return fn
}

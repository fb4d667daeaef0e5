package stdlib

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"picloud/runtime/luax"
)

// Hooks are what the library needs from the engine. All are required except
// Require; without it the global require is nil.
type Hooks struct {
	// Print receives one line of print's output without the line end.
	Print func(L *lua.LState, line string)
	// Require is the global function require.
	Require lua.LGFunction
	// Random answers math.random's generator of the current run.
	Random func(L *lua.LState) *Random
	// Now is the wall clock of os.time and os.date; its location is local time.
	Now func() time.Time
}

// Library is the read-only set of tables and functions that all states share.
type Library struct {
	// Globals holds the global functions and the frozen library tables.
	// Environments reach it through EnvMetatable; no script ever holds it.
	Globals *lua.LTable
	// EnvMetatable is the metatable of a run's empty environment.
	EnvMetatable *lua.LTable
	// StringMetatable is the metatable of all strings.
	StringMetatable *lua.LTable
	// Concat is the charged form of the operator "..", with its operands as arguments.
	Concat *lua.LFunction

	hooks      Hooks
	nextFunc   *lua.LFunction
	ipairsNext *lua.LFunction
	trampoline *lua.LFunction
	tables     []*lua.LTable
	sealed     bool
}

var (
	errSealed = errors.New("stdlib: the library is sealed")
	errHooks  = errors.New("stdlib: Print, Random and Now are required")
)

// New builds the library with Lua's own tables. AddModule and AddGlobal may
// follow; Seal ends the building.
func New(hooks Hooks) (*Library, error) {
	if hooks.Print == nil || hooks.Random == nil || hooks.Now == nil {
		return nil, errHooks
	}
	if err := checkFrameLayout(); err != nil {
		return nil, err
	}
	lib := &Library{hooks: hooks}
	trampoline, err := newTrampoline()
	if err != nil {
		return nil, err
	}
	lib.trampoline = trampoline
	lib.Concat = luax.Function(concat)
	lib.Globals = lib.newTable(functions(lib.baseFunctions()))
	lib.nextFunc = lib.Globals.RawGetString("next").(*lua.LFunction)
	lib.ipairsNext = luax.Function(ipairsNext)
	lib.addStandardTables()
	lib.Globals.Metatable = lib.newTable(map[string]lua.LValue{"__index": luax.Function(missingGlobal)})
	lib.EnvMetatable = lib.newTable(map[string]lua.LValue{"__index": lib.Globals, "__metatable": lua.LFalse})
	return lib, nil
}

func (lib *Library) addStandardTables() {
	text := lib.newTable(functions(stringFunctions()))
	lib.StringMetatable = lib.newTable(map[string]lua.LValue{"__index": text, "__metatable": lua.LFalse})
	lib.setGlobal("string", lib.freeze("string", text))
	lib.setGlobal("table", lib.freeze("table", lib.newTable(functions(lib.tableFunctions()))))
	lib.setGlobal("math", lib.freeze("math", lib.newTable(lib.mathTable())))
	lib.setGlobal("coroutine", lib.freeze("coroutine", lib.newTable(functions(lib.coroutineFunctions()))))
	lib.setGlobal("os", lib.freeze("os", lib.newTable(functions(lib.osFunctions()))))
	lib.setGlobal("_VERSION", lua.LString("Lua 5.1"))
	if lib.hooks.Require != nil {
		lib.setGlobal("require", luax.Function(lib.hooks.Require))
	}
}

// AddModule adds a read-only table of functions and constants under a global
// name. The values must be immutable; a table among them is frozen too. It fails after Seal and for a name that is taken.
func (lib *Library) AddModule(name string, content map[string]lua.LValue) error {
	return lib.AddGlobal(name, lib.newTable(content))
}

// AddGlobal adds one immutable global; a table is frozen. It
// fails after Seal and for a name that is taken.
func (lib *Library) AddGlobal(name string, value lua.LValue) error {
	if lib.sealed {
		return errSealed
	}
	if lib.Globals.RawGetString(name) != lua.LNil {
		return fmt.Errorf("stdlib: global %q is taken", name)
	}
	if t, ok := value.(*lua.LTable); ok {
		value = lib.protect(name, t)
	}
	lib.setGlobal(name, value)
	return nil
}

// protect freezes t and the tables in it.
func (lib *Library) protect(name string, t *lua.LTable) *lua.LTable {
	nested := map[lua.LValue]*lua.LTable{}
	t.ForEach(func(key, value lua.LValue) {
		if inner, ok := value.(*lua.LTable); ok {
			nested[key] = inner
		}
	})
	for key, inner := range nested {
		t.RawSet(key, lib.protect(name+"."+key.String(), inner))
	}
	return lib.freeze(name, t)
}

// Seal ends the building. From then on goroutines may share the library.
func (lib *Library) Seal() { lib.sealed = true }

// Shared lists every table of the library, for the memory walk: they belong to
// the process, not to a run.
func (lib *Library) Shared() []*lua.LTable { return lib.tables }

// Share adds tables to Shared.
func (lib *Library) Share(tables ...*lua.LTable) { lib.tables = append(lib.tables, tables...) }

// Install gives a new state what is per state: the metatable of strings.
func (lib *Library) Install(L *lua.LState) {
	L.SetMetatable(lua.LString(""), lib.StringMetatable)
}

func (lib *Library) setGlobal(name string, value lua.LValue) { lib.Globals.RawSetString(name, value) }

func functions(fs map[string]lua.LGFunction) map[string]lua.LValue {
	values := make(map[string]lua.LValue, len(fs))
	for name, f := range fs {
		values[name] = luax.Function(f)
	}
	return values
}

// newTable fills a table in the order of the names, so that pairs over it is the
// same in every process.
func (lib *Library) newTable(content map[string]lua.LValue) *lua.LTable {
	t := (&lua.LState{}).CreateTable(0, len(content))
	for _, name := range slices.Sorted(maps.Keys(content)) {
		t.RawSetString(name, content[name])
	}
	lib.tables = append(lib.tables, t)
	return t
}

// trampolineName is the chunk name of the trampoline. A script cannot have it.
const trampolineName = "\x00go"

// newTrampoline makes a Lua function that calls its first argument with the
// rest: a thread whose body is a Go function never hands back its results.
func newTrampoline() (*lua.LFunction, error) {
	chunk, err := parse.Parse(strings.NewReader("return function(f, ...) return f(...) end"), trampolineName)
	if err != nil {
		return nil, fmt.Errorf("stdlib: trampoline: %w", err)
	}
	proto, err := lua.Compile(chunk, trampolineName)
	if err != nil {
		return nil, fmt.Errorf("stdlib: trampoline: %w", err)
	}
	return &lua.LFunction{Proto: proto.FunctionPrototypes[0]}, nil
}

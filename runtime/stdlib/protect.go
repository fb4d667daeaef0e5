package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

const (
	nestingMessage = "stack overflow (too many nested pcall and coroutine levels)"
	yieldMessage   = "attempt to yield across metamethod/C-call boundary"
)

// Protected calls run on a thread of their own: lua.LState.PCall closes the
// upvalues of every frame of the thread when it catches an error, so that the
// caller's closures lose sight of its locals. That such a thread is not a
// coroutine is kept in an option that has no effect on a thread once it exists.

func markProtected(th *lua.LState, yes bool) { th.Options.IncludeGoStackTrace = yes }
func isProtected(th *lua.LState) bool        { return th.Options.IncludeGoStackTrace }

// coroutineOf answers the coroutine that L belongs to: L itself, or the one that
// made the protected calls around L.
func coroutineOf(L *lua.LState) *lua.LState {
	for isProtected(L) && L.Parent != nil {
		L = L.Parent
	}
	return L
}

// protectedCall runs f on its own thread. failure is nil on success. Results
// are valid until the next call.
func (lib *Library) protectedCall(L *lua.LState, f lua.LValue, args []lua.LValue) (results []lua.LValue, failure lua.LValue) {
	m := meter.From(L)
	m.Step(L, 1)
	body, args, failure := lib.body(L, f, args)
	if failure != nil {
		return nil, failure
	}
	if !m.Enter(L) {
		return nil, lua.LString(nestingMessage)
	}
	th := m.TakeThread(L)
	markProtected(th, true)
	results, failure = run(L, th, body, args)
	m.Leave()
	m.Reraise(L)
	m.GiveThread(th)
	return results, failure
}

// body answers a Lua function that calls f, and its arguments.
func (lib *Library) body(L *lua.LState, f lua.LValue, args []lua.LValue) (*lua.LFunction, []lua.LValue, lua.LValue) {
	if fn, ok := f.(*lua.LFunction); ok && !fn.IsG {
		return fn, args, nil
	}
	if _, ok := f.(*lua.LFunction); !ok {
		if _, ok := L.GetMetaField(f, "__call").(*lua.LFunction); !ok {
			return nil, nil, lua.LString("attempt to call a " + f.Type().String() + " value")
		}
	}
	return lib.trampoline, append([]lua.LValue{f}, args...), nil
}

// run resumes th until it ends, fails or yields.
func run(L, th *lua.LState, body *lua.LFunction, args []lua.LValue) (results []lua.LValue, failure lua.LValue) {
	top := L.GetTop()
	state, err, results := L.Resume(th, body, args...)
	if state == lua.ResumeError {
		L.G.CurrentThread = L
		th.Dead, th.Parent = true, nil
		return nil, errorValue(err)
	}
	if state == lua.ResumeOK {
		th.Dead = true
	}
	// Resume answers one nil for no result at all; the capacity it chose tells.
	return results[:cap(results)-top-1], nil
}

func errorValue(err error) lua.LValue {
	value, ok := meter.ErrorValue(err)
	if !ok {
		return lua.LString(err.Error())
	}
	text, ok := value.(lua.LString)
	if !ok || !strings.HasPrefix(string(text), trampolineName) {
		return value
	}
	// A Go function called straight from pcall has no line of its own.
	return lua.LString(strings.TrimPrefix(string(text), trampolineName+":1: "))
}

// arguments copies the arguments from index first on into space.
func arguments(L *lua.LState, first int, space []lua.LValue) []lua.LValue {
	for n := L.GetTop(); first <= n; first++ {
		space = append(space, L.Get(first))
	}
	return space
}

func (lib *Library) pcall(L *lua.LState) int {
	f := checkAny(L, 1, "pcall")
	var space [8]lua.LValue
	results, failure := lib.protectedCall(L, f, arguments(L, 2, space[:0]))
	if failure != nil {
		L.Push(lua.LFalse)
		L.Push(failure)
		return 2
	}
	L.Push(lua.LTrue)
	return 1 + pushAll(L, results)
}

// xpcall passes further arguments on to the function, as later versions of Lua
// do. The handler runs after the stack of the failed call has been left.
func (lib *Library) xpcall(L *lua.LState) int {
	f, handler := L.Get(1), checkAny(L, 2, "xpcall")
	var space [8]lua.LValue
	results, failure := lib.protectedCall(L, f, arguments(L, 3, space[:0]))
	if failure == nil {
		L.Push(lua.LTrue)
		return 1 + pushAll(L, results)
	}
	results, failed := lib.protectedCall(L, handler, []lua.LValue{failure})
	L.Push(lua.LFalse)
	if failed != nil {
		L.Push(lua.LString("error in error handling"))
		return 2
	}
	if len(results) == 0 {
		L.Push(lua.LNil)
		return 2
	}
	L.Push(results[0])
	return 2
}

// position is "name:line: " of the function at a level (1 = the caller of the
// running Go function), or "" when that is not a Lua function.
func position(L *lua.LState, level int) string {
	where := L.Where(level)
	if where == "" || strings.HasPrefix(where, "[G]") || strings.HasPrefix(where, trampolineName) {
		return ""
	}
	return where + " "
}

// luaError is the global function error.
func luaError(L *lua.LState) int {
	value := L.Get(1)
	if level := optInt(L, 2, "error", 1); level > 0 {
		if text, ok := asText(value); ok {
			value = lua.LString(position(L, min(level, 1<<20)) + text)
		}
	}
	L.Error(value, 0)
	return 0
}

func assert(L *lua.LState) int {
	if lua.LVAsBool(checkAny(L, 1, "assert")) {
		return L.GetTop()
	}
	message := L.Get(2)
	if message == lua.LNil {
		message = lua.LString("assertion failed!")
	}
	if text, ok := asText(message); ok {
		message = lua.LString(position(L, 1) + text)
	}
	L.Error(message, 0)
	return 0
}

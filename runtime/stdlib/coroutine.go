package stdlib

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

func (lib *Library) coroutineFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"create": lib.coroutineCreate, "resume": lib.coroutineResume, "running": coroutineRunning,
		"status": coroutineStatus, "wrap": lib.coroutineWrap, "yield": coroutineYield,
	}
}

// newCoroutine makes a thread with its body waiting on its stack, where the
// memory walk sees it.
func (lib *Library) newCoroutine(L *lua.LState, name string) *lua.LState {
	f, ok := L.Get(1).(*lua.LFunction)
	if !ok {
		typeError(L, 1, name, "function")
	}
	th := meter.From(L).NewThread(L)
	markProtected(th, false)
	th.Push(f)
	return th
}

func (lib *Library) coroutineCreate(L *lua.LState) int {
	L.Push(lib.newCoroutine(L, "create"))
	return 1
}

// resume lets a coroutine go on. failure is nil when it yielded or ended.
func (lib *Library) resume(L, th *lua.LState, args []lua.LValue) (results []lua.LValue, failure lua.LValue) {
	switch {
	case th.Dead:
		return nil, lua.LString("cannot resume dead coroutine")
	case th == coroutineOf(L) || th.Parent != nil || th == L.G.MainThread:
		return nil, lua.LString("cannot resume non-suspended coroutine")
	}
	m := meter.From(L)
	m.Step(L, 1)
	body, args, failure := lib.resumption(L, th, args)
	if failure != nil {
		return nil, failure
	}
	if !m.Enter(L) {
		return nil, lua.LString(nestingMessage)
	}
	results, failure = run(L, th, body, args)
	m.Leave()
	m.Reraise(L)
	return results, failure
}

// resumption prepares the arguments of a resume. body is nil when th has begun.
func (lib *Library) resumption(L, th *lua.LState, args []lua.LValue) (*lua.LFunction, []lua.LValue, lua.LValue) {
	top, begun := topFrame(th)
	if !begun {
		return lib.body(L, th.Get(1), args)
	}
	instruction, ok := top.call()
	if !ok {
		return nil, args, nil
	}
	return nil, fit(args, wantedResults(instruction)), nil
}

// fit gives the call of yield exactly the results it wants: the VM leaves the
// registers of missing ones empty, which no instruction survives.
func fit(args []lua.LValue, wanted int) []lua.LValue {
	if wanted < 0 {
		return args
	}
	for len(args) < wanted {
		args = append(args, lua.LNil)
	}
	return args[:wanted]
}

func checkCoroutine(L *lua.LState, name string) *lua.LState {
	th, ok := L.Get(1).(*lua.LState)
	if !ok {
		argumentError(L, 1, name, "coroutine expected")
	}
	return th
}

func (lib *Library) coroutineResume(L *lua.LState) int {
	th := checkCoroutine(L, "resume")
	var space [8]lua.LValue
	results, failure := lib.resume(L, th, arguments(L, 2, space[:0]))
	if failure != nil {
		L.Push(lua.LFalse)
		L.Push(failure)
		return 2
	}
	L.Push(lua.LTrue)
	return 1 + pushAll(L, results)
}

func (lib *Library) coroutineWrap(L *lua.LState) int {
	th := lib.newCoroutine(L, "wrap")
	L.Push(L.NewClosure(lib.resumeWrapped, th))
	return 1
}

func (lib *Library) resumeWrapped(L *lua.LState) int {
	th := L.Get(lua.UpvalueIndex(1)).(*lua.LState)
	var space [8]lua.LValue
	results, failure := lib.resume(L, th, arguments(L, 1, space[:0]))
	if failure == nil {
		return pushAll(L, results)
	}
	if text, ok := asText(failure); ok { // Lua 5.1 adds where the call was
		failure = lua.LString(position(L, 1) + text)
	}
	L.Error(failure, 0)
	return 0
}

func coroutineYield(L *lua.LState) int {
	checkYield(L)
	return -1
}

// checkYield raises where a yield would leave Go code in the middle: in a
// protected call, a callback, an iterator or a metamethod. The VM would go on
// with the wrong frame.
func checkYield(L *lua.LState) {
	if isProtected(L) && coroutineOf(L) != L.G.MainThread {
		L.RaiseError(yieldMessage)
	}
	if L.Parent == nil || coroutineOf(L) == L.G.MainThread {
		L.RaiseError("attempt to yield from outside a coroutine")
	}
	f, _ := topFrame(L)
	depth := 0
	for caller, ok := f.parent(); ok; caller, ok = caller.parent() {
		instruction, isLua := caller.call()
		if !isLua || opcode(instruction) != lua.OP_CALL && opcode(instruction) != lua.OP_TAILCALL {
			L.RaiseError(yieldMessage)
		}
		if depth == 0 && opcode(instruction) == lua.OP_TAILCALL {
			L.RaiseError("attempt to yield in a tail call (write: local r = yield(...) return r)")
		}
		depth++
	}
	meter.From(L).Step(L, depth)
}

func coroutineStatus(L *lua.LState) int {
	th := checkCoroutine(L, "status")
	status := "suspended"
	switch {
	case th.Dead:
		status = "dead"
	case th == coroutineOf(L):
		status = "running"
	case th.Parent != nil || th == L.G.MainThread:
		status = "normal"
	}
	L.Push(lua.LString(status))
	return 1
}

func coroutineRunning(L *lua.LState) int {
	th := coroutineOf(L)
	if th == L.G.MainThread {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(th)
	return 1
}

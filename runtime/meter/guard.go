package meter

import (
	"bytes"
	"fmt"
	"runtime/debug"

	lua "github.com/yuin/gopher-lua"
)

// Guard is deferred by every Go function that scripts can call. A Go panic
// there is a defect of ours: gopher-lua would hand its text to the pcall or
// coroutine around it as an ordinary error, and nobody would hear of it. Guard
// ends the run for good instead, with the stack for the server's log. Lua
// errors pass.
func Guard(L *lua.LState) {
	cause := recover()
	if cause == nil {
		return
	}
	if _, isLua := ErrorValue(cause); isLua {
		panic(cause)
	}
	stack := debug.Stack()
	if RegistersFull(stack) {
		panic(cause)
	}
	m := From(L)
	m.fail(CauseDefect, fmt.Sprintf("panic: %v\n%s", cause, stack))
	m.Reraise(L)
}

// RegistersFull knows, by the stack it was raised from, the Go panic that
// gopher-lua makes of a full register stack in a tail call: it looks for the
// line of a call that has not begun.
func RegistersFull(stack []byte) bool {
	return bytes.Contains(stack, []byte("(*LState).registryOverflow(")) && bytes.Contains(stack, []byte("(*LState).where("))
}

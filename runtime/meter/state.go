package meter

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua keeps two settings in package variables, so they belong to the
// process and are set once, here, before any state exists.
//
// MaxArrayIndex: the assignment t[67108863]=1 is one instruction that takes 9 s
// and 6 GB with the default. At a twentieth of the default memory limit the
// array part that one instruction can make stays under that limit; a larger
// index goes to the hash part.
//
// CompatVarArg: the Lua 5.0 `arg` table costs 0.75 µs and 2.7 KB per call of a
// vararg function.
func init() {
	lua.MaxArrayIndex = (16 << 20) / 20
	lua.CompatVarArg = false
}

// Sizes of a state: the registers grow on demand in steps that keep repeated
// copying cheap, up to 512 KB. Threads begin smaller than the main one.
const (
	registrySize       = 512
	threadRegistrySize = 128
	registryMaxSize    = 32 << 10
	registryGrowStep   = 2048
)

// stackOverflow is what gopher-lua panics with when its growing call stack is
// full: a Go string instead of a Lua error, with no position.
const stackOverflow = "lua callstack overflow"

// NewState makes a small state without any library whose threads each allow
// callDepth call levels (rounded up to a multiple of 8). The main thread's call
// stack is fixed: one that grows makes each call a twentieth slower. Other
// threads are many and short-lived, so theirs grow.
func NewState(callDepth int) *lua.LState {
	L := lua.NewState(lua.Options{
		CallStackSize:       callDepth,
		RegistrySize:        registrySize,
		RegistryMaxSize:     registryMaxSize,
		RegistryGrowStep:    registryGrowStep,
		SkipOpenLibs:        true,
		MinimizeStackMemory: false,
	})
	L.Options.RegistrySize = threadRegistrySize
	L.Options.MinimizeStackMemory = true
	return L
}

// ErrorValue turns what a recover or a failed resume gave into the Lua error
// value: of an *lua.ApiError its object, of a full call stack Lua's "stack
// overflow". It reports false for a Go panic that is no Lua error.
func ErrorValue(recovered any) (lua.LValue, bool) {
	switch v := recovered.(type) {
	case *lua.ApiError:
		if v.Object == lua.LString(stackOverflow) {
			return lua.LString("stack overflow"), true
		}
		return v.Object, true
	case string:
		return lua.LString("stack overflow"), v == stackOverflow
	default:
		return lua.LNil, false
	}
}

// tracebackLevels bounds the traceback of an error.
const tracebackLevels = 20

// raise panics with the error on top of L's stack. gopher-lua's own handler
// builds a traceback with one line for each tail call ever made: endless tail
// recursion then takes gigabytes at the deadline. Only errors of the main thread
// that nothing catches come here.
func raise(L *lua.LState) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: L.Get(-1), StackTrace: Traceback(L)})
}

// Traceback describes the innermost call levels of L as Lua's debug.traceback
// does, in at most 20 lines.
func Traceback(L *lua.LState) string {
	var text strings.Builder
	text.WriteString("stack traceback:")
	for level := range tracebackLevels {
		frame, ok := L.GetStack(level)
		if !ok {
			return text.String()
		}
		if _, err := L.GetInfo("Snl", frame, lua.LNil); err != nil {
			return text.String()
		}
		writeLevel(&text, frame)
		if frame.What == "main" {
			return text.String()
		}
	}
	text.WriteString("\n\t...")
	return text.String()
}

func writeLevel(text *strings.Builder, frame *lua.Debug) {
	switch {
	case frame.What == "main":
		fmt.Fprintf(text, "\n\t%s:%d: in main chunk", frame.Source, frame.CurrentLine)
	case frame.What == "G":
		fmt.Fprintf(text, "\n\t[Go]: in function '%s'", frame.Name)
	default:
		fmt.Fprintf(text, "\n\t%s:%d: in function '%s'", frame.Source, frame.CurrentLine, frame.Name)
	}
}

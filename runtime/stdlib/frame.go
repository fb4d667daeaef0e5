package stdlib

import (
	"errors"
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// frame looks at one call frame of a thread. gopher-lua shows frames only
// through lua.Debug, which hides where in its caller a call stands; coroutines
// need to know that (see checkYield and resumption). Only reads happen here.
type frame struct{ value reflect.Value }

// frameLayout holds the positions of the fields that frame reads.
type frameLayout struct{ frame, fn, parent, pc int }

var layout, layoutKnown = readLayout()

func readLayout() (frameLayout, bool) {
	debug, okDebug := reflect.TypeFor[lua.Debug]().FieldByName("frame")
	if !okDebug || debug.Type.Kind() != reflect.Pointer {
		return frameLayout{}, false
	}
	call := debug.Type.Elem()
	fn, okFn := call.FieldByName("Fn")
	parent, okParent := call.FieldByName("Parent")
	pc, okPc := call.FieldByName("Pc")
	known := okFn && okParent && okPc && fn.Type == reflect.TypeFor[*lua.LFunction]() &&
		parent.Type == debug.Type && pc.Type.Kind() == reflect.Int
	if !known {
		return frameLayout{}, false
	}
	return frameLayout{debug.Index[0], fn.Index[0], parent.Index[0], pc.Index[0]}, true
}

// checkFrameLayout fails when another version of gopher-lua has other frames.
func checkFrameLayout() error {
	if !layoutKnown {
		return errors.New("stdlib: this version of gopher-lua has an unknown frame layout")
	}
	return nil
}

// topFrame answers the frame that thread th is in; ok is false when it has none.
func topFrame(th *lua.LState) (f frame, ok bool) {
	debug, ok := th.GetStack(0)
	if !ok {
		return frame{}, false
	}
	return frame{reflect.ValueOf(debug).Elem().Field(layout.frame).Elem()}, true
}

func (f frame) parent() (frame, bool) {
	p := f.value.Field(layout.parent)
	if p.IsNil() {
		return frame{}, false
	}
	return frame{p.Elem()}, true
}

// call answers the instruction that the frame executes, which has made a call
// when another frame is above it. ok is false for a Go function.
func (f frame) call() (instruction uint32, ok bool) {
	fn := (*lua.LFunction)(f.value.Field(layout.fn).UnsafePointer())
	pc := int(f.value.Field(layout.pc).Int()) - 1
	if fn.IsG || pc < 0 || pc >= len(fn.Proto.Code) {
		return 0, false
	}
	return fn.Proto.Code[pc], true
}

func opcode(instruction uint32) int { return int(instruction >> 26) }

// wantedResults is how many values a call instruction wants; -1 means all.
func wantedResults(instruction uint32) int { return int(instruction>>9&0x1ff) - 1 }

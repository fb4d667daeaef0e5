package meter

import (
	"math/bits"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Heap bytes of gopher-lua 1.1.2 values on a 64-bit machine with Go's maps.
// TestWalkAccuracy compares them with the real heap.
const (
	pointerBytes      = 8
	slotBytes         = 16 // one interface value
	numberBytes       = 16 // its boxed float, in a block of 32 that loop counters and temporaries share
	stringHeaderBytes = 16 // its boxed header
	functionBytes     = 80
	upvalueBytes      = 64
	userDataBytes     = 64
	tableHeader       = 128 // the table and, rounded up, its size class
	mapHeader         = 48
	frameBytes        = 80
	threadHeader      = 640 // state, global record, registry and allocator
)

// Unexported parts of gopher-lua that no method shows: an array whose last
// items were set to nil keeps its capacity, and the key list of a table never
// shrinks (gopher-lua issue 214). reflect may read lengths of unexported fields;
// the keys themselves need their address.
// TestLayout fails when an upgrade moves them.
var (
	arrayField    = field(lua.LTable{}, "array")
	dictField     = field(lua.LTable{}, "dict")
	strdictField  = field(lua.LTable{}, "strdict")
	keysField     = field(lua.LTable{}, "keys")
	registryField = field(lua.LState{}, "reg")
	stackField    = field(lua.LState{}, "stack")
)

func field(of any, name string) int {
	f, ok := reflect.TypeOf(of).FieldByName(name)
	if !ok {
		panic("gopher-lua has no field " + name)
	}
	return f.Index[0]
}

// tableBytes is the size of a table without what its keys and values refer to.
func tableBytes(t *lua.LTable) int64 {
	v := reflect.ValueOf(t).Elem()
	total := int64(tableHeader) + int64(v.Field(arrayField).Cap())*slotBytes
	keys := v.Field(keysField)
	n := keys.Len()
	if n == 0 {
		return total
	}
	total += int64(keys.Cap()) * slotBytes
	total += mapBytes(n, slotBytes+pointerBytes) // k2i: key to position
	total += int64(n) * stringHeaderBytes        // a second box of each key
	// A map keeps its size when keys are deleted, as the key list does.
	strings, others := v.Field(strdictField), v.Field(dictField)
	switch {
	case others.IsNil():
		total += mapBytes(n, 2*slotBytes)
	case strings.IsNil():
		total += mapBytes(n, 2*slotBytes) + int64(n)*numberBytes
	default:
		total += mapBytes(max(strings.Len(), n-others.Len()), 2*slotBytes)
		total += mapBytes(max(others.Len(), n-strings.Len()), 2*slotBytes)
	}
	return total
}

// keysOf is the key list of a table's hash part, deleted keys included.
func keysOf(t *lua.LTable) []lua.LValue {
	keys := reflect.ValueOf(t).Elem().Field(keysField)
	return *(*[]lua.LValue)(unsafe.Pointer(keys.UnsafeAddr()))
}

// mapBytes is the size of a Go map of n entries: groups of eight slots and
// eight control bytes, at most seven eighths full. Above 1,024 slots a map is
// made of parts that grow apart, so its load evens out.
func mapBytes(n int, slot int64) int64 {
	slots := int64(8)
	switch {
	case n > 896:
		slots = int64(n) * 3 / 2
	case n > 8:
		slots = int64(1) << bits.Len(uint(n*8/7))
	}
	return mapHeader + slots*(slot+1)
}

// threadSize is the size of a Lua thread without the values in its registers.
func threadSize(L *lua.LState) int64 {
	registers := reflect.ValueOf(L).Elem().Field(registryField).Elem().FieldByIndex(registersIndex)
	segments := frameCount(L)/lua.FramesPerSegment + 1
	return threadHeader + int64(registers.Cap())*slotBytes +
		int64(segments)*lua.FramesPerSegment*frameBytes +
		int64(L.Options.CallStackSize/lua.FramesPerSegment)*pointerBytes
}

var (
	registersIndex = index(reflect.TypeOf(lua.LState{}).Field(registryField).Type.Elem(), "array")
	stackType      = reflect.ValueOf(lua.NewState(lua.Options{SkipOpenLibs: true, MinimizeStackMemory: true})).
			Elem().Field(stackField).Elem().Elem().Type()
	fixedType = reflect.ValueOf(lua.NewState(lua.Options{SkipOpenLibs: true})).Elem().Field(stackField).Elem().Elem().Type()

	segmentIndex = index(stackType, "segIdx")
	fixedIndex   = index(fixedType, "sp")
	framesIndex  = index(stackType, "segSp")
)

func index(of reflect.Type, name string) []int {
	f, ok := of.FieldByName(name)
	if !ok {
		panic("gopher-lua has no field " + name)
	}
	return f.Index
}

// frameCount is the number of call frames of a thread, whose stack either grows
// in segments or is fixed.
func frameCount(L *lua.LState) int {
	stack := reflect.ValueOf(L).Elem().Field(stackField).Elem().Elem()
	if stack.Type() == fixedType {
		return int(stack.FieldByIndex(fixedIndex).Int())
	}
	return int(stack.FieldByIndex(segmentIndex).Uint())*lua.FramesPerSegment +
		int(stack.FieldByIndex(framesIndex).Uint())
}

package meter

import (
	"reflect"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestLayout fails when an upgrade of gopher-lua moves or renames the fields
// that the memory walk reads the sizes of.
func TestLayout(t *testing.T) {
	t.Parallel()
	L := NewState(200)
	if frameCount(L) != 0 {
		t.Errorf("%d frames in a new state", frameCount(L))
	}
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if frameCount(L) != 1 {
			t.Errorf("%d frames inside a call", frameCount(L))
		}
		return 0
	}))
	L.Call(0, 0)
	if size := threadSize(L); size < registrySize*slotBytes || size > 2*registrySize*slotBytes {
		t.Errorf("thread of %d bytes", size)
	}
	table := L.CreateTable(100, 0)
	if size := tableBytes(table); size != tableHeader+100*slotBytes {
		t.Errorf("array table of %d bytes", size)
	}
	empty := tableBytes(L.CreateTable(0, 0))
	table = L.CreateTable(0, 0)
	for i := range 100 {
		table.RawSetInt(-i-1, lua.LTrue)
		table.RawSetInt(-i-1, lua.LNil)
	}
	if size := tableBytes(table); size < empty+100*slotBytes {
		t.Errorf("table of 100 deleted keys has %d bytes", size)
	}
	if kind := reflect.TypeOf(lua.LTable{}).Field(keysField).Type; kind != reflect.TypeOf([]lua.LValue{}) {
		t.Fatalf("the key list is a %v", kind)
	}
	if keys := keysOf(table); len(keys) != 100 || keys[99] != lua.LNumber(-100) {
		t.Errorf("%d keys in the list of 100 deleted ones", len(keys))
	}
}

package stdlib

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// sorter sorts a copy of a table, which lies on the Lua stack: a comparator may
// change the table, and the memory walk must see what only the copy still holds.
type sorter struct {
	L     *lua.LState
	meter *meter.Meter
	less  *lua.LFunction // nil = the operator "<"
	items *lua.LTable
}

func (lib *Library) tableSort(L *lua.LState) int {
	t := lib.writable(L, 1, "sort")
	s := sorter{L: L, meter: meter.From(L)}
	if L.Get(2) != lua.LNil {
		s.less = checkFunction(L, 2, "sort")
	}
	n := t.Len()
	s.meter.ChargeMemory(L, n*16)
	s.meter.Step(L, n>>3)
	s.items = L.CreateTable(n, 0)
	for i := 1; i <= n; i++ {
		s.items.RawSetInt(i, t.RawGetInt(i))
	}
	L.SetTop(2)
	L.Push(s.items)
	s.sort(1, n)
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, s.items.RawGetInt(i))
	}
	return 0
}

// compare reports whether a belongs before b. The cost is charged here because a
// comparator that is a library function executes no instruction.
func (s *sorter) compare(a, b lua.LValue) bool {
	s.meter.Step(s.L, 2)
	if s.less != nil {
		L := s.L
		L.Push(s.less)
		L.Push(a)
		L.Push(b)
		L.Call(2, 1)
		result := lua.LVAsBool(L.Get(-1))
		L.Pop(1)
		return result
	}
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return x < y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			s.meter.Step(s.L, min(len(x), len(y))>>6)
			return x < y
		}
	}
	return s.compareOthers(a, b)
}

func (s *sorter) compareOthers(a, b lua.LValue) bool {
	handler := s.L.GetMetaField(a, "__lt")
	if a.Type() != b.Type() {
		s.L.RaiseError("attempt to compare %s with %s", a.Type().String(), b.Type().String())
	}
	if handler == lua.LNil || handler != s.L.GetMetaField(b, "__lt") {
		s.L.RaiseError("attempt to compare two %s values", a.Type().String())
	}
	return lua.LVAsBool(call(s.L, handler, a, b))
}

func (s *sorter) swap(i, j int) {
	a, b := s.items.RawGetInt(i), s.items.RawGetInt(j)
	s.items.RawSetInt(i, b)
	s.items.RawSetInt(j, a)
}

// ordered swaps items i and j when they stand the wrong way round.
func (s *sorter) ordered(i, j int) {
	if s.compare(s.items.RawGetInt(j), s.items.RawGetInt(i)) {
		s.swap(i, j)
	}
}

// sort is auxsort of ltablib.c 5.1, step by step, so that items that compare
// equal end up in the same order as there. It recurses into the smaller half.
func (s *sorter) sort(low, high int) {
	for low < high {
		s.ordered(low, high)
		if high-low == 1 {
			return
		}
		middle := (low + high) / 2
		s.ordered(low, middle)
		s.ordered(middle, high)
		if high-low == 2 {
			return
		}
		pivot := s.items.RawGetInt(middle)
		s.swap(middle, high-1)
		i := s.partition(low, high, pivot)
		if i-low < high-i {
			s.sort(low, i-1)
			low = i + 1
		} else {
			s.sort(i+1, high)
			high = i - 1
		}
	}
}

// partition moves what is less than the pivot, which stands at high-1, before
// the rest and answers the pivot's final place.
func (s *sorter) partition(low, high int, pivot lua.LValue) int {
	i, j := low, high-1
	for {
		for i++; s.compare(s.item(i, high), pivot); i++ {
			if i > high {
				s.invalid()
			}
		}
		for j--; s.compare(pivot, s.item(j, high)); j-- {
			if j < low {
				s.invalid()
			}
		}
		if j < i {
			break
		}
		s.swap(i, j)
	}
	s.swap(high-1, i)
	return i
}

// item answers item i, or raises when an inconsistent comparator led outside.
func (s *sorter) item(i, high int) lua.LValue {
	if i < 1 || i > high {
		s.invalid()
	}
	return s.items.RawGetInt(i)
}

func (s *sorter) invalid() { s.L.RaiseError("invalid order function for sorting") }

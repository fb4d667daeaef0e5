package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// chargeFrom is the length from which a new string is announced one by one;
// shorter ones are bounded by the meter's view of the whole heap.
const chargeFrom = 256

// concat is the operator "..": its operands are the arguments, left to right.
func concat(L *lua.LState) int {
	n := L.GetTop()
	total := 0
	plain := true
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			total += len(v)
		case lua.LNumber:
			total += 24 // no number is written longer
			plain = false
		default:
			return concatSlowly(L, n)
		}
	}
	if total >= chargeFrom {
		meter.From(L).ChargeString(L, total)
	}
	if n == 2 && plain {
		L.Push(L.Get(1).(lua.LString) + L.Get(2).(lua.LString))
		return 1
	}
	L.Push(lua.LString(join(L, n, total)))
	return 1
}

func join(L *lua.LState, n, size int) string {
	var text strings.Builder
	text.Grow(size)
	var digits [32]byte
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			text.WriteString(string(v))
		case lua.LNumber:
			text.Write(appendNumber(digits[:0], float64(v)))
		}
	}
	return text.String()
}

// concatSlowly goes from right to left like the VM, with metamethods.
func concatSlowly(L *lua.LState, n int) int {
	right := L.Get(n)
	for i := n - 1; i >= 1; i-- {
		left := L.Get(i)
		a, okA := asText(left)
		b, okB := asText(right)
		if okA && okB {
			meter.From(L).ChargeString(L, len(a)+len(b))
			right = lua.LString(a + b)
			continue
		}
		handler := L.GetMetaField(left, "__concat")
		if handler == lua.LNil {
			handler = L.GetMetaField(right, "__concat")
		}
		if handler == lua.LNil {
			culprit := left
			if okA {
				culprit = right
			}
			L.RaiseError("attempt to concatenate a %s value", culprit.Type().String())
		}
		right = call(L, handler, left, right)
	}
	L.Push(right)
	return 1
}

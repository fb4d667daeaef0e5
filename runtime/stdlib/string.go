package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

func stringFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"byte": stringByte, "char": stringChar, "find": stringFind, "format": stringFormat,
		"gmatch": stringGmatch, "gsub": stringGsub, "len": stringLen, "lower": stringLower,
		"match": stringMatch, "rep": stringRep, "reverse": stringReverse, "sub": stringSub, "upper": stringUpper,
	}
}

// relative turns a position that may count from the end into one from the start;
// the result may lie outside the string.
func relative(position, length int) int {
	if position >= 0 {
		return position
	}
	return max(length+position+1, 0)
}

func stringLen(L *lua.LState) int {
	if s, ok := L.Get(1).(lua.LString); ok {
		L.Push(integer(len(s)))
		return 1
	}
	L.Push(integer(len(checkString(L, 1, "len"))))
	return 1
}

func stringSub(L *lua.LState) int {
	s := checkString(L, 1, "sub")
	from := max(relative(checkInt(L, 2, "sub"), len(s)), 1)
	to := min(relative(optInt(L, 3, "sub", -1), len(s)), len(s))
	switch {
	case from > to:
		L.Push(emptyString)
	case to-from+1 == len(s):
		pushWhole(L, 1, s)
	default:
		L.Push(lua.LString(part(L, s, from-1, to)))
	}
	return 1
}

// pushWhole pushes string argument n again, or its text when it was a number.
func pushWhole(L *lua.LState, n int, s string) {
	if v := L.Get(n); v.Type() == lua.LTString {
		L.Push(v)
		return
	}
	pushString(L, s)
}

func stringByte(L *lua.LState) int {
	s := checkString(L, 1, "byte")
	first := optInt(L, 2, "byte", 1)
	from := max(relative(first, len(s)), 1)
	to := min(relative(optInt(L, 3, "byte", relative(first, len(s))), len(s)), len(s))
	if from > to {
		return 0
	}
	n := to - from + 1
	if n > maxResults {
		L.RaiseError("string slice too long")
	}
	meter.From(L).Step(L, n>>2)
	for i := from; i <= to; i++ {
		L.Push(integer(int(s[i-1])))
	}
	return n
}

func stringChar(L *lua.LState) int {
	n := L.GetTop()
	bytes := make([]byte, n)
	for i := range bytes {
		c := checkInt(L, i+1, "char")
		if c < 0 || c > 255 {
			argumentError(L, i+1, "char", "invalid value")
		}
		bytes[i] = byte(c)
	}
	pushString(L, string(bytes))
	return 1
}

func stringLower(L *lua.LState) int { return changeCase(L, "lower", 'A', 'Z') }
func stringUpper(L *lua.LState) int { return changeCase(L, "upper", 'a', 'z') }

// changeCase flips the letters from first to last: ASCII only, as in the C
// locale, so that other bytes stay as they are.
func changeCase(L *lua.LState, name string, first, last byte) int {
	s := checkString(L, 1, name)
	i := 0
	for i < len(s) && (s[i] < first || s[i] > last) {
		i++
	}
	meter.From(L).Step(L, len(s)>>7)
	if i == len(s) {
		pushWhole(L, 1, s)
		return 1
	}
	if len(s) >= chargeFrom {
		meter.From(L).ChargeString(L, len(s))
	}
	var text strings.Builder
	text.Grow(len(s))
	text.WriteString(s[:i])
	for ; i < len(s); i++ {
		c := s[i]
		if c >= first && c <= last {
			c ^= 'a' - 'A'
		}
		text.WriteByte(c)
	}
	L.Push(lua.LString(text.String()))
	return 1
}

func stringReverse(L *lua.LState) int {
	s := checkString(L, 1, "reverse")
	meter.From(L).ChargeString(L, len(s))
	var text strings.Builder
	text.Grow(len(s))
	for i := len(s) - 1; i >= 0; i-- {
		text.WriteByte(s[i])
	}
	pushString(L, text.String())
	return 1
}

func stringRep(L *lua.LState) int {
	s := checkString(L, 1, "rep")
	n := checkInt(L, 2, "rep")
	if n <= 0 || s == "" {
		L.Push(emptyString)
		return 1
	}
	m := meter.From(L)
	if limit := m.Limits().StringBytes; n > limit/len(s)+1 {
		m.ChargeString(L, limit+len(s)) // over the limit: raises before n*len(s) can overflow
	}
	m.ChargeString(L, n*len(s))
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

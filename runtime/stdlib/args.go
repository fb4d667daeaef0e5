package stdlib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// maxResults bounds what unpack and string.byte return: the VM's registry has to
// hold it, and Lua's own limit is of the same size (LUAI_MAXCSTACK 8000).
const maxResults = 7900

func argumentError(L *lua.LState, n int, name, message string) {
	L.RaiseError("bad argument #%d to '%s' (%s)", n, name, message)
}

func typeError(L *lua.LState, n int, name, expected string) {
	got := "no value"
	if n <= L.GetTop() {
		got = L.Get(n).Type().String()
	}
	argumentError(L, n, name, expected+" expected, got "+got)
}

func checkAny(L *lua.LState, n int, name string) lua.LValue {
	if n > L.GetTop() {
		argumentError(L, n, name, "value expected")
	}
	return L.Get(n)
}

func checkTable(L *lua.LState, n int, name string) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		typeError(L, n, name, "table")
	}
	return t
}

func checkString(L *lua.LState, n int, name string) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(v)
	}
	typeError(L, n, name, "string")
	return ""
}

func optString(L *lua.LState, n int, name, fallback string) string {
	if L.Get(n) == lua.LNil {
		return fallback
	}
	return checkString(L, n, name)
}

func checkNumber(L *lua.LState, n int, name string) float64 {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if f, ok := parseNumber(string(v)); ok {
			return float64(f)
		}
	}
	typeError(L, n, name, "number")
	return 0
}

func checkInt(L *lua.LState, n int, name string) int {
	return truncate(checkNumber(L, n, name))
}

func optInt(L *lua.LState, n int, name string, fallback int) int {
	if L.Get(n) == lua.LNil {
		return fallback
	}
	return checkInt(L, n, name)
}

// truncate turns a number into an integer as C's cast does, but with limits far
// inside int, so that callers can add and subtract without overflow. On a 32-bit
// machine that is still more than any index or length there.
func truncate(f float64) int {
	const limit = math.MaxInt / 8
	switch {
	case f != f:
		return 0
	case f >= limit:
		return limit
	case f <= -limit:
		return -limit
	}
	return int(math.Trunc(f))
}

// smallIntegers are interface values made in advance: a number in an interface
// is an allocation otherwise. Read only.
var smallIntegers = func() (values [1024]lua.LValue) {
	for i := range values {
		values[i] = lua.LNumber(i)
	}
	return values
}()

func integer(i int) lua.LValue {
	if i >= 0 && i < len(smallIntegers) {
		return smallIntegers[i]
	}
	return lua.LNumber(i)
}

var emptyString = lua.LValue(lua.LString(""))

// pushAll pushes all of vs and answers their number.
func pushAll(L *lua.LState, vs []lua.LValue) int {
	for _, v := range vs {
		L.Push(v)
	}
	return len(vs)
}

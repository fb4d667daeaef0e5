package luax

import (
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Args reads the arguments of one SDK call. Each method raises an error that
// names the function, the argument and what was expected, with the script's
// line (spec 3, "Every function checks its arguments"). Arguments count from 1.
type Args struct {
	L    *lua.LState
	Func string // "json.decode"
}

// Fail raises that argument name is not what was wanted: "must be a string".
func (a Args) Fail(n int, name, wanted string) {
	a.L.RaiseError("%s: argument %d (%s) %s, got %s", a.Func, n, name, wanted, given(a.L.Get(n), wanted))
}

// given is what stands where something else was wanted. A number in the place
// of another kind of number is shown, for its type says nothing then.
func given(v lua.LValue, wanted string) string {
	switch {
	case v == lua.LNil:
		return "nothing"
	case v.Type() == lua.LTNumber && strings.HasSuffix(wanted, "number"):
		return v.String()
	}
	return v.Type().String()
}

// String returns argument n, which must be a string.
func (a Args) String(n int, name string) string {
	text, ok := a.L.Get(n).(lua.LString)
	if !ok {
		a.Fail(n, name, "must be a string")
	}
	return string(text)
}

// OptString returns argument n, or def when it is absent or nil.
func (a Args) OptString(n int, name, def string) string {
	if a.L.Get(n) == lua.LNil {
		return def
	}
	return a.String(n, name)
}

// Int returns argument n, which must be a whole number within ±2^53.
func (a Args) Int(n int, name string) int64 {
	value, ok := wholeNumber(a.L.Get(n))
	if !ok {
		a.Fail(n, name, "must be a whole number")
	}
	return value
}

// IntFrom returns argument n, which must be a whole number from low to high.
func (a Args) IntFrom(n int, name string, low, high int64) int64 {
	value, ok := wholeNumber(a.L.Get(n))
	if !ok {
		a.Fail(n, name, "must be a whole number")
	}
	if value < low || value > high {
		a.L.RaiseError("%s: argument %d (%s) must be from %d to %d, got %d", a.Func, n, name, low, high, value)
	}
	return value
}

// OneOf returns argument n, or def when it is absent or nil; it must be one of words.
func (a Args) OneOf(n int, name, def string, words ...string) string {
	word := a.OptString(n, name, def)
	if !slices.Contains(words, word) {
		a.L.RaiseError("%s: argument %d (%s) must be one of %s, got %q", a.Func, n, name, strings.Join(words, ", "), Clip(word))
	}
	return word
}

// Number returns argument n, which must be a number and not NaN.
func (a Args) Number(n int, name string) float64 {
	value, ok := a.L.Get(n).(lua.LNumber)
	if !ok || math.IsNaN(float64(value)) {
		a.Fail(n, name, "must be a number")
	}
	return float64(value)
}

// Bool returns argument n, which must be true or false.
func (a Args) Bool(n int, name string) bool {
	value, ok := a.L.Get(n).(lua.LBool)
	if !ok {
		a.Fail(n, name, "must be true or false")
	}
	return bool(value)
}

// Table returns argument n, which must be a table. Of a frozen table it
// returns the contents: the caller only reads.
func (a Args) Table(n int, name string) *lua.LTable {
	table, ok := a.L.Get(n).(*lua.LTable)
	if !ok {
		a.Fail(n, name, "must be a table")
	}
	if real, frozen := Real(a.L, table); frozen {
		return real
	}
	return table
}

// OptTable returns argument n, or nil when it is absent or nil.
func (a Args) OptTable(n int, name string) *lua.LTable {
	if a.L.Get(n) == lua.LNil {
		return nil
	}
	return a.Table(n, name)
}

// Any returns argument n, which must be given but may be of any type except nil.
func (a Args) Any(n int, name string) lua.LValue {
	value := a.L.Get(n)
	if value == lua.LNil {
		a.Fail(n, name, "must be given")
	}
	return value
}

func wholeNumber(v lua.LValue) (int64, bool) {
	number, ok := v.(lua.LNumber)
	whole := ok && float64(number) == math.Trunc(float64(number)) && math.Abs(float64(number)) <= MaxInteger
	if !whole {
		return 0, false
	}
	return int64(number), true
}

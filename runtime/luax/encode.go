package luax

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// EncodeError says which part of a value has no JSON form, and why.
type EncodeError struct {
	Path   string // from the value itself: "", ".items[3].f"
	Reason string // "is a function"
	// TooLong says that the value is longer than it may be; as far as it was
	// encoded nothing else is wrong with it.
	TooLong bool
}

// Error calls the value "value"; In gives it another name.
func (e *EncodeError) Error() string { return e.In("value") }

// In tells the error with the value called name: "body.items[3].f is a function".
func (e *EncodeError) In(name string) string { return name + e.Path + " " + e.Reason }

func reject(format string, args ...any) *EncodeError {
	return &EncodeError{Reason: fmt.Sprintf(format, args...)}
}

// EncodeJSON appends v as JSON to dst. It calls no metamethod and charges the
// meter of L for every value, so shared and nested tables cannot make it run
// past the limits. Fields come in the order in which they were first set. A
// table is an array when its keys are 1..n or it is marked as one; an empty
// unmarked table is an object. Anything else (mixed or other keys, gaps,
// cycles, more than MaxDepth levels, NaN, infinities, functions, strings that
// are not UTF-8, more than maxBytes of text) gives an *EncodeError.
func EncodeJSON(L *lua.LState, dst []byte, v lua.LValue, maxBytes int) ([]byte, error) {
	e := encoder{L: L, meter: meter.From(L), out: dst, max: len(dst) + maxBytes}
	if err := e.value(v); err != nil {
		return dst, err
	}
	e.meter.Step(L, e.steps)
	return e.out, nil
}

type encoder struct {
	L     *lua.LState
	meter *meter.Meter
	out   []byte
	max   int
	steps int           // not yet charged
	open  []*lua.LTable // the tables around the present value
}

// stepsAtOnce is how many steps are gathered before the meter is told.
const stepsAtOnce = 64

func (e *encoder) charge(steps int) {
	if e.steps += steps; e.steps >= stepsAtOnce {
		e.meter.Step(e.L, e.steps)
		e.steps = 0
	}
}

// value returns *EncodeError and not error, so that the callers can lengthen its path.
func (e *encoder) value(v lua.LValue) *EncodeError {
	e.charge(1)
	var err *EncodeError
	switch v := v.(type) {
	case lua.LString:
		err = e.text(string(v))
	case lua.LNumber:
		err = e.number(float64(v))
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(v))
	case *lua.LTable:
		err = e.table(v)
	case *lua.LUserData:
		if v != Null {
			return reject("is userdata")
		}
		e.out = append(e.out, "null"...)
	default:
		if v != lua.LNil {
			return reject("is a %s", v.Type())
		}
		e.out = append(e.out, "null"...)
	}
	if err == nil && len(e.out) > e.max {
		return e.tooLong()
	}
	return err
}

func (e *encoder) tooLong() *EncodeError {
	return &EncodeError{Reason: "makes the JSON text longer than the limit", TooLong: true}
}

func (e *encoder) number(v float64) *EncodeError {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return reject("is not a number (NaN)")
	case math.IsInf(v, 0):
		return reject("is infinite")
	case v == math.Trunc(v) && size <= MaxInteger:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case size < 1e-6 || size > MaxInteger:
		// With an exponent, so that it is a number again when it is decoded and
		// not an integer too large to be exact.
		e.out = strconv.AppendFloat(e.out, v, 'e', -1, 64)
	default:
		e.out = strconv.AppendFloat(e.out, v, 'f', -1, 64)
	}
	return nil
}

func (e *encoder) table(t *lua.LTable) *EncodeError {
	if len(e.open) >= MaxDepth {
		return reject("is nested deeper than %d levels", MaxDepth)
	}
	if slices.Contains(e.open, t) {
		return reject("contains itself")
	}
	e.open = append(e.open, t)
	marked := isArray(t)
	if real, frozen := Real(e.L, t); frozen {
		t, marked = real, isArray(real)
	}
	var err *EncodeError
	if n := t.Len(); marked || n > 0 {
		err = e.array(t, n)
	} else {
		err = e.object(t)
	}
	e.open = e.open[:len(e.open)-1]
	return err
}

func (e *encoder) array(t *lua.LTable, n int) *EncodeError {
	if key := KeyAfter(t, n); key != lua.LNil {
		return reject("has both a list's items and the key %s", keyText(key))
	}
	e.out = append(e.out, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.out = append(e.out, ',')
		}
		item := t.RawGetInt(i)
		if item == lua.LNil {
			return reject("is a list with a gap at %d (json.null keeps the place)", i)
		}
		if err := e.value(item); err != nil {
			err.Path = "[" + strconv.Itoa(i) + "]" + err.Path
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

func (e *encoder) object(t *lua.LTable) *EncodeError {
	e.out = append(e.out, '{')
	first := true
	for key, value := t.Next(lua.LNil); key != lua.LNil; key, value = t.Next(key) {
		name, ok := key.(lua.LString)
		if !ok {
			return reject("has the key %s, which is not a string", keyText(key))
		}
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		if err := e.text(string(name)); err != nil {
			err.Path = "." + Clip(strconv.QuoteToASCII(Clip(string(name)))) + err.Path
			return err
		}
		e.out = append(e.out, ':')
		if err := e.value(value); err != nil {
			err.Path = "." + Clip(string(name)) + err.Path
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

// text appends s in quotes. The length is checked first: a megabyte that is
// shared by a thousand fields must not be copied a thousand times.
func (e *encoder) text(s string) *EncodeError {
	if len(e.out)+len(s) > e.max {
		return e.tooLong()
	}
	e.charge(1 + len(s)/64)
	if !utf8.ValidString(s) {
		return reject("is a string that is not UTF-8 (base64 it)")
	}
	e.out = append(e.out, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c == 0x7f {
			e.out = appendEscape(append(e.out, s[start:i]...), c)
			start = i + 1
		}
	}
	e.out = append(append(e.out, s[start:]...), '"')
	return nil
}

func appendEscape(out []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(out, '\\', c)
	case '\b':
		return append(out, '\\', 'b')
	case '\f':
		return append(out, '\\', 'f')
	case '\n':
		return append(out, '\\', 'n')
	case '\r':
		return append(out, '\\', 'r')
	case '\t':
		return append(out, '\\', 't')
	}
	return append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// keyText shows a table key in an error.
func keyText(key lua.LValue) string {
	switch key := key.(type) {
	case lua.LString:
		return strconv.QuoteToASCII(Clip(string(key)))
	case lua.LNumber, lua.LBool:
		return key.String()
	}
	return "of type " + key.Type().String()
}

// Clip shortens a name to about 64 bytes, between characters, so that what a
// script gives cannot make an error huge.
func Clip(name string) string {
	const longest = 64
	if len(name) <= longest {
		return name
	}
	end := longest
	for end > longest-utf8.UTFMax && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + "…"
}

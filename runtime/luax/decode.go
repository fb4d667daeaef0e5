package luax

import (
	"fmt"
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// What one decoded value is charged with, in bytes of gopher-lua 1.1.2's
// tables on 64 bit: a table header, an array slot with a boxed number, a field
// of a small object with its share of three maps.
const (
	tableBytes = 96
	itemBytes  = 36
	fieldBytes = 180
)

// flushBytes is how much a decoder announces to the meter at once, so that a
// document of many small values does not pay for a call each.
const flushBytes = 4096

// SyntaxError says where a text stops being JSON.
type SyntaxError struct {
	Offset  int // bytes before the place
	Message string
}

// Error names the place as Lua counts bytes, from 1.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset+1, e.Message)
}

// DecodeJSON reads one JSON value straight into Lua values and charges the
// meter of L on the way. A decoded array stays an array when it is encoded
// again; null becomes Null; an integer beyond 2^53 becomes a string of its
// digits; of repeated keys the last wins. Bad input gives a *SyntaxError and
// raises nothing; reaching a limit raises.
func DecodeJSON(L *lua.LState, data []byte) (lua.LValue, error) {
	d := decoder{L: L, meter: meter.From(L), data: data}
	d.meter.Step(L, len(data)/64)
	d.skipSpace()
	value, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.skipSpace()
	if d.at < len(data) {
		return nil, d.fail("data after the value")
	}
	d.flush()
	return value, nil
}

type decoder struct {
	L       *lua.LState
	meter   *meter.Meter
	data    []byte
	at      int
	pending int    // bytes not yet announced to the meter
	values  int    // values not yet charged as steps
	scratch []byte // unescaped text of the string being read
}

func (d *decoder) fail(format string, args ...any) error {
	return &SyntaxError{Offset: d.at, Message: fmt.Sprintf(format, args...)}
}

func (d *decoder) charge(bytes int) {
	d.pending += bytes
	d.values++
	if d.pending >= flushBytes {
		d.flush()
	}
}

func (d *decoder) flush() {
	d.meter.ChargeMemory(d.L, d.pending)
	d.meter.Step(d.L, d.values)
	d.pending, d.values = 0, 0
}

func (d *decoder) skipSpace() {
	for d.at < len(d.data) {
		switch d.data[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

func (d *decoder) value(depth int) (lua.LValue, error) {
	if d.at >= len(d.data) {
		return nil, d.fail("the text ends too early")
	}
	switch c := d.data[d.at]; {
	case c == '{':
		return d.object(depth + 1)
	case c == '[':
		return d.array(depth + 1)
	case c == '"':
		text, err := d.text()
		return lua.LString(text), err
	case c == '-' || isDigit(c):
		return d.number()
	default:
		return d.word()
	}
}

func (d *decoder) word() (lua.LValue, error) {
	for _, known := range [...]struct {
		text  string
		value lua.LValue
	}{{"true", lua.LTrue}, {"false", lua.LFalse}, {"null", Null}} {
		end := d.at + len(known.text)
		if end <= len(d.data) && string(d.data[d.at:end]) == known.text {
			d.at = end
			return known.value, nil
		}
	}
	return nil, d.fail("unexpected %q", d.data[d.at])
}

func (d *decoder) array(depth int) (lua.LValue, error) {
	if depth > MaxDepth {
		return nil, d.fail("nested deeper than %d levels", MaxDepth)
	}
	d.charge(tableBytes)
	array := NewArray(d.L, 4) // room for a few: from nothing, Append reserves 32
	d.meter.Hold(array)
	defer d.meter.Release(1)
	if d.opensEmpty(']') {
		return array, nil
	}
	for {
		value, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		d.charge(itemBytes)
		array.Append(value)
		more, err := d.next(']')
		if err != nil || !more {
			return array, err
		}
	}
}

func (d *decoder) object(depth int) (lua.LValue, error) {
	if depth > MaxDepth {
		return nil, d.fail("nested deeper than %d levels", MaxDepth)
	}
	d.charge(tableBytes)
	object := d.L.CreateTable(0, 1)
	d.meter.Hold(object)
	defer d.meter.Release(1)
	if d.opensEmpty('}') {
		return object, nil
	}
	for {
		if err := d.field(object, depth); err != nil {
			return nil, err
		}
		more, err := d.next('}')
		if err != nil || !more {
			return object, err
		}
	}
}

func (d *decoder) field(object *lua.LTable, depth int) error {
	if d.at >= len(d.data) || d.data[d.at] != '"' {
		return d.fail("a field name in quotes is missing")
	}
	key, err := d.text()
	if err != nil {
		return err
	}
	d.skipSpace()
	if d.at >= len(d.data) || d.data[d.at] != ':' {
		return d.fail("':' is missing")
	}
	d.at++
	d.skipSpace()
	value, err := d.value(depth)
	if err != nil {
		return err
	}
	d.charge(fieldBytes)
	object.RawSetString(key, value)
	return nil
}

// opensEmpty steps over the bracket that opens a container, and over the one
// that closes it when nothing is between them.
func (d *decoder) opensEmpty(closing byte) bool {
	d.at++
	d.skipSpace()
	if d.at < len(d.data) && d.data[d.at] == closing {
		d.at++
		return true
	}
	return false
}

// next steps over what stands between two members; more is false after the closing bracket.
func (d *decoder) next(closing byte) (more bool, err error) {
	d.skipSpace()
	if d.at >= len(d.data) {
		return false, d.fail("the text ends too early")
	}
	switch d.data[d.at] {
	case ',':
		d.at++
		d.skipSpace()
		return true, nil
	case closing:
		d.at++
		return false, nil
	}
	return false, d.fail("',' or %q is missing", closing)
}

func (d *decoder) number() (lua.LValue, error) {
	start := d.at
	integer, err := d.scanNumber()
	if err != nil {
		return nil, err
	}
	digits := d.data[start:d.at]
	if integer {
		return d.integer(digits)
	}
	value, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || math.IsInf(value, 0) {
		d.at = start
		return nil, d.fail("the number is too large")
	}
	return lua.LNumber(value), nil
}

// integer keeps what a Lua number holds exactly and gives the digits of all
// else as text, so that an id of 64 bits survives (spec 3, "JSON and Lua").
func (d *decoder) integer(digits []byte) (lua.LValue, error) {
	value, err := strconv.ParseInt(string(digits), 10, 64)
	if err == nil && value >= -MaxInteger && value <= MaxInteger {
		return lua.LNumber(value), nil
	}
	d.meter.ChargeString(d.L, len(digits))
	return lua.LString(digits), nil
}

// scanNumber steps over a number of RFC 8259's grammar; integer is false when
// it has a fraction or an exponent.
func (d *decoder) scanNumber() (integer bool, err error) {
	if d.data[d.at] == '-' {
		d.at++
	}
	leadingZero := d.at < len(d.data) && d.data[d.at] == '0'
	if digits := d.digits(); digits == 0 || leadingZero && digits > 1 {
		return false, d.fail("a malformed number")
	}
	integer = true
	if d.at < len(d.data) && d.data[d.at] == '.' {
		integer = false
		d.at++
		if d.digits() == 0 {
			return false, d.fail("a digit is missing after '.'")
		}
	}
	if d.at < len(d.data) && d.data[d.at]|0x20 == 'e' {
		integer = false
		d.at++
		if d.at < len(d.data) && (d.data[d.at] == '+' || d.data[d.at] == '-') {
			d.at++
		}
		if d.digits() == 0 {
			return false, d.fail("a digit is missing in the exponent")
		}
	}
	return integer, nil
}

func (d *decoder) digits() int {
	start := d.at
	for d.at < len(d.data) && isDigit(d.data[d.at]) {
		d.at++
	}
	return d.at - start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

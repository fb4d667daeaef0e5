package stdlib

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one "%..." of a format string.
type directive struct {
	minus, plus, space, sharp, zero bool
	width                           int
	precision                       int // -1 = none
	verb                            byte
}

// parseDirective reads what follows a '%' and answers what follows the verb.
// Bounds and messages are those of scanformat in lstrlib.c 5.1.
func parseDirective(L *lua.LState, s string) (d directive, rest string) {
	i := 0
	for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
		switch s[i] {
		case '-':
			d.minus = true
		case '+':
			d.plus = true
		case ' ':
			d.space = true
		case '#':
			d.sharp = true
		case '0':
			d.zero = true
		}
		i++
	}
	if i > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	d.width, i = twoDigits(s, i)
	d.precision = -1
	if i < len(s) && s[i] == '.' {
		d.precision, i = twoDigits(s, i+1)
	}
	if i < len(s) && s[i] >= '0' && s[i] <= '9' {
		L.RaiseError("invalid format (width or precision too long)")
	}
	if i >= len(s) {
		L.RaiseError("%s", "invalid option '%' to 'format'")
	}
	d.verb = s[i]
	return d, s[i+1:]
}

func twoDigits(s string, i int) (n, next int) {
	for end := i + 2; i < end && i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n, i
}

func stringFormat(L *lua.LState) int {
	rest := checkString(L, 1, "format")
	out := newBuffer(L)
	for argument := 2; ; {
		plain, after, found := strings.Cut(rest, "%")
		out.add(plain)
		if !found {
			break
		}
		out.meter.Step(L, 1)
		if strings.HasPrefix(after, "%") {
			out.addByte('%')
			rest = after[1:]
			continue
		}
		var d directive
		d, rest = parseDirective(L, after)
		d.write(&out, argument)
		argument++
	}
	pushString(L, out.text.String())
	return 1
}

// write appends argument n in the form of d.
func (d directive) write(out *buffer, n int) {
	L := out.L
	if strings.IndexByte("cdiouxXeEfgGqs", d.verb) < 0 || d.verb == 0 {
		L.RaiseError("invalid option '%%%c' to 'format'", d.verb)
	}
	if n > L.GetTop() {
		argumentError(L, n, "format", "no value")
	}
	switch d.verb {
	case 'c':
		d.pad(out, "", "", string([]byte{byte(checkInt(L, n, "format"))}))
	case 'd', 'i':
		d.writeInteger(out, checkNumber(L, n, "format"))
	case 'o', 'u', 'x', 'X':
		d.writeUnsigned(out, checkNumber(L, n, "format"))
	case 'q':
		writeQuoted(out, checkString(L, n, "format"))
	case 's':
		d.writeText(out, out.toString(L.Get(n)))
	default:
		d.writeFloat(out, checkNumber(L, n, "format"))
	}
}

func (d directive) writeText(out *buffer, s string) {
	if d.precision >= 0 && d.precision < len(s) {
		s = s[:d.precision]
	}
	d.zero = false
	d.pad(out, "", "", s)
}

// pad appends sign, prefix and body, filled up to the width.
func (d directive) pad(out *buffer, sign, prefix, body string) {
	missing := d.width - len(sign) - len(prefix) - len(body)
	switch {
	case d.minus:
		out.add(sign)
		out.add(prefix)
		out.add(body)
		out.fill(' ', missing)
		return
	case d.zero:
		out.add(sign)
		out.add(prefix)
		out.fill('0', missing)
	default:
		out.fill(' ', missing)
		out.add(sign)
		out.add(prefix)
	}
	out.add(body)
}

func (d directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

// toInt64 is C's cast on the processors at hand: what does not fit becomes the
// smallest integer.
func toInt64(f float64) int64 {
	if f != f || f >= math.MaxInt64 || f < math.MinInt64 {
		return math.MinInt64
	}
	return int64(f)
}

// digits pads an integer with zeros to the precision, which switches off the
// zero flag.
func (d *directive) digits(n uint64, base int) string {
	text := strconv.FormatUint(n, base)
	if d.precision < 0 {
		return text
	}
	d.zero = false
	if n == 0 && d.precision == 0 {
		return ""
	}
	return strings.Repeat("0", max(d.precision-len(text), 0)) + text
}

func (d directive) writeInteger(out *buffer, f float64) {
	n := toInt64(f)
	size := uint64(n)
	if n < 0 {
		size = -size
	}
	body := d.digits(size, 10)
	d.pad(out, d.sign(n < 0), "", body)
}

func (d directive) writeUnsigned(out *buffer, f float64) {
	n := uint64(toInt64(f))
	if f >= math.MaxInt64 && f < math.MaxUint64 {
		n = uint64(f)
	}
	base, prefix := 10, ""
	switch d.verb {
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if d.sharp && n != 0 {
			prefix = "0" + string(rune(d.verb))
		}
	}
	body := d.digits(n, base)
	if d.verb == 'X' {
		body = strings.ToUpper(body)
	}
	if d.verb == 'o' && d.sharp && !strings.HasPrefix(body, "0") {
		body = "0" + body
	}
	d.pad(out, "", prefix, body)
}

func (d directive) writeFloat(out *buffer, f float64) {
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	negative := math.Signbit(f) && f == f
	f = math.Abs(f)
	var body string
	switch {
	case f != f || f > math.MaxFloat64:
		d.zero = false
		body = string(appendFloat(nil, f, 'g', 6))
		if d.verb == 'E' || d.verb == 'G' {
			body = strings.ToUpper(body)
		}
	case d.sharp:
		body = fmt.Sprintf("%#.*"+string(rune(d.verb)), precision, f)
	default:
		body = strconv.FormatFloat(f, d.verb, precision, 64)
	}
	d.pad(out, d.sign(negative), "", body)
}

// writeQuoted appends s so that Lua reads it back ("%q").
func writeQuoted(out *buffer, s string) {
	out.reserve(len(s) + 2)
	out.addByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			out.addByte('\\')
			out.addByte(c)
		case '\r':
			out.add(`\r`)
		case 0:
			out.add(`\000`)
		default:
			out.addByte(c)
		}
	}
	out.addByte('"')
}

package stdlib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxNumeral bounds the text that parseNumber looks at; strconv is linear but a
// numeral of a megabyte is one instruction.
const maxNumeral = 4096

// FormatNumber writes a number as Lua 5.1 does (LUAI_NUMFFORMAT "%.14g").
func FormatNumber(n lua.LNumber) string {
	var buffer [32]byte
	return string(appendNumber(buffer[:0], float64(n)))
}

func appendNumber(dst []byte, f float64) []byte {
	const exact = 1e14 // the first integer that "%.14g" writes with an exponent
	if i := int64(f); f > -exact && f < exact && float64(i) == f && (i != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, i, 10)
	}
	return appendFloat(dst, f, 'g', 14)
}

// appendFloat is strconv's, with C's names for what is not a finite number. The
// sign of a NaN depends on the processor and is not shown.
func appendFloat(dst []byte, f float64, verb byte, precision int) []byte {
	switch {
	case f != f:
		return append(dst, "nan"...)
	case f > math.MaxFloat64:
		return append(dst, "inf"...)
	case f < -math.MaxFloat64:
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, verb, precision, 64)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// parseNumber reads a numeral as Lua 5.1's tonumber does (lobject.c, luaO_str2d):
// decimal or hexadecimal, white space around it. Unlike the C library it does not
// take "inf" and "nan" for numbers.
func parseNumber(s string) (lua.LNumber, bool) {
	s = trimSpace(s)
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || len(s)-len(digits) > 1 || len(s) > maxNumeral {
		return 0, false
	}
	if digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') || strings.IndexByte(digits, '_') >= 0 {
		return 0, false
	}
	if len(digits) > 1 && digits[0] == '0' && digits[1]|32 == 'x' && !strings.ContainsAny(digits, "pP") {
		s += "p0" // strconv wants an exponent after hexadecimal digits
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return lua.LNumber(f), true
}

// parseInBase is C's strtoul with nothing but white space after it: a minus sign
// wraps around, too large a number becomes the largest.
func parseInBase(s string, base int) (lua.LNumber, bool) {
	s = trimSpace(s)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|32 == 'x' {
		s = s[2:]
	}
	if s == "" || s[0] == '-' || s[0] == '+' || len(s) > maxNumeral {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil && n != math.MaxUint64 {
		return 0, false
	}
	if negative && err == nil {
		n = -n
	}
	return lua.LNumber(n), true
}

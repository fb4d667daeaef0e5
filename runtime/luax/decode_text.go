package luax

import (
	"unicode/utf16"
	"unicode/utf8"
)

// longText is where a string is announced to the meter by itself, which also
// holds it against the string limit; shorter ones are charged in batches.
const longText = 512

// text reads a string that starts at the quote under d.at.
func (d *decoder) text() (string, error) {
	d.at++
	start, ascii := d.at, true
	for d.at < len(d.data) {
		switch c := d.data[d.at]; {
		case c == '"':
			text, err := d.finish(d.data[start:d.at], start, ascii)
			d.at++
			return text, err
		case c == '\\':
			return d.escapedText(start)
		case c < 0x20:
			return "", d.fail("a control character inside a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
		d.at++
	}
	return "", d.fail("the string does not end")
}

func (d *decoder) finish(raw []byte, start int, ascii bool) (string, error) {
	if !ascii {
		if bad := firstInvalid(raw); bad >= 0 {
			d.at = start + bad
			return "", d.fail("the string is not UTF-8")
		}
	}
	return d.makeText(raw), nil
}

func (d *decoder) makeText(raw []byte) string {
	if len(raw) > longText {
		d.flush()
		d.meter.ChargeString(d.L, len(raw))
	} else {
		d.charge(16 + len(raw))
	}
	return string(raw)
}

// firstInvalid is the offset of the first byte that is not UTF-8, or -1.
func firstInvalid(raw []byte) int {
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// escapedText reads on from the first backslash of a string that began at start.
func (d *decoder) escapedText(start int) (string, error) {
	d.scratch = append(d.scratch[:0], d.data[start:d.at]...)
	if bad := firstInvalid(d.scratch); bad >= 0 {
		d.at = start + bad
		return "", d.fail("the string is not UTF-8")
	}
	for d.at < len(d.data) {
		switch c := d.data[d.at]; {
		case c == '"':
			d.at++
			return d.makeText(d.scratch), nil
		case c == '\\':
			if err := d.escape(); err != nil {
				return "", err
			}
		case c < 0x20:
			return "", d.fail("a control character inside a string")
		default:
			r, size := utf8.DecodeRune(d.data[d.at:])
			if r == utf8.RuneError && size == 1 {
				return "", d.fail("the string is not UTF-8")
			}
			d.scratch = append(d.scratch, d.data[d.at:d.at+size]...)
			d.at += size
		}
	}
	return "", d.fail("the string does not end")
}

// escape reads one escape into d.scratch.
func (d *decoder) escape() error {
	if d.at+1 >= len(d.data) {
		return d.fail("the string does not end")
	}
	plain := byte(0)
	switch d.data[d.at+1] {
	case '"', '\\', '/':
		plain = d.data[d.at+1]
	case 'b':
		plain = '\b'
	case 'f':
		plain = '\f'
	case 'n':
		plain = '\n'
	case 'r':
		plain = '\r'
	case 't':
		plain = '\t'
	case 'u':
		return d.unicodeEscape()
	default:
		return d.fail("an unknown escape")
	}
	d.scratch = append(d.scratch, plain)
	d.at += 2
	return nil
}

// unicodeEscape reads \uXXXX, or the two of a surrogate pair. Half a pair is
// refused: it has no form in UTF-8.
func (d *decoder) unicodeEscape() error {
	first, ok := d.hex4(d.at)
	if !ok {
		return d.fail("\\u needs four hexadecimal digits")
	}
	size := 6
	if utf16.IsSurrogate(first) {
		second, ok := d.hex4(d.at + 6)
		if first = utf16.DecodeRune(first, second); !ok || first == utf8.RuneError {
			return d.fail("half a surrogate pair")
		}
		size = 12
	}
	d.scratch = utf8.AppendRune(d.scratch, first)
	d.at += size
	return nil
}

// hex4 reads \uXXXX at an offset.
func (d *decoder) hex4(at int) (rune, bool) {
	if at+6 > len(d.data) || d.data[at] != '\\' || d.data[at+1] != 'u' {
		return 0, false
	}
	value := rune(0)
	for _, c := range d.data[at+2 : at+6] {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		value = value<<4 | rune(digit)
	}
	return value, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

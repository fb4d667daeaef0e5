package runtime

import "strings"

// eachPair calls use with the undecoded name and value of every pair of a
// query or form until it returns false. Only '&' separates (a ';' is data) and
// empty pairs do not count.
func eachPair(encoded string, use func(name, value string) bool) {
	for encoded != "" {
		var pair string
		pair, encoded, _ = strings.Cut(encoded, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if !use(name, value) {
			return
		}
	}
}

// lookupPair finds the last value of a name without decoding the others.
func lookupPair(encoded, wanted string) (value string, found bool) {
	eachPair(encoded, func(name, raw string) bool {
		if sameName(name, wanted) {
			value, found = raw, true
		}
		return true
	})
	if found {
		value = unescape(value)
	}
	return value, found
}

func sameName(encoded, wanted string) bool {
	if strings.ContainsAny(encoded, "%+") {
		return unescape(encoded) == wanted
	}
	return encoded == wanted
}

// unescape decodes %XX and '+' of a query or form. A malformed escape stays as
// it is: devices send raw percent signs, and a refused request is lost data.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) {
			high, ok1 := fromHex(s[i+1])
			low, ok2 := fromHex(s[i+2])
			if ok1 && ok2 {
				c = high<<4 | low
				i += 2
			}
		}
		out.WriteByte(c)
	}
	return out.String()
}

func fromHex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10, true
	}
	return 0, false
}

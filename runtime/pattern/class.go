package pattern

func isLetter(c byte) bool { return c|32 >= 'a' && c|32 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// inClass reports whether c belongs to %letter in the C locale.
func inClass(c, letter byte) bool {
	var in bool
	switch letter | 32 {
	case 'a':
		in = isLetter(c)
	case 'c':
		in = c < 32 || c == 127
	case 'd':
		in = isDigit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 32 && c < 127 && !isLetter(c) && !isDigit(c)
	case 's':
		in = c == ' ' || c >= 9 && c <= 13
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = isLetter(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || c|32 >= 'a' && c|32 <= 'f'
	case 'z':
		in = c == 0
	default:
		return letter == c
	}
	if !isLetter(letter) { // letter|32 made a class letter of something like 'A'-32
		return letter == c
	}
	return in == (letter >= 'a')
}

// inSet reports whether c belongs to the set that begins with '[' at p and ends
// with ']' at end.
func (m *Matcher) inSet(c byte, p, end int) bool {
	in := true
	if m.pattern[p+1] == '^' {
		in = false
		p++
	}
	for p++; p < end; p++ {
		switch {
		case m.pattern[p] == '%':
			p++
			if inClass(c, m.pattern[p]) {
				return in
			}
		case p+2 < end && m.pattern[p+1] == '-':
			p += 2
			if m.pattern[p-2] <= c && c <= m.pattern[p] {
				return in
			}
		case m.pattern[p] == c:
			return in
		}
	}
	return !in
}

// itemEnd answers where the single-character item at p ends.
func (m *Matcher) itemEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 >= len(m.pattern) {
			return m.fail(errEndsWithEscape)
		}
		return p + 2
	case '[':
		return m.setEnd(p + 1)
	}
	return p + 1
}

// setEnd answers the offset after the ']' that closes a set whose content begins
// at p. The first byte of the content never closes it.
func (m *Matcher) setEnd(p int) int {
	if p < len(m.pattern) && m.pattern[p] == '^' {
		p++
	}
	for first := true; ; first = false {
		if p >= len(m.pattern) {
			return m.fail(errMissingBracket)
		}
		c := m.pattern[p]
		p++
		if c == ']' && !first {
			return p
		}
		if c == '%' {
			p++
		}
	}
}

// single reports whether the byte at s is one that the item p..end stands for.
func (m *Matcher) single(s, p, end int) bool {
	if s >= len(m.subject) {
		return false
	}
	c := m.subject[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		m.turn((end - p) >> 3)
		return m.inSet(c, p, end-1)
	}
	return m.pattern[p] == c
}

package pattern

// match answers where the rest of the pattern from p ends when matched at s, or
// none. Every caller looks at m.err before it tries another way.
func (m *Matcher) match(s, p int) int {
	if m.depth >= MaxDepth {
		return m.fail(errComplex)
	}
	m.depth++
	end := m.walk(s, p)
	m.depth--
	return end
}

// walk is match without the depth count: items that need no way back are taken
// in a loop, the others recurse.
func (m *Matcher) walk(s, p int) int {
	for p < len(m.pattern) {
		m.turn(1)
		switch m.pattern[p] {
		case '(':
			return m.openCapture(s, p+1)
		case ')':
			return m.closeCapture(s, p+1)
		case '$':
			if p+1 == len(m.pattern) {
				if s == len(m.subject) {
					return s
				}
				return none
			}
		case '%':
			next, width, special := m.escape(s, p+1)
			if special {
				if next < 0 {
					return none
				}
				s, p = next, p+width
				continue
			}
		}
		var end int
		var done bool
		if s, p, end, done = m.item(s, p); done {
			return end
		}
	}
	return s
}

// escape handles %b, %f and back references, with p at the letter. It answers
// the subject offset after them (none = no match) and their width in the pattern.
func (m *Matcher) escape(s, p int) (next, width int, special bool) {
	if p >= len(m.pattern) {
		return none, 0, false
	}
	switch c := m.pattern[p]; {
	case c == 'b':
		return m.balance(s, p+1), 4, true
	case c == 'f':
		next, end := m.frontier(s, p+1)
		return next, end - p + 1, true
	case isDigit(c):
		return m.backReference(s, c), 2, true
	}
	return none, 0, false
}

// item matches one single-character item with its suffix. done means that end is
// the answer of the whole walk.
func (m *Matcher) item(s, p int) (nextS, nextP, end int, done bool) {
	after := m.itemEnd(p)
	if after < 0 || after > len(m.pattern) {
		return 0, 0, none, true
	}
	var suffix byte
	if after < len(m.pattern) {
		suffix = m.pattern[after]
	}
	switch suffix {
	case '?':
		if m.single(s, p, after) {
			if end := m.match(s+1, after+1); end >= 0 || m.err != nil {
				return 0, 0, end, true
			}
		}
		return s, after + 1, none, false
	case '*':
		return 0, 0, m.longest(s, 0, p, after), true
	case '+':
		return 0, 0, m.longest(s, 1, p, after), true
	case '-':
		return 0, 0, m.shortest(s, p, after), true
	}
	if !m.single(s, p, after) {
		return 0, 0, none, true
	}
	return s + 1, after, none, false
}

// longest matches as many as possible of the item p..after, at least least.
func (m *Matcher) longest(s, least, p, after int) int {
	count := 0
	for m.single(s+count, p, after) {
		count++
		if count&15 == 0 {
			m.turn(1)
		}
	}
	for ; count >= least; count-- {
		if end := m.match(s+count, after+1); end >= 0 || m.err != nil {
			return end
		}
	}
	return none
}

// shortest matches as few as possible of the item p..after.
func (m *Matcher) shortest(s, p, after int) int {
	for {
		if end := m.match(s, after+1); end >= 0 || m.err != nil {
			return end
		}
		m.turn(1)
		if !m.single(s, p, after) {
			return none
		}
		s++
	}
}

// balance matches %bxy with p at x.
func (m *Matcher) balance(s, p int) int {
	if p+1 >= len(m.pattern) {
		return m.fail(errUnbalanced)
	}
	open, shut := m.pattern[p], m.pattern[p+1]
	if s >= len(m.subject) || m.subject[s] != open {
		return none
	}
	level := 1
	for s++; s < len(m.subject); s++ {
		if s&15 == 0 {
			m.turn(1)
		}
		switch m.subject[s] {
		case shut:
			if level--; level == 0 {
				return s + 1
			}
		case open:
			level++
		}
	}
	return none
}

// frontier matches %f[set] with p at '['; end is the offset after the set. Both
// ends of the subject count as a zero byte.
func (m *Matcher) frontier(s, p int) (next, end int) {
	if p >= len(m.pattern) || m.pattern[p] != '[' {
		return m.fail(errFrontier), p
	}
	if end = m.itemEnd(p); end < 0 {
		return none, p
	}
	var before, here byte
	if s > 0 {
		before = m.subject[s-1]
	}
	if s < len(m.subject) {
		here = m.subject[s]
	}
	m.turn((end - p) >> 3)
	if m.inSet(before, p, end-1) || !m.inSet(here, p, end-1) {
		return none, end
	}
	return s, end
}

// backReference matches what capture digit captured.
func (m *Matcher) backReference(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.level || m.captures[i].length == unfinished {
		return m.fail(errCaptureIndex)
	}
	c := m.captures[i]
	if c.length == position || len(m.subject)-s < c.length {
		return none
	}
	m.turn(c.length >> 4)
	if m.subject[c.start:c.start+c.length] != m.subject[s:s+c.length] {
		return none
	}
	return s + c.length
}

// openCapture starts a capture with p after '('.
func (m *Matcher) openCapture(s, p int) int {
	if m.level >= maxCaptures {
		return m.fail(errManyCaptures)
	}
	length := unfinished
	if p < len(m.pattern) && m.pattern[p] == ')' {
		length = position
		p++
	}
	m.captures[m.level] = span{s, length}
	m.level++
	end := m.match(s, p)
	if end < 0 {
		m.level--
	}
	return end
}

// closeCapture ends the innermost open capture with p after ')'.
func (m *Matcher) closeCapture(s, p int) int {
	i := m.level - 1
	for i >= 0 && m.captures[i].length != unfinished {
		i--
	}
	if i < 0 {
		return m.fail(errCapture)
	}
	m.captures[i].length = s - m.captures[i].start
	end := m.match(s, p)
	if end < 0 {
		m.captures[i].length = unfinished
	}
	return end
}

package pattern

import "strings"

const (
	// maxCaptures is the most captures a pattern may have (LUA_MAXCAPTURES).
	maxCaptures = 32
	// MaxDepth bounds recursion. The C original recurses once for every
	// capture and every repetition that is still open, without a bound.
	MaxDepth = 200

	workBatch = 128 // matcher turns between two calls of the work function
	workUnits = 64  // what it is told for one batch: a turn is half an instruction
)

// Error is a pattern that cannot be matched; its text is Lua's.
type Error string

func (e Error) Error() string { return string(e) }

const (
	errEndsWithEscape = Error("malformed pattern (ends with '%')")
	errMissingBracket = Error("malformed pattern (missing ']')")
	errFrontier       = Error("missing '[' after '%f' in pattern")
	errUnbalanced     = Error("unbalanced pattern")
	errManyCaptures   = Error("too many captures")
	errCapture        = Error("invalid pattern capture")
	errCaptureIndex   = Error("invalid capture index")
	errUnfinished     = Error("unfinished capture")
	errComplex        = Error("pattern too complex")
)

const (
	none       = -1 // no match
	unfinished = -1 // length of a capture whose ')' has not been reached
	position   = -2 // length of a position capture "()"
)

type span struct{ start, length int }

// Matcher matches one pattern against one subject. The zero value is not usable.
type Matcher struct {
	subject, pattern string
	anchored         bool
	work             func(n int)
	pending          int // turns not yet told to work
	depth            int
	level            int // captures so far
	err              error
	captures         [maxCaptures]span
}

// New prepares a matcher. A leading '^' anchors it. work is called with a number
// of instruction-like units as the matcher goes; it may panic to stop the match.
func New(subject, pattern string, work func(n int)) Matcher {
	m := NewLiteral(subject, pattern, work)
	if strings.HasPrefix(pattern, "^") {
		m.pattern, m.anchored = pattern[1:], true
	}
	return m
}

// NewLiteral is New for gmatch, where a leading '^' stands for itself.
func NewLiteral(subject, pattern string, work func(n int)) Matcher {
	return Matcher{subject: subject, pattern: pattern, work: work}
}

// IsPlain reports whether pattern has no special characters, so that a plain
// search finds the same.
func IsPlain(pattern string) bool { return !strings.ContainsAny(pattern, "^$*+?.([%-") }

// Anchored reports whether the pattern began with '^'.
func (m *Matcher) Anchored() bool { return m.anchored }

// Find looks for the first match that starts at byte offset from or later.
// start is -1 when there is none.
func (m *Matcher) Find(from int) (start, end int, err error) {
	for at := from; at <= len(m.subject); at++ {
		end, err = m.matchAt(at)
		if err != nil || end >= 0 {
			return at, end, err
		}
		if m.anchored {
			break
		}
	}
	return none, none, nil
}

// matchAt matches at exactly byte offset at and answers where the match ends, or -1.
func (m *Matcher) matchAt(at int) (end int, err error) {
	m.level, m.depth, m.err = 0, 0, nil
	end = m.match(at, 0)
	if m.err != nil {
		return none, m.err
	}
	return end, nil
}

// Captures is how many values the last match yields: its captures, or one (the
// whole match) when the pattern has none.
func (m *Matcher) Captures() int { return max(m.level, 1) }

// ExplicitCaptures is how many captures the pattern itself made in the last match.
func (m *Matcher) ExplicitCaptures() int { return m.level }

// Capture answers capture i (from 0) of the last match, which went from start to
// end. isPosition marks "()": then from is the byte offset it stands for.
func (m *Matcher) Capture(i, start, end int) (from, to int, isPosition bool, err error) {
	if i >= m.level || i < 0 {
		if i == 0 {
			return start, end, false, nil
		}
		return 0, 0, false, errCaptureIndex
	}
	c := m.captures[i]
	switch c.length {
	case unfinished:
		return 0, 0, false, errUnfinished
	case position:
		return c.start, c.start, true, nil
	}
	return c.start, c.start + c.length, false, nil
}

func (m *Matcher) fail(err Error) int {
	m.err = err
	return none
}

// turn counts n units of work.
func (m *Matcher) turn(n int) {
	m.pending += n
	if m.pending >= workBatch {
		units := m.pending / workBatch * workUnits
		m.pending = 0
		m.work(units)
	}
}

package sdk

import (
	"io"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// search is one text and the pattern to look for in it.
type search struct {
	args    luax.Args
	text    string
	pattern *pattern
}

// next finds the first match at or behind offset from and returns the offsets
// of the match and its groups, or nil.
func (s *search) next(from int) []int {
	input := &runes{L: s.args.L, meter: meter.From(s.args.L), price: s.pattern.price, rest: s.text}
	if from == 0 {
		return s.pattern.first.FindReaderSubmatchIndex(input)
	}
	_, before := utf8.DecodeLastRuneInString(s.text[:from])
	start := from - before
	input.rest = s.text[start:]
	found := s.pattern.later.FindReaderSubmatchIndex(input)
	if found == nil {
		return nil
	}
	found = found[2:] // group 1 is the pattern as it was written
	for i := range found {
		if found[i] >= 0 {
			found[i] += start
		}
	}
	return found
}

// each calls use with matches that do not overlap, until it has returned true
// limit times, and returns how often it did. An empty match just behind another
// is none, as in Go and Perl.
func (s *search) each(limit int, use func(found []int) bool) (count int) {
	last := -1
	for at := 0; count < limit && at <= len(s.text); {
		found := s.next(at)
		if found == nil {
			break
		}
		if (found[1] > found[0] || found[0] != last) && use(found) {
			count++
		}
		last, at = found[1], found[1]
		if found[0] == found[1] {
			_, size := utf8.DecodeRuneInString(s.text[at:])
			at += max(size, 1)
		}
	}
	return count
}

// part is what group n matched, or nil when it took no part.
func (s *search) part(found []int, n int) lua.LValue {
	if found[2*n] < 0 {
		return lua.LNil
	}
	return s.cut(found[2*n], found[2*n+1])
}

// cut is a piece of the text. A small piece of a large text is copied, because
// it would keep the whole alive without the memory walk seeing it.
func (s *search) cut(from, to int) lua.LValue {
	const small = 256
	piece := s.text[from:to]
	if len(s.text) > small && len(piece) < len(s.text)/2 {
		meter.From(s.args.L).ChargeString(s.args.L, len(piece))
		piece = strings.Clone(piece)
	}
	return lua.LString(piece)
}

// pushGroups pushes what the groups matched and returns their number.
func (s *search) pushGroups(found []int) int {
	groups := len(found)/2 - 1
	for n := 1; n <= groups; n++ {
		s.args.L.Push(s.part(found, n))
	}
	return groups
}

// runes hands a text to the matcher rune by rune and charges for each: a search
// pays for what it reads, and ends within a rune when the run reaches a limit.
type runes struct {
	L     *lua.LState
	meter *meter.Meter
	price int
	rest  string
}

// ReadRune returns the next rune and its length in bytes.
func (r *runes) ReadRune() (rune, int, error) {
	r.meter.Step(r.L, r.price)
	if r.rest == "" {
		return 0, 0, io.EOF
	}
	c, size := utf8.DecodeRuneInString(r.rest)
	r.rest = r.rest[size:]
	return c, size, nil
}

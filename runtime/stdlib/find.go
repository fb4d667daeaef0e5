package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
	"picloud/runtime/pattern"
)

// worker makes the matcher's work function for L.
func worker(L *lua.LState) func(int) {
	m := meter.From(L)
	return func(n int) { m.Step(L, n) }
}

// check raises a pattern's error.
func check(L *lua.LState, err error) {
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
}

// startOffset reads the optional init argument as a byte offset within the
// string; Lua 5.1 takes one behind the end for the end.
func startOffset(L *lua.LState, n int, name string, length int) int {
	return min(max(relative(optInt(L, n, name, 1), length)-1, 0), length)
}

func stringFind(L *lua.LState) int {
	s, p := checkString(L, 1, "find"), checkString(L, 2, "find")
	from := startOffset(L, 3, "find", len(s))
	if lua.LVAsBool(L.Get(4)) || pattern.IsPlain(p) {
		return findPlain(L, s, p, from)
	}
	m := pattern.New(s, p, worker(L))
	start, end, err := m.Find(from)
	check(L, err)
	if start < 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(integer(start + 1))
	L.Push(integer(end))
	return 2 + found{&m, s, start, end}.pushCaptures(L, m.ExplicitCaptures())
}

func findPlain(L *lua.LState, s, p string, from int) int {
	meter.From(L).Step(L, (len(s)-from)>>6)
	at := strings.Index(s[from:], p)
	if at < 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(integer(from + at + 1))
	L.Push(integer(from + at + len(p)))
	return 2
}

func stringMatch(L *lua.LState) int {
	s, p := checkString(L, 1, "match"), checkString(L, 2, "match")
	from := startOffset(L, 3, "match", len(s))
	m := pattern.New(s, p, worker(L))
	start, end, err := m.Find(from)
	check(L, err)
	if start < 0 {
		L.Push(lua.LNil)
		return 1
	}
	return found{&m, s, start, end}.pushCaptures(L, m.Captures())
}

// found is a match: its matcher, the subject, and where in it the match lies.
type found struct {
	matcher    *pattern.Matcher
	subject    string
	start, end int
}

// capture answers capture i, from 0, as a Lua value.
func (f found) capture(L *lua.LState, i int) lua.LValue {
	from, to, isPosition, err := f.matcher.Capture(i, f.start, f.end)
	check(L, err)
	if isPosition {
		return integer(from + 1)
	}
	if from == to {
		return emptyString
	}
	return lua.LString(part(L, f.subject, from, to))
}

// pushCaptures pushes the first n captures and returns n.
func (f found) pushCaptures(L *lua.LState, n int) int {
	for i := range n {
		L.Push(f.capture(L, i))
	}
	return n
}

// stringGmatch answers an iterator that looks for one match at a time. Subject
// and pattern are upvalues, where the memory walk sees them.
func stringGmatch(L *lua.LState) int {
	s, p := checkString(L, 1, "gmatch"), checkString(L, 2, "gmatch")
	offset := 0
	L.Push(L.NewClosure(func(L *lua.LState) int { return nextMatch(L, &offset) }, lua.LString(s), lua.LString(p)))
	return 1
}

func nextMatch(L *lua.LState, offset *int) int {
	s := string(L.Get(lua.UpvalueIndex(1)).(lua.LString))
	m := pattern.NewLiteral(s, string(L.Get(lua.UpvalueIndex(2)).(lua.LString)), worker(L))
	meter.From(L).Step(L, 1) // the matcher counts no step for an empty match
	start, end, err := m.Find(*offset)
	check(L, err)
	if start < 0 {
		*offset = len(s) + 1
		L.Push(lua.LNil)
		return 1
	}
	*offset = end
	if start == end { // an empty match does not come twice
		*offset++
	}
	return found{&m, s, start, end}.pushCaptures(L, m.Captures())
}

package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/pattern"
)

// substitution is one call of string.gsub.
type substitution struct {
	L           *lua.LState
	matcher     pattern.Matcher
	subject     string
	replacement lua.LValue
	isText      bool   // the replacement is a template, not a table or function
	template    string // with %0 to %9
	out         buffer
}

func stringGsub(L *lua.LState) int {
	s, p := checkString(L, 1, "gsub"), checkString(L, 2, "gsub")
	replacement := L.Get(3)
	template, isText := asText(replacement)
	switch replacement.(type) {
	case *lua.LTable, *lua.LFunction:
	default:
		if !isText {
			argumentError(L, 3, "gsub", "string/function/table expected")
		}
	}
	limit := optInt(L, 4, "gsub", len(s)+1)
	g := substitution{
		L: L, matcher: pattern.New(s, p, worker(L)), subject: s, replacement: replacement,
		isText: isText, template: template, out: newBuffer(L),
	}
	count, copied := g.replaceAll(limit)
	if count == 0 {
		pushWhole(L, 1, s)
	} else {
		g.out.add(s[copied:])
		pushString(L, g.out.text.String())
	}
	L.Push(integer(count))
	return 2
}

// replaceAll replaces up to limit matches. What stands before offset copied is
// in the output then.
func (g *substitution) replaceAll(limit int) (count, copied int) {
	for at := 0; count < limit && at <= len(g.subject); {
		start, end, err := g.matcher.Find(at)
		check(g.L, err)
		if start < 0 {
			break
		}
		count++
		g.out.meter.Step(g.L, 1) // the matcher counts no step for an empty match
		g.out.add(g.subject[copied:start])
		g.replace(start, end)
		copied, at = end, end
		if start == end { // an empty match: the next byte stays
			at++
		}
		if g.matcher.Anchored() {
			break
		}
	}
	return count, copied
}

// replace appends what stands for the match from start to end.
func (g *substitution) replace(start, end int) {
	if g.isText {
		g.expand(start, end)
		return
	}
	held := g.out.hold()
	var value lua.LValue
	switch r := g.replacement.(type) {
	case *lua.LTable:
		value = g.L.GetTable(r, g.found(start, end).capture(g.L, 0))
	case *lua.LFunction:
		value = g.callback(r, start, end)
	}
	g.out.meter.Release(held)
	if lua.LVIsFalse(value) {
		g.out.add(g.subject[start:end])
		return
	}
	text, ok := asText(value)
	if !ok {
		g.L.RaiseError("invalid replacement value (a %s)", value.Type().String())
	}
	g.out.add(text)
}

func (g *substitution) found(start, end int) found {
	return found{&g.matcher, g.subject, start, end}
}

func (g *substitution) callback(f *lua.LFunction, start, end int) lua.LValue {
	L := g.L
	g.out.meter.Step(L, 1)
	L.Push(f)
	L.Call(g.found(start, end).pushCaptures(L, g.matcher.Captures()), 1)
	value := L.Get(-1)
	L.Pop(1)
	return value
}

// expand appends the template with its captures %0 to %9 filled in.
func (g *substitution) expand(start, end int) {
	rest := g.template
	for {
		plain, after, found := strings.Cut(rest, "%")
		g.out.add(plain)
		if !found {
			return
		}
		g.out.meter.Step(g.L, 1)
		if after == "" { // C reads the terminating zero here
			g.out.addByte(0)
			return
		}
		c := after[0]
		rest = after[1:]
		switch {
		case c == '0':
			g.out.add(g.subject[start:end])
		case c >= '1' && c <= '9':
			text, _ := asText(g.found(start, end).capture(g.L, int(c-'1')))
			g.out.add(text)
		default:
			g.out.addByte(c)
		}
	}
}

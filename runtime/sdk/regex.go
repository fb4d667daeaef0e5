package sdk

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

func regexModule() runtime.Module {
	patterns := newPatterns()
	return runtime.Module{
		Name: "regex",
		Doc: "Regular expressions that always take linear time (RE2), so no pattern can hang a script. Lua's own patterns (string.match) are quicker for simple cases. " +
			"There are no back references and no look-around.",
		Funcs: append(patterns.firstMatch(), patterns.allMatches()...),
	}
}

// What the descriptions of the module's functions share.
var (
	regexText    = runtime.ParamDoc{Name: "text", Type: "string", Doc: "The text to search."}
	regexPattern = runtime.ParamDoc{Name: "pattern", Type: "string", Doc: "A regular expression in RE2's syntax, up to 1 KiB; [[\\d+]] saves doubling its backslashes."}
	regexErrors  = []string{"text is not a string", "pattern is not a regular expression, or too large: the error says why"}
)

// firstMatch describes the functions that look for one match.
func (p *patterns) firstMatch() []runtime.Func {
	return []runtime.Func{
		{
			Name:    "match",
			Doc:     "Returns the groups of the first match, or the whole match of a pattern without groups.",
			Params:  []runtime.ParamDoc{regexText, regexPattern},
			Returns: []runtime.ReturnDoc{{Type: "string|nil", Doc: "The first group, or the match; nil when nothing matches, or for a group that took no part."}, {Type: "string|nil", Doc: "The second group, and so on."}},
			Errors:  regexErrors,
			Example: `local year, month = regex.match("2026-03-01", [[^(\d{4})-(\d{2})]])
return { year = year, month = month }`,
			Call: p.match,
		},
		{
			Name:    "find",
			Doc:     "Returns where the first match begins and ends, then its groups, as string.find does.",
			Params:  []runtime.ParamDoc{regexText, regexPattern, {Name: "init", Type: "integer", Optional: true, Doc: "The byte to begin at, 1 when left out."}},
			Returns: []runtime.ReturnDoc{{Type: "integer|nil", Doc: "The first byte, from 1; nil when nothing matches."}, {Type: "integer|nil", Doc: "The last byte."}, {Type: "string|nil", Doc: "The groups."}},
			Errors:  append(regexErrors[:2:2], "init is not a whole number from 1 to one more than the length of text"),
			Example: `return regex.find("temp=21.5", [[\d+]])`,
			Call:    p.find,
		},
	}
}

// allMatches describes those that go through all matches.
func (p *patterns) allMatches() []runtime.Func {
	limit := func(doc string) runtime.ParamDoc {
		return optionsDoc("How much to do.", optionDoc("limit", "integer", doc))
	}
	wrongOption := append(regexErrors[:2:2], "an unknown option, or one of the wrong type")
	return []runtime.Func{
		{
			Name:   "find_all",
			Doc:    "Returns all matches, which do not overlap, from left to right.",
			Params: []runtime.ParamDoc{regexText, regexPattern, limit("At most so many matches; all when left out.")},
			Returns: []runtime.ReturnDoc{{Type: "table[]", Doc: "A list with one table for each match.", Fields: []runtime.ParamDoc{
				{Name: "text", Type: "string", Doc: "What matched."},
				{Name: "first", Type: "integer", Doc: "Its first byte, from 1."},
				{Name: "last", Type: "integer", Doc: "Its last byte."},
				{Name: "groups", Type: "table", Doc: "The groups by number and, when they have one, by name; false for one that took no part."},
			}}},
			Errors: wrongOption,
			Example: `local sum = 0
for _, found in ipairs(regex.find_all("a=1 b=2", [[(\w)=(?P<value>\d)]])) do
  sum = sum + tonumber(found.groups.value)
end
return sum`,
			Call: p.findAll,
		},
		{
			Name: "replace",
			Doc:  "Returns text with its matches replaced, and how many there were.",
			Params: []runtime.ParamDoc{regexText, regexPattern,
				{Name: "replacement", Type: "string", Doc: "What to put in. $1 and ${1} stand for a group, ${name} for a named one, $0 for the match, $$ for a dollar sign."},
				limit("At most so many; all when left out.")},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The new text."}, {Type: "integer", Doc: "How many were replaced."}},
			Errors:  append(wrongOption[:3:3], "replacement is not a string, or names a group that the pattern does not have"),
			Example: `return regex.replace("2026-03-01", [[(\d+)-(\d+)-(\d+)]], "$3.$2.$1")`,
			Call:    p.replace,
		},
		{
			Name:    "split",
			Doc:     "Returns the pieces of text between the matches, which may be empty.",
			Params:  []runtime.ParamDoc{regexText, regexPattern, limit("At most so many pieces, the last with all that is left; all when left out.")},
			Returns: []runtime.ReturnDoc{{Type: "string[]", Doc: "A list of at least one piece."}},
			Errors:  wrongOption,
			Example: `return regex.split("hall, kitchen;attic", [[[,;]\s*]])`,
			Call:    p.split,
		},
	}
}

// query reads what all functions of the module begin with.
func (p *patterns) query(args luax.Args) search {
	text := args.String(1, "text")
	return search{args: args, text: text, pattern: p.compiled(args, args.String(2, "pattern"))}
}

// limitOption is the option limit, or more than there can be.
func limitOption(args luax.Args, n int) int {
	const unlimited = math.MaxInt32 // matches of one call
	limit := args.Options(n, "options", "limit").Int("limit", unlimited)
	if limit < 1 {
		args.L.RaiseError("%s: option \"limit\" must be at least 1", args.Func)
	}
	return int(min(limit, unlimited))
}

func (p *patterns) match(L *lua.LState) int {
	s := p.query(luax.Args{L: L, Func: "regex.match"})
	found := s.next(0)
	if found == nil {
		L.Push(lua.LNil)
		return 1
	}
	if len(found) == 2 {
		L.Push(s.part(found, 0))
		return 1
	}
	return s.pushGroups(found)
}

func (p *patterns) find(L *lua.LState) int {
	args := luax.Args{L: L, Func: "regex.find"}
	s, init := p.query(args), 1
	if L.Get(3) != lua.LNil {
		init = int(args.IntFrom(3, "init", 1, int64(len(s.text)+1)))
	}
	found := s.next(init - 1)
	if found == nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(found[0] + 1))
	L.Push(lua.LNumber(found[1]))
	return 2 + s.pushGroups(found)
}

func (p *patterns) findAll(L *lua.LState) int {
	args := luax.Args{L: L, Func: "regex.find_all"}
	limit := limitOption(args, 3)
	s, charge := p.query(args), meter.From(L)
	list := luax.NewArray(L, 0)
	charge.Hold(list)
	defer charge.Release(1)
	names := s.pattern.names()
	s.each(limit, func(found []int) bool {
		charge.ChargeMemory(L, itemBytes+2*tableBytes+4*fieldBytes+len(found)*fieldBytes)
		groups := L.CreateTable(len(names)-1, 0)
		for i, name := range names[1:] {
			value := s.part(found, i+1)
			if value == lua.LNil {
				value = lua.LFalse
			}
			groups.RawSetInt(i+1, value)
			if name != "" {
				groups.RawSetString(name, value)
			}
		}
		match := L.CreateTable(0, 4)
		match.RawSetString("text", s.part(found, 0))
		match.RawSetString("first", lua.LNumber(found[0]+1))
		match.RawSetString("last", lua.LNumber(found[1]))
		match.RawSetString("groups", groups)
		list.Append(match)
		return true
	})
	L.Push(list)
	return 1
}

func (p *patterns) replace(L *lua.LState) int {
	args := luax.Args{L: L, Func: "regex.replace"}
	limit := limitOption(args, 4)
	s := p.query(args)
	template := parseTemplate(args, 3, s.pattern)
	var out strings.Builder
	add := func(piece string) {
		if size := out.Len() + len(piece); size > out.Cap() {
			meter.From(L).ChargeString(L, max(size, 2*out.Cap()))
			out.Grow(len(piece))
		}
		out.WriteString(piece)
	}
	copied := 0
	count := s.each(limit, func(found []int) bool {
		add(s.text[copied:found[0]])
		copied = found[1]
		for _, piece := range template {
			meter.From(L).Step(L, 1)
			add(piece.of(s.text, found))
		}
		return true
	})
	add(s.text[copied:])
	L.Push(lua.LString(out.String()))
	L.Push(lua.LNumber(count))
	return 2
}

func (p *patterns) split(L *lua.LState) int {
	args := luax.Args{L: L, Func: "regex.split"}
	limit := limitOption(args, 3)
	s, charge := p.query(args), meter.From(L)
	list, from := luax.NewArray(L, 0), 0
	charge.Hold(list)
	defer charge.Release(1)
	add := func(to int) {
		charge.ChargeMemory(L, itemBytes)
		list.Append(s.cut(from, to))
	}
	s.each(limit-1, func(found []int) bool {
		if found[1] == 0 || found[0] == len(s.text) {
			return false // an empty match at either end parts nothing
		}
		add(found[0])
		from = found[1]
		return true
	})
	add(len(s.text))
	L.Push(list)
	return 1
}

package sdk

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

const (
	// maxPattern bounds the text of a pattern, in bytes.
	maxPattern = 1 << 10
	// maxProgram bounds what a pattern becomes, in states of the matcher: a
	// repeat multiplies, so a few bytes can ask for millions.
	maxProgram = 1000
	// maxGroups bounds the groups, which the matcher copies at each step.
	maxGroups = 32
	// patternsKept is how many compiled patterns are kept for all scripts, some
	// 10 KB each and 500 KB at most.
	patternsKept = 64
	// stepsPerCompiled prices compiling in instructions per state.
	stepsPerCompiled = 50
	// statesPerStep prices one rune: the matcher visits each state at most once.
	statesPerStep = 16
)

// pattern is a compiled pattern in the two forms that a search needs.
type pattern struct {
	// first searches a text from its beginning.
	first *regexp.Regexp
	// later searches from one rune before the place where a match may begin, so
	// that ^ and \b see what is there; group 1 is the pattern as written.
	later *regexp.Regexp
	price int // of one rune, in instructions
}

// names are the groups' names by number, "" for one that has none; group 0 is
// the match.
func (p *pattern) names() []string { return p.first.SubexpNames() }

// patterns keeps the compiled patterns that were used last.
type patterns struct{ cache *lru.Cache[string, *pattern] }

func newPatterns() *patterns {
	cache, err := lru.New[string, *pattern](patternsKept)
	if err != nil { // only a size below 1 is refused
		panic(err)
	}
	return &patterns{cache}
}

// compiled returns the pattern, or raises what is wrong with it.
func (p *patterns) compiled(args luax.Args, text string) *pattern {
	if known, ok := p.cache.Get(text); ok {
		return known
	}
	if len(text) > maxPattern {
		args.L.RaiseError("%s: argument 2 (pattern) must have at most %d bytes, got %d", args.Func, maxPattern, len(text))
	}
	meter.From(args.L).Step(args.L, stepsPerCompiled*len(text))
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		args.L.RaiseError("%s: argument 2 (pattern) is not a regular expression (%s)", args.Func, patternFault(err))
	}
	size := programSize(tree)
	if size > maxProgram || tree.MaxCap() > maxGroups {
		args.L.RaiseError("%s: argument 2 (pattern) is too large (at most %d states and %d groups)", args.Func, maxProgram, maxGroups)
	}
	meter.From(args.L).Step(args.L, stepsPerCompiled*size)
	compiled, err := compilePattern(tree.String(), size)
	if err != nil {
		args.L.RaiseError("%s: argument 2 (pattern) is not a regular expression (%s)", args.Func, patternFault(err))
	}
	p.cache.Add(text, compiled)
	return compiled
}

// compilePattern compiles the text of a syntax tree, in which every group and
// quotation is closed, so that it can stand inside another.
func compilePattern(text string, size int) (*pattern, error) {
	first, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	later, err := regexp.Compile(`\A(?s:.)(?s:.*?)(` + text + `)`)
	return &pattern{first: first, later: later, price: 2 + size/statesPerStep}, err
}

// patternFault is what is wrong with a pattern, in RE2's words.
func patternFault(err error) string {
	var failure *syntax.Error
	if errors.As(err, &failure) {
		return string(failure.Code) + ": " + strconv.QuoteToASCII(luax.Clip(failure.Expr))
	}
	return err.Error()
}

// programSize estimates how many states a pattern becomes, before repeats are
// written out. It stops counting soon after maxProgram.
func programSize(tree *syntax.Regexp) int {
	const enough = maxProgram + 1
	size := 1
	switch tree.Op {
	case syntax.OpLiteral:
		size = len(tree.Rune)
	case syntax.OpCharClass:
		size += len(tree.Rune) / 8
	}
	for _, part := range tree.Sub {
		size = min(enough, size+programSize(part))
	}
	if tree.Op == syntax.OpRepeat {
		size = min(enough, size*max(tree.Min, tree.Max, 1)+1)
	}
	return size
}

// piece is a part of a replacement: text, or what a group matched.
type piece struct {
	text  string
	group int // -1 for text
}

func (p piece) of(text string, found []int) string {
	switch {
	case p.group < 0:
		return p.text
	case found[2*p.group] < 0:
		return ""
	}
	return text[found[2*p.group]:found[2*p.group+1]]
}

// parseTemplate takes the replacement at n apart; a group that the pattern does
// not have is a mistake and not an empty text.
func parseTemplate(args luax.Args, n int, pattern *pattern) []piece {
	var pieces []piece
	rest := args.String(n, "replacement")
	meter.From(args.L).ChargeMemory(args.L, 2*len(rest))
	for {
		plain, after, found := strings.Cut(rest, "$")
		pieces = append(pieces, piece{plain, -1})
		if !found {
			return pieces
		}
		meter.From(args.L).ChargeMemory(args.L, 2*itemBytes)
		if strings.HasPrefix(after, "$") {
			pieces, rest = append(pieces, piece{"$", -1}), after[1:]
			continue
		}
		name, left := groupName(after)
		group := groupNumber(name, pattern.names())
		if group < 0 {
			args.L.RaiseError("%s: argument %d (replacement) has a $ at byte %d that names no group of the pattern; write $$ for the sign itself",
				args.Func, n, len(args.String(n, "replacement"))-len(after))
		}
		pieces, rest = append(pieces, piece{"", group}), left
	}
}

// groupName cuts "1" or "{name}" off the text behind a dollar sign.
func groupName(text string) (name, rest string) {
	if strings.HasPrefix(text, "{") {
		name, rest, _ = strings.Cut(text[1:], "}")
		return name, rest
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	return text[:digits], text[digits:]
}

// groupNumber is the number of the group called name, or -1.
func groupNumber(name string, names []string) int {
	if name == "" {
		return -1
	}
	if number, err := strconv.Atoi(name); err == nil && number < len(names) {
		return number
	}
	return slices.Index(names, name)
}

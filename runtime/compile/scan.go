package compile

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// Bounds on source, all checked before the parser runs. Spec 4 refuses nesting
// over 200; that text counts what a reader sees, while each level costs the
// compiler several, so the bound here is the one measured to be safe.
const (
	maxSource   = 256 << 10
	maxNesting  = 150     // brackets and blocks inside each other
	maxUnary    = 150     // not, - and # in a row
	maxChain    = 200     // .. and ^, which nest to the right
	maxTokens   = 120_000 // the parser keeps them all
	maxDistinct = 4096    // names and literals
	// maxLookups bounds names and literals times distinct ones: the code
	// generator looks each up in a list.
	maxLookups   = 64_000_000
	maxFunctions = 2000 // each takes the compiler 20 KB
	maxJumps     = 200  // goto and labels, matched pair by pair
)

// scanner counts what the parser is going to see.
type scanner struct {
	script   *script
	open     []opened
	tokens   int
	unary    int
	chain    int
	uses     int
	returned int // like opened's, of the script itself
	distinct map[string]struct{}
	counts   struct{ functions, jumps int }
}

// opened is a bracket or block that waits for its end.
type opened struct {
	word, closer string
	line         int
	returned     int  // the line of its return, 0 before there is one
	wantsDo      bool // a while or for whose do has not come
}

// scan refuses source that is too much for the parser or the compiler.
func (s *script) scan() error {
	if len(s.source) > maxSource {
		return s.failAt(1, 1, "the script has %d bytes, more than the limit of %d", len(s.source), maxSource)
	}
	state := &scanner{script: s, distinct: map[string]struct{}{}}
	return s.eachToken(func(token ast.Token, last ast.Position) error {
		if s.tokens != nil {
			*s.tokens = append(*s.tokens, Token{Type: token.Type, Text: token.Str, Pos: token.Pos, Last: last})
		}
		return state.token(token)
	})
}

// eachToken calls visit with every token and the position just after it.
func (s *script) eachToken(visit func(ast.Token, ast.Position) error) error {
	scan := parse.NewScanner(strings.NewReader(s.source), s.name)
	lexer := &parse.Lexer{}
	for {
		token, err := scan.Scan(lexer)
		if err != nil {
			return s.tokenError(token, err)
		}
		if token.Type == parse.EOF {
			return nil
		}
		lexer.PrevTokenType = token.Type
		if err := visit(token, scan.Pos); err != nil {
			return err
		}
	}
}

// tokenError says what is wrong with a token that cannot be read.
func (s *script) tokenError(token ast.Token, err error) error {
	line, column := token.Pos.Line, token.Pos.Column
	if line == parse.EOF {
		line, column = s.end()
	}
	var failure *parse.Error
	if !errors.As(err, &failure) {
		return s.failAt(line, column, "%v", err)
	}
	switch failure.Message {
	case "unterminated string":
		return s.failAt(line, column, "this string has no closing quote on its line")
	case "unterminated multiline string", "invalid multiline string":
		return s.failAt(line, column, "this long string is not closed")
	case "invalid multiline comment":
		return s.failAt(line, column, "this long comment is not closed")
	case "Invalid '~' token":
		return s.failAt(line, column, "unexpected '~' (not equal is written ~=)")
	case "Invalid token":
		return s.failAt(line, column, "unexpected character %q", failure.Token)
	default:
		return s.failAt(line, column, "%s", failure.Message)
	}
}

func (c *scanner) token(t ast.Token) error {
	c.nest(t)
	c.count(t)
	fail := func(format string, args ...any) error {
		return c.script.failAt(t.Pos.Line, t.Pos.Column, format, args...)
	}
	switch {
	case c.tokens > maxTokens:
		return fail("the script is too long (more than %d words and signs)", maxTokens)
	case len(c.open) > maxNesting:
		return fail("nesting is too deep (more than %d levels)", maxNesting)
	case c.unary > maxUnary || c.chain > maxChain:
		return fail("the expression is too long (too many operators in a row)")
	case len(c.distinct) > maxDistinct || c.uses*len(c.distinct) > maxLookups:
		return fail("the script has too many different names and literals")
	case c.counts.functions > maxFunctions:
		return fail("the script has too many functions (more than %d)", maxFunctions)
	case c.counts.jumps > maxJumps:
		return fail("the script has too many labels and gotos (more than %d)", maxJumps)
	case t.Type == parse.TNumber && !isNumber(t.Str):
		// The scanner takes in whatever follows an exponent's e, also the end.
		return fail("malformed number %q", clip(strings.TrimRightFunc(t.Str, func(r rune) bool { return r == utf8.RuneError || r == ' ' || r == '\n' })))
	}
	return nil
}

// isNumber guards the code generator, which takes a malformed number for NaN.
func isNumber(text string) bool {
	if len(text) > 2 && (text[1] == 'x' || text[1] == 'X') {
		_, err := strconv.ParseInt(text[2:], 16, 64)
		return err == nil
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

func (c *scanner) count(t ast.Token) {
	c.tokens++
	switch t.Type {
	case parse.TIdent, parse.TString, parse.TNumber:
		c.uses++
		c.distinct[t.Str] = struct{}{}
	case parse.TFunction:
		c.counts.functions++
	case parse.TGoto, parse.T2Colon:
		c.counts.jumps++
	}
	switch t.Type {
	case parse.TNot, '-', '#':
		c.unary++
	default:
		c.unary = 0
	}
	switch t.Type {
	case parse.T2Comma, '^':
		c.chain++
	case ',', ';', '=', '(', '{', parse.TEnd, parse.TLocal, parse.TReturn, parse.TThen,
		parse.TDo, parse.TIf, parse.TElse, parse.TWhile, parse.TFor, parse.TFunction:
		c.chain = 0
	}
}

// nest keeps the open brackets and blocks. An end that does not fit closes
// nothing: in source that parses, what is open is then never too few.
func (c *scanner) nest(t ast.Token) {
	switch t.Type {
	case '(':
		c.push(t, ")")
	case '{':
		c.push(t, "}")
	case '[':
		c.push(t, "]")
	case parse.TFunction, parse.TIf:
		c.push(t, "end")
	case parse.TWhile, parse.TFor:
		c.push(t, "end")
		c.open[len(c.open)-1].wantsDo = true
	case parse.TDo:
		if n := len(c.open); n > 0 && c.open[n-1].wantsDo {
			c.open[n-1].wantsDo = false
			return
		}
		c.push(t, "end")
	case parse.TRepeat:
		c.push(t, "until")
	case parse.TReturn:
		*c.lastReturn() = t.Pos.Line
	case parse.TElse, parse.TElseIf:
		*c.lastReturn() = 0
	case ')', '}', ']', parse.TEnd, parse.TUntil:
		if n := len(c.open); n > 0 && c.open[n-1].closer == t.Str {
			c.open = c.open[:n-1]
		}
	}
}

// lastReturn is where the line of the return of the innermost block stands.
func (c *scanner) lastReturn() *int {
	if n := len(c.open); n > 0 {
		return &c.open[n-1].returned
	}
	return &c.returned
}

func (c *scanner) push(t ast.Token, closer string) {
	c.open = append(c.open, opened{word: t.Str, closer: closer, line: t.Pos.Line})
}

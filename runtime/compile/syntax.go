package compile

import (
	"errors"
	"fmt"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// longestQuote is how much of a token a message repeats.
const longestQuote = 40

// syntaxError says which token the parser did not expect. The parser knows only
// the position after it, so the source is scanned again for the token that ends
// there; what is open at that point names the missing end.
func (s *script) syntaxError(err error) error {
	var failure *parse.Error
	if !errors.As(err, &failure) {
		return s.fail(1, "the script cannot be read (%.200v)", err)
	}
	state := &scanner{script: s, distinct: map[string]struct{}{}}
	var found *ast.Token
	var before string
	scanErr := s.eachToken(func(token ast.Token, after ast.Position) error {
		if after.Line == failure.Pos.Line && after.Column == failure.Pos.Column {
			found = &token
			return errFound
		}
		before = token.Str
		state.nest(token)
		return nil
	})
	if found == nil || !errors.Is(scanErr, errFound) {
		line, column := s.end()
		return s.failAt(line, column, "unexpected end of the script%s", state.missing(before))
	}
	return s.failAt(found.Pos.Line, found.Pos.Column, "unexpected %s%s", quote(*found), state.hint(*found, before))
}

// errFound ends a scan; it never leaves this file.
var errFound = errors.New("found")

func quote(t ast.Token) string {
	if t.Type == parse.TString {
		return fmt.Sprintf("string %q", clip(t.Str))
	}
	return "'" + clip(t.Str) + "'"
}

func clip(text string) string {
	if len(text) > longestQuote {
		return text[:longestQuote] + "..."
	}
	return text
}

// missing names what is still open at the end of the script.
func (c *scanner) missing(before string) string {
	if n := len(c.open); n > 0 {
		last := c.open[n-1]
		return fmt.Sprintf(": '%s' is missing for the '%s' on line %d", last.closer, last.word, last.line)
	}
	if before != "" {
		return fmt.Sprintf(" after '%s'", clip(before))
	}
	return ""
}

// hint explains an unexpected token as far as the tokens before it tell.
func (c *scanner) hint(t ast.Token, before string) string {
	n := len(c.open)
	switch t.Type {
	case parse.TEnd, parse.TUntil, ')', '}', ']':
		if n == 0 {
			return ": nothing is open that it could close"
		}
		if last := c.open[n-1]; last.closer != t.Str {
			return fmt.Sprintf(": '%s' is missing for the '%s' on line %d", last.closer, last.word, last.line)
		}
	case '=':
		if n > 0 && c.open[n-1].word != "{" {
			return fmt.Sprintf(" after '%s' (equal is written ==)", clip(before))
		}
	case parse.TIdent, parse.TLocal, parse.TFunction, parse.TIf, parse.TFor, parse.TWhile, parse.TRepeat, parse.TDo, parse.TReturn, parse.TBreak, parse.TGoto:
		if line := *c.lastReturn(); line > 0 {
			return fmt.Sprintf(": nothing may follow the 'return' on line %d", line)
		}
	}
	if before == "" {
		return " at the start of the script"
	}
	return fmt.Sprintf(" after '%s'", clip(before))
}

package lint

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"picloud/runtime/compile"
)

// cursor gives the nodes of a syntax tree their exact places. Nodes know only
// their line; but every name, literal and keyword of a tree is a token of the
// source, so a walk in source order meets them in the tokens' order. Between two
// of them lie only signs, such as brackets, of which the tree keeps nothing.
type cursor struct {
	tokens  []compile.Token
	next    int
	first   int  // of the statement being visited; -1 before its first token
	skipped bool // a name or literal was passed over, which must not happen
}

// take moves behind the next token of one of the types and returns it.
func (c *cursor) take(types ...int) compile.Token {
	for i := c.next; i < len(c.tokens); i++ {
		token := c.tokens[i]
		if slices.Contains(types, token.Type) {
			c.next = i + 1
			if c.first < 0 {
				c.first = i
			}
			return token
		}
		switch token.Type {
		case parse.TIdent, parse.TString, parse.TNumber:
			c.skipped = true
		}
	}
	c.skipped = true
	return compile.Token{Pos: ast.Position{Line: 1, Column: 1}}
}

// at is the place of the next token of one of the types, which it moves behind.
func (c *cursor) at(types ...int) ast.Position { return c.take(types...).Pos }

// peek is the type of the next token of one of the types.
func (c *cursor) peek(types ...int) int {
	for _, token := range c.tokens[c.next:] {
		if slices.Contains(types, token.Type) {
			return token.Type
		}
	}
	return parse.EOF
}

// balanced reports whether the brackets in tokens from up to, not including, to
// are balanced: what stands there is not cut by a parenthesis.
func (c *cursor) balanced(from, to int) bool {
	open := 0
	for _, token := range c.tokens[from:to] {
		switch token.Type {
		case '(':
			open++
		case ')':
			open--
		}
	}
	return open == 0
}

// operators are the types of the signs that the tree names by their text.
var operators = map[string]int{
	"and": parse.TAnd, "or": parse.TOr, "==": parse.TEqeq, "~=": parse.TNeq, "<": '<', ">": '>', "<=": parse.TLte, ">=": parse.TGte,
	"+": '+', "-": '-', "*": '*', "/": '/', "%": '%', "^": '^',
}

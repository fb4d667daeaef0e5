package lint

import (
	"strings"

	"github.com/yuin/gopher-lua/parse"

	"picloud/runtime/compile"
)

// Mention is a constant text that a script hands to a function, and where.
type Mention struct {
	Text         string
	Line, Column int
}

// Mentions returns the constant texts that source hands to a function, such as
// "require" or "secrets.get", in source order. Source that cannot be compiled
// has none, and what the script computes is not among them.
func Mentions(name, source, function string) []Mention {
	if !strings.Contains(source, function) {
		return nil
	}
	tree, err := compile.Parse(name, source)
	if err != nil {
		return nil // whoever saves it learns why
	}
	var found []Mention
	words := strings.Split(function, ".")
	for i := range tree.Tokens {
		rest, called := afterName(tree.Tokens, i, words)
		if !called {
			continue
		}
		if len(rest) > 0 && rest[0].Type == '(' {
			rest = rest[1:]
		}
		if len(rest) > 0 && rest[0].Type == parse.TString {
			found = append(found, Mention{rest[0].Text, rest[0].Pos.Line, rest[0].Pos.Column})
		}
	}
	return found
}

// afterName returns the tokens behind a dotted name that begins at token i; a
// field of another table is not that name.
func afterName(tokens []compile.Token, i int, words []string) (rest []compile.Token, found bool) {
	if i > 0 && (tokens[i-1].Type == '.' || tokens[i-1].Type == ':') {
		return nil, false
	}
	rest = tokens[i:]
	for n, word := range words {
		if n > 0 {
			if len(rest) == 0 || rest[0].Type != '.' {
				return nil, false
			}
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0].Type != parse.TIdent || rest[0].Text != word {
			return nil, false
		}
		rest = rest[1:]
	}
	return rest, true
}

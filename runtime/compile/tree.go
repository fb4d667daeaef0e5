package compile

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// Tree is source as it was written, for tools that look at it.
type Tree struct {
	Source string // without a byte order mark
	Stmts  []ast.Stmt
	// Tokens are the words and signs of Source in their order. The nodes of the
	// syntax tree know their line only; whoever visits them in source order finds
	// the exact place of each here.
	Tokens []Token
}

// Token is one word or sign. Lines and columns count from 1, columns in bytes.
type Token struct {
	Type      int // of package parse, or the sign itself
	Text      string
	Pos, Last ast.Position // of the first and the last byte
}

// Parse is Compile up to the syntax tree, which it leaves as the parser made it,
// and holds to the same rules: source that Compile refuses has no tree. The
// error is always an *Error.
func Parse(name, source string) (*Tree, error) {
	s, tree := newScript(name, source), &Tree{}
	tree.Source, s.tokens = s.source, &tree.Tokens
	if _, err := s.compile(nil); err != nil {
		return nil, err
	}
	// Compiling has changed its tree.
	chunk, err := parse.Parse(strings.NewReader(s.source), name)
	if err != nil {
		return nil, s.syntaxError(err)
	}
	tree.Stmts = chunk
	return tree, nil
}

package compile_test

import (
	"errors"
	"strings"
	"testing"

	"picloud/runtime/compile"
)

// The tokens of a tree stand where the source has them.
func TestParseKeepsPlaces(t *testing.T) {
	t.Parallel()
	source := "local s = [[\n]] .. 'a' -- comment\r\n\tif s ~= 0x1F then return s.b end"
	tree, err := compile.Parse("places", "\ufeff"+source)
	if err != nil || len(tree.Stmts) != 2 || tree.Source != source {
		t.Fatal(err, tree)
	}
	lines := strings.Split(strings.ReplaceAll(source, "\r\n", "\n"), "\n")
	for _, token := range tree.Tokens {
		if token.Pos.Line != token.Last.Line {
			continue // the long string
		}
		text := lines[token.Pos.Line-1][token.Pos.Column-1 : token.Last.Column]
		if token.Text != "" && strings.Trim(text, "'") != token.Text {
			t.Errorf("%q stands at %d:%d, where the source has %q", token.Text, token.Pos.Line, token.Pos.Column, text)
		}
	}
	if len(tree.Tokens) != 16 {
		t.Errorf("%d tokens: %v", len(tree.Tokens), tree.Tokens)
	}
}

// What Compile refuses has no tree.
func TestParseRefusesWhatCompileRefuses(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"return =", "return " + strings.Repeat("(", 1000), "goto nowhere", "return 1" + strings.Repeat("+1", 1000)} {
		var refused *compile.Error
		if tree, err := compile.Parse("bad", source); tree != nil || !errors.As(err, &refused) {
			t.Errorf("%.20s: %v, %v", source, tree, err)
		}
	}
}

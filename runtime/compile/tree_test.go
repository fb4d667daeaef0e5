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

// The generator reports a label that is there twice one line too late.
func TestRepeatedLabelIsOnItsLine(t *testing.T) {
	t.Parallel()
	for source, line := range map[string]int{"::a::::a::": 1, "::a::\n\n::a::\n": 3, "local function f()\n::a::\n::a::\nend": 3} {
		var refused *compile.Error
		if _, err := compile.Compile("labels", source, nil); !errors.As(err, &refused) || refused.Line != line {
			t.Errorf("%q: %v, want line %d", source, err, line)
		}
	}
}

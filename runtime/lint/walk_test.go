package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"

	"picloud/runtime"
	"picloud/runtime/compile"
)

// checkWalk holds what every walk must: it meets each name and literal of the
// source exactly once, and every finding is on a line that there is.
func checkWalk(t *testing.T, linter *Linter, source string) {
	t.Helper()
	lines := len(lineStarts(strings.TrimPrefix(source, "\ufeff")))
	for _, d := range linter.Check("fuzz", source) {
		if d.Line < 1 || d.Column < 1 || d.Line > lines || d.Message == "" || d.Code != CodeSyntax && !slices.Contains(codes, d.Code) {
			t.Errorf("%+v in %d lines of %q", d, lines, source)
		}
	}
	tree, err := compile.Parse("fuzz", source)
	if err != nil {
		return
	}
	w := linter.walk(tree)
	w.skipped = w.skipped || slices.ContainsFunc(w.tokens[w.next:], func(t compile.Token) bool { return t.Type >= parse.TAnd && t.Text != "end" })
	if w.skipped {
		t.Errorf("the walk lost its place in %q (at token %d of %d)", source, w.next, len(w.tokens))
	}
}

func TestWalkKeepsItsPlace(t *testing.T) {
	t.Parallel()
	linter := New(runtime.Describe(nil))
	for _, pattern := range []string{"sdk/*/*.lua", "devices/*.lua", "bench/*.lua", "sandbox/*.lua"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "testdata", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts in %s (%v)", pattern, err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			checkWalk(t, linter, string(source))
		}
	}
}

// Every code is explained in docs/scripts.md.
func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "scripts.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range append(codes, CodeSyntax) {
		if !strings.Contains(string(page), "| `"+code+"` |") {
			t.Errorf("docs/scripts.md does not explain %s", code)
		}
	}
}

func FuzzCheck(f *testing.F) {
	linter := New(runtime.Describe(nil))
	for _, seed := range []string{
		"", "x = 1 -- picloud: ignore accidental_global", "return (not a) == b, #a, -b, a.b['c'](1){2}'3':d()",
		"local a, b = 1, ... for i = 1, 2, 3 do goto x ::x:: end for k, v in pairs{} do break end",
		"function a.b:c(x, ...) repeat local y = x until y while true do end end",
		"if a then elseif b then else end do local function f() end end return {a = 1, [2] = 3; 4}",
		"local s = [==[\n]]]==] --[[ picloud: ignore x ]] return 0x1F, 1e3, nil, true, false",
		"\r\n\r\n\n\rreturn a\r.b", "\ufeffreturn function(...) return ..., _G.x, _G[1] end",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) { checkWalk(t, linter, source) })
}

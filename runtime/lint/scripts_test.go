package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"picloud/runtime/lint"
)

// scripts are those that are known to be right: the SDK's own, those of devices
// and those of documents.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	for _, pattern := range []string{"sdk/*/*.lua", "devices/*.lua", "bench/*.lua"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "testdata", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts in %s (%v)", pattern, err)
		}
		for _, file := range files {
			sources[file] = readFile(t, file)
		}
	}
	blocks := regexp.MustCompile("(?s)```lua\n(.*?)```")
	for _, file := range []string{"README.md", "docs/scripts.md", "docs/sdk.md"} {
		for i, block := range blocks.FindAllStringSubmatch(readFile(t, filepath.Join("..", "..", file)), -1) {
			sources[fmt.Sprintf("%s, block %d", file, i+1)] = block[1]
		}
	}
	return sources
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestNothingAgainstRightScripts(t *testing.T) {
	t.Parallel()
	linter := newLinter()
	for name, source := range scripts(t) {
		for _, d := range linter.Check(name, source) {
			if d.Code == lint.CodeReadOnly && strings.Contains(name, "sdk/") {
				continue // each module's script asserts that the module cannot be changed
			}
			t.Errorf("%s:%d:%d: %s %s: %s", name, d.Line, d.Column, d.Severity, d.Code, d.Message)
		}
	}
}

// A source that would be too much for the parser or the walk is refused first.
func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	linter := newLinter()
	for name, source := range map[string]string{
		"size":     strings.Repeat("-", 300<<10),
		"nesting":  strings.Repeat("(", 100_000),
		"tables":   "return " + strings.Repeat("{", 100_000),
		"not":      "return " + strings.Repeat("not ", 60_000) + "1",
		"fields":   "return a" + strings.Repeat(".b", 60_000),
		"calls":    "return a" + strings.Repeat("()", 60_000),
		"sum":      "return 1" + strings.Repeat("+1", 60_000),
		"elseif":   "if a then " + strings.Repeat("elseif a then ", 5_000) + "end",
		"blocks":   strings.Repeat("do ", 10_000),
		"closures": "return " + strings.Repeat("function() return ", 10_000),
	} {
		if got := linter.Check("bomb", source); len(got) != 1 || got[0].Code != lint.CodeSyntax {
			t.Errorf("%s: %d findings, want one syntax error", name, len(got))
		}
	}
}

// A script with a fault on each line gives no endless list.
func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	if got := newLinter().Check("many", strings.Repeat("if ctx then end\n", 1000)); len(got) != 200 {
		t.Errorf("%d findings, want 200", len(got))
	}
}

// long is an ordinary script of 300 lines.
func long() string {
	const part = `local function reading%d(request)
  local query = request.query
  local temp = tonumber(query.temp) or 0
  if temp > 21 and query.room ~= "hall" then
    log.info("warm", { room = query.room, temp = temp, at = time.iso(time.now(), "Europe/Vienna") })
  elseif temp < 5 then
    log.warn("cold", { room = query.room })
  end
  local list = { temp, temp * 1.8 + 32, id = query.id .. "-" .. tostring(temp) }
  for index, value in ipairs(list) do list[index] = math.floor(value) end
  return list
end
log.info(json.encode(reading%d(ctx.request)))
`
	var source strings.Builder
	for i := range 23 {
		fmt.Fprintf(&source, part, i, i)
	}
	return source.String() + "return true"
}

// BenchmarkCheck300Lines must stay below 10 ms.
func BenchmarkCheck300Lines(b *testing.B) {
	linter, source := newLinter(), long()
	if lines := strings.Count(source, "\n") + 1; lines != 300 {
		b.Fatalf("%d lines", lines)
	}
	b.ReportAllocs()
	for b.Loop() {
		if findings := linter.Check("long", source); len(findings) != 0 {
			b.Fatal(findings)
		}
	}
}

package pattern_test

import (
	"fmt"
	"math/rand"
	"os/exec"
	"strings"
	"testing"

	"picloud/runtime/pattern"
)

func ignore(int) {}

// show renders what string.find answers in the form the Lua side prints.
func show(subject, p string) string {
	if pattern.IsPlain(p) {
		if i := strings.Index(subject, p); i >= 0 {
			return fmt.Sprintf("%d %d", i+1, i+len(p))
		}
		return "nil"
	}
	m := pattern.New(subject, p, ignore)
	start, end, err := m.Find(0)
	if err != nil {
		return "error: " + err.Error()
	}
	if start < 0 {
		return "nil"
	}
	out := fmt.Sprintf("%d %d", start+1, end)
	for i := 0; i < m.ExplicitCaptures(); i++ {
		from, to, isPosition, err := m.Capture(i, start, end)
		switch {
		case err != nil:
			return "error: " + err.Error()
		case isPosition:
			out += fmt.Sprintf(" @%d", from+1)
		default:
			out += fmt.Sprintf(" %q", subject[from:to])
		}
	}
	return out
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ subject, pattern, want string }{
		{"hello world", "o w", "5 7"},
		{"hello", "l+", "3 4"},
		{"hello", "^l", "nil"},
		{"hello", "()ll()", "3 4 @3 @5"},
		{"key = value", "^(%w+)%s*=%s*(%w+)$", `1 11 "key" "value"`},
		{"f(a(b)c)d", "%b()", "2 8"},
		{"THE (quick) fox", "%f[%a]%a+%f[%A]", "1 3"},
		{"aa bb", "(%a)%1", `1 2 "a"`},
		{"a]b", "[]]", "2 2"},
		{"a-b", "[a%-]+", "1 2"},
		{"x^y", "[%^]", "2 2"},
		{"\xe9", "%a", "nil"},
		{"\xe9", "%A", "1 1"},
		{"a", "%", "error: malformed pattern (ends with '%')"},
		{"a", "[a", "error: malformed pattern (missing ']')"},
		{"a", "[a%", "error: malformed pattern (missing ']')"},
		{"a", "[a%]", "error: malformed pattern (missing ']')"},
		{"a", "%f", "error: missing '[' after '%f' in pattern"},
		{"a", "%f[", "error: malformed pattern (missing ']')"},
		{"a", "%b", "error: unbalanced pattern"},
		{"a", "%1", "error: invalid capture index"},
		{"a", "(a", "error: unfinished capture"},
		{"a", "a.-)", "error: invalid pattern capture"},
		{"a", strings.Repeat("(a?)", 33), "error: too many captures"},
		{strings.Repeat("a", 250), strings.Repeat("a?", 250), "error: pattern too complex"},
		{"", "", "1 0"},
		{"a$", "$$", "2 2"},
	} {
		if got := show(c.subject, c.pattern); got != c.want {
			t.Errorf("find(%q, %q) = %s, want %s", c.subject, c.pattern, got, c.want)
		}
	}
}

func TestCaptureOutOfRange(t *testing.T) {
	t.Parallel()
	m := pattern.New("abc", "b", ignore)
	start, end, _ := m.Find(0)
	if _, _, _, err := m.Capture(1, start, end); err == nil || err.Error() != "invalid capture index" {
		t.Errorf("capture 2 of a pattern without captures: %v", err)
	}
}

// A catastrophic pattern must report its work long before it ends by itself.
func TestWorkStopsCatastrophicPattern(t *testing.T) {
	t.Parallel()
	type stop struct{}
	for _, c := range []struct{ subject, pattern string }{
		{strings.Repeat("a", 30000), ".-.-.-.-b"},
		{strings.Repeat("a", 26), strings.Repeat("a?", 26) + strings.Repeat("a", 27)},
		{strings.Repeat("(", 30000), "%b()"},
		{strings.Repeat("a", 30000), "(.-)%1b"},
	} {
		used := 0
		func() {
			defer func() {
				if r := recover(); r != nil {
					if _, ok := r.(stop); !ok {
						panic(r)
					}
				}
			}()
			m := pattern.New(c.subject, c.pattern, func(n int) {
				if used += n; used > 1_000_000 {
					panic(stop{})
				}
			})
			_, _, _ = m.Find(0)
		}()
		if used < 1_000_000 {
			t.Errorf("%.20q: only %d units were reported", c.pattern, used)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, p := range []string{"", "%", "[", "[^", "[%", "%f", "%f[", "%b", "%bx", "(()", "a-", "[a-]", "[]-a]", "%1", "$", "^", "((%1))"} {
		f.Add("abc", p)
	}
	f.Fuzz(func(t *testing.T, subject, p string) {
		type stop struct{}
		used := 0
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(stop); !ok {
					panic(r)
				}
			}
		}()
		m := pattern.New(subject, p, func(n int) {
			if used += n; used > 100_000 {
				panic(stop{})
			}
		})
		start, end, err := m.Find(0)
		if err != nil || start < 0 {
			return
		}
		if end < start || end > len(subject) {
			t.Fatalf("match %d..%d", start, end)
		}
		for i := 0; i < m.Captures(); i++ {
			from, to, _, err := m.Capture(i, start, end)
			if err == nil && (from < 0 || to < from || to > len(subject)) {
				t.Fatalf("capture %d: %d..%d", i, from, to)
			}
		}
	})
}

const referenceProgram = `
local function show(...)
  local n = select("#", ...)
  if (...) == nil then return "nil" end
  local out = {}
  for i = 1, n do
    local v = select(i, ...)
    if i <= 2 then out[i] = tostring(v)
    elseif type(v) == "number" then out[i] = "@" .. v
    else out[i] = string.format("%q", v) end
  end
  return table.concat(out, " ")
end
for i = 1, #cases, 2 do
  local ok, text = pcall(function() return show(string.find(cases[i], cases[i+1])) end)
  if not ok then text = "error: " .. string.gsub(text, "^[^:]*:%d+: ", "") end
  print(text)
end`

var pieces = []string{"a", "b", ".", "%a", "%d", "%s", "%w", "%p", "[ab]", "[^a]", "[a-c]", "[%d_]", "x", " ", "(", ")", "()", "%1", "%b()", "%f[%w]", "$", "^", "]", "%", "[", "[]", "-", "%%", "1", "[b-", "%z", "%X", "[%]x]", "[^]]"}

func randomPattern(r *rand.Rand) string {
	var b strings.Builder
	for n := 1 + r.Intn(6); n > 0; n-- {
		b.WriteString(pieces[r.Intn(len(pieces))])
		if r.Intn(3) == 0 {
			b.WriteByte("*+-?"[r.Intn(4)])
		}
	}
	return b.String()
}

func randomSubject(r *rand.Rand) string {
	b := make([]byte, r.Intn(14))
	for i := range b {
		b[i] = "aabbcx1_ ()]^-%"[r.Intn(15)]
	}
	return string(b)
}

// TestAgainstReference compares with PUC Lua 5.1 over random patterns.
func TestAgainstReference(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed: nothing to compare with")
	}
	r := rand.New(rand.NewSource(51))
	const count = 20000
	var script strings.Builder
	var want []string
	script.WriteString("cases = {}\nlocal function c(s, p) cases[#cases+1] = s; cases[#cases+1] = p end\n")
	for i := 0; i < count; i++ {
		subject, p := randomSubject(r), randomPattern(r)
		fmt.Fprintf(&script, "c(%q, %q)\n", subject, p)
		want = append(want, show(subject, p)+"\x00"+subject+"\x00"+p)
	}
	script.WriteString(referenceProgram)
	command := exec.Command(binary, "-")
	command.Stdin = strings.NewReader(script.String())
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("lua5.1: %v\n%.500s", err, out)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != count {
		t.Fatalf("%d answers for %d cases", len(lines), count)
	}
	for i, line := range lines {
		parts := strings.SplitN(want[i], "\x00", 3)
		if parts[0] != line {
			t.Errorf("find(%q, %q) = %s, PUC Lua says %s", parts[1], parts[2], parts[0], line)
		}
	}
}

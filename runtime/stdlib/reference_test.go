package stdlib_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// calledName is a known difference that the comparison evens out: the name in
// "bad argument #1 to 'x'" PUC Lua takes from the call and we from the function.
// The others the generated programs keep clear of: the signs of zero and NaN in
// text, "inf" and "nan" as numerals, %c of 0, %s of what is no string, positions
// of errors that the library raises, arguments counted from a method's self.
var calledName = regexp.MustCompile(`(bad argument #\d+ to) '[^']*'`)

func comparable(text string) string { return calledName.ReplaceAllString(text, "$1 'f'") }

// prelude makes printing independent of addresses and of negative zero.
const prelude = `local function io_(...)
local out = {}
for i = 1, select('#', ...) do
local v = select(i, ...)
if type(v) == 'table' or type(v) == 'function' or type(v) == 'thread' then v = type(v) end
if v == 0 then v = 0 end
out[i] = tostring(v)
end
print(#out .. ': ' .. table.concat(out, '\t'))
end
`

const referenceDriver = `
for i = 1, #programs do
  local out = {}
  local env = setmetatable({print = function(...)
    local line = {}
    for i = 1, select('#', ...) do line[i] = tostring((select(i, ...))) end
    out[#out + 1] = table.concat(line, '\t')
  end}, {__index = _G})
  local f, e = loadstring(programs[i], "=script")
  if not f then error(e) end
  setfenv(f, env)
  local ok, e = pcall(f)
  if not ok then out[#out + 1] = "failed" end
  io.write(table.concat(out, "\n"), "\n\0\n")
end`

// TestAgainstReference runs generated programs here and in PUC Lua 5.1.
func TestAgainstReference(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed: nothing to compare with")
	}
	const batch = 500
	batches := 7
	if !testing.Short() {
		batches = 12
	}
	m := newMachine(t)
	differences := 0
	for b := range batches {
		first := int64(b * batch)
		want := reference(t, binary, first, batch)
		for i, text := range want {
			source := prelude + writeProgram(first+int64(i))
			answer, _ := m.run(source)
			lines := m.lines
			if strings.HasPrefix(answer, "error: ") {
				lines = append(lines, "failed")
			} else if answer != "" {
				lines = append(lines, answer)
			}
			got := comparable(strings.Join(lines, "\n"))
			if got == comparable(text) {
				continue
			}
			if differences++; differences <= 5 {
				t.Errorf("program %d differs (%s): %s", first+int64(i), answer, firstDifference(got, comparable(text)))
			}
		}
	}
	if differences > 0 {
		t.Errorf("%d of %d programs differ", differences, batches*batch)
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "<end>", "<end>"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d is %q, PUC Lua prints %q", i+1, x, y)
		}
	}
	return ""
}

func reference(t *testing.T, binary string, first int64, count int) []string {
	t.Helper()
	var script strings.Builder
	script.WriteString("local programs = {}\n")
	for i := range count {
		fmt.Fprintf(&script, "programs[%d] = [==[\n%s]==]\n", i+1, prelude+writeProgram(first+int64(i)))
	}
	script.WriteString(referenceDriver)
	command := exec.Command(binary, "-")
	command.Stdin = strings.NewReader(script.String())
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("lua5.1: %v\n%.2000s", err, out)
	}
	parts := strings.Split(string(out), "\n\x00\n")
	if len(parts) != count+1 {
		t.Fatalf("%d answers for %d programs", len(parts)-1, count)
	}
	return parts[:count]
}

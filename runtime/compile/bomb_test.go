package compile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"picloud/runtime/compile"
)

// bombs write source of about size bytes that tries to break the parser, the
// compiler or the clock.
var bombs = []struct {
	name string
	make func(size int) string
}{
	{"braces", around("return ", "{", "", "}")},
	{"parentheses", around("return ", "(", "1", ")")},
	{"indexes", around("return ", "a[", "1", "]")},
	{"calls", around("return ", "a(", "1", ")")},
	{"open braces", repeat("return ", "{", "")},
	{"open parentheses", repeat("return ", "(", "")},
	{"not", repeat("return ", "not ", "x")},
	{"minus", repeat("return ", "- ", "x")},
	{"length", repeat("return ", "#", "x")},
	{"functions", around("return ", "function() return ", "1", " end")},
	{"flat functions", repeat("", "local _=function()end ", "")},
	{"global functions", each("function f%d(a) return a end\n")},
	{"do", around("", "do ", "", " end")},
	{"flat do", repeat("", "do local a end ", "")},
	{"elseif", repeat("if a then b() ", "elseif a then b() ", "end")},
	{"else if", around("", "if a then else ", "", " end")},
	{"while", around("", "while a do ", "", " end")},
	{"repeat", around("", "repeat ", "", " until a")},
	{"concat", repeat("return a", "..a", "")},
	{"concat with brackets", repeat("return a", "..(a)", "")},
	{"power", repeat("return a", "^a", "")},
	{"power with brackets", repeat("return a", "^(a)", "")},
	{"sum", repeat("return a", "+a", "")},
	{"many sums", repeat("", "x=a"+strings.Repeat("+a", 380)+"\n", "")},
	{"constant sums", repeat("", "x=1"+strings.Repeat("+1", 380)+"\n", "")},
	{"and or", repeat("return a", " and a or a", "")},
	{"many and or", repeat("", "x=a"+strings.Repeat(" and a or a", 190)+"\n", "")},
	{"many conditions", repeat("", "if a"+strings.Repeat(" and a or a", 190)+" then end\n", "")},
	{"numbers", each("x=%d\n")},
	{"strings", each("x='s%d'\n")},
	{"locals", each("local v%d\n")},
	{"locals in blocks", repeat("", "do local a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p end ", "")},
	{"constants and uses", func(size int) string {
		return each("x=%d\n")(min(size/4, 30_000)) + strings.Repeat("x=2999\n", max(0, size-size/4)/7)
	}},
	{"upvalues", func(size int) string {
		return "local a,b,c return function() " + strings.Repeat("a,b=b,a ", size/8) + "end"
	}},
	{"long names", func(size int) string { return strings.Repeat("a", size/2) + "=" + strings.Repeat("b", size/2) }},
	{"gotos", each("goto l%d\n")},
	{"labels", each("::l%d::\n")},
	{"gotos and labels", each("goto l%[1]d ::l%[1]d::\n")},
	{"escapes", repeat("return '", `\065`, "'")},
	{"unclosed string", repeat("return '", `x`, "")},
	{"comments", repeat("", "--\n", "")},
	{"long comments", repeat("", "--[[ ]]", "")},
	{"long string", repeat("return [[", "]=", "]]")},
	{"equal signs", repeat("return [", "=", "[")},
	{"items", repeat("return {", "1,", "}")},
	{"fields", each2("return {", "f%d=1,", "}")},
	{"call chain", repeat("return f", "()", "")},
	{"field chain", repeat("return a", ".b", "")},
	{"method chain", repeat("a", ":b()", "")},
	{"string call chain", repeat("return f", "''", "")},
	{"comparisons", repeat("return a", "<a", "")},
	{"assignments", repeat("a", ",a", "=1")},
	{"parameters", repeat("function f(a", ",a", ") end")},
	{"arguments", repeat("f(a", ",a", ")")},
	{"returns", repeat("return a", ",a", "")},
	{"statements", repeat("", "a=b ", "")},
	{"calls in a row", repeat("", "f() ", "")},
	{"semicolons", repeat("", ";", "")},
	{"zero bytes", repeat("", "\x00", "")},
	{"new lines", repeat("", "\n", "x=")},
}

func repeat(before, part, after string) func(int) string {
	return func(size int) string { return before + strings.Repeat(part, size/len(part)) + after }
}

func around(before, open, middle, closing string) func(int) string {
	return func(size int) string {
		n := size / (len(open) + len(closing))
		return before + strings.Repeat(open, n) + middle + strings.Repeat(closing, n)
	}
}

func each(format string) func(int) string { return each2("", format, "") }

func each2(before, format, after string) func(int) string {
	return func(size int) string {
		var text strings.Builder
		text.WriteString(before)
		for i := 0; text.Len() < size; i++ {
			fmt.Fprintf(&text, format, i)
		}
		text.WriteString(after)
		return text.String()
	}
}

// bombTime is the bound of the project for one source, with room for the race
// detector and a busy machine.
const bombTime = time.Second

func TestBombs(t *testing.T) {
	var slowest time.Duration
	var slowestName string
	for _, bomb := range bombs {
		for _, size := range []int{1 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
			source := bomb.make(size)
			tries := []string{source}
			if size == 256<<10 { // just accepted by the size check
				tries = append(tries, bomb.make(size-64))
			}
			for _, source := range tries {
				start := time.Now()
				_, err := compile.Compile("bomb", source, join)
				took := time.Since(start)
				var failure *compile.Error
				if err != nil && (!errors.As(err, &failure) || failure.Line < 1 || failure.Column < 1) {
					t.Errorf("%s at %d: %v", bomb.name, size, err)
				}
				if took > bombTime*slower {
					t.Errorf("%s at %d took %v", bomb.name, size, took)
				}
				if took > slowest {
					slowest, slowestName = took, fmt.Sprintf("%s at %d: %.80v", bomb.name, len(source), err)
				}
			}
		}
	}
	t.Logf("slowest: %v, %s", slowest, slowestName)
}

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bombTime is how long the answer to a source may take, whatever is in it.
const bombTime = time.Second

// bombSizes are the lengths of the sources, in bytes: small, legal, the longest
// legal one, and two that are too long.
var bombSizes = []int{1 << 10, 64 << 10, 256 << 10, 1_000_000, 4 << 20}

// bomb makes a source of about n bytes.
type bomb struct {
	name string
	make func(n int) string
}

// fill repeats part up to n bytes between open and close.
func fill(open, part, close string) func(int) string {
	return func(n int) string {
		return open + strings.Repeat(part, max(1, (n-len(open)-len(close))/len(part))) + close
	}
}

// nest opens and closes as often as n bytes allow.
func nest(start, open, middle, close string) func(int) string {
	return func(n int) string {
		depth := max(1, (n-len(start)-len(middle))/(len(open)+len(close)))
		return start + strings.Repeat(open, depth) + middle + strings.Repeat(close, depth)
	}
}

// count writes lines with a running number up to n bytes.
func count(open, format, close string) func(int) string {
	return func(n int) string {
		var b strings.Builder
		b.WriteString(open)
		for i := 0; ; i++ {
			line := fmt.Sprintf(format, i)
			if b.Len()+len(line)+len(close) > n {
				return b.String() + close
			}
			b.WriteString(line)
		}
	}
}

// noise is random bytes of an alphabet, the same in every run.
func noise(alphabet []string) func(int) string {
	return func(n int) string {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()[:n]
	}
}

func bytesAlphabet() []string {
	alphabet := make([]string, 128)
	for i := range alphabet {
		alphabet[i] = string(rune(i))
	}
	return alphabet
}

func bombs() []bomb {
	words := strings.Fields(`and break do else elseif end false for function if in local nil not or repeat return then
		true until while goto + - * / % ^ # == ~= <= >= < > = ( ) { } [ ] ; : , . .. ... a b 1 2.5 0x1F "s" 's' [[x]] --c`)
	for i := range words {
		words[i] += " "
	}
	words = append(words, "\n")
	return []bomb{
		{"braces", nest("return ", "{", "", "}")},
		{"braces left open", fill("return ", "{", "")},
		{"parentheses", nest("return ", "(", "1", ")")},
		{"parentheses left open", fill("return ", "(", "")},
		{"indexes", nest("local a = {} return ", "a[", "1", "]")},
		{"calls in arguments", nest("return ", "f(", "1", ")")},
		{"not", fill("return ", "not ", "1")},
		{"minus", fill("return ", "- ", "1")},
		{"length", fill("return ", "#", "{}")},
		{"functions", nest("", "return function() ", "", " end")},
		{"do blocks", nest("", "do ", "", " end")},
		{"while blocks", nest("", "while x do ", "", " end")},
		{"for blocks", nest("", "for i=1,2 do ", "", " end")},
		{"repeat blocks", nest("", "repeat ", "", " until x")},
		{"if blocks", nest("", "if x then ", "", " end")},
		{"elseif chain", fill("if x then ", "elseif x then y = 1 ", "end")},
		{"concatenation chain", fill("return 1", " ..1", "")},
		{"power chain", fill("return 2", "^2", "")},
		{"addition chain", fill("local a = 1 return a", "+a", "")},
		{"addition of constants", count("return 0", "+%d", "")},
		{"and chain", fill("return a", " and a", "")},
		{"or of and chains", fill("return a", " and b or c", "")},
		{"comparison chain", fill("return a", "==a", "")},
		{"field chain", fill("return a", ".b", "")},
		{"index chain", fill("return a", "[1]", "")},
		{"call chain", fill("return f", "()", "")},
		{"method chain", fill("return s", ":m()", "")},
		{"string call chain", fill("return f", "''", "")},
		{"number constants", count("return {", "%d.5,", "}")},
		{"string constants", count("return {", "'s%d',", "}")},
		{"global names", count("", "g%d=1 ", "")},
		{"field names", count("local t={} ", "t.f%d=1 ", "")},
		{"locals", count("", "local l%d=1\n", "")},
		{"locals in one line", count("local a", ",l%d", "")},
		{"locals in blocks", count("", "do local l%d end ", "")},
		{"upvalues", func(n int) string {
			return count("", "local u%d=1 ", "")(n/2) + count("return function() return u0", "+u%d", " end")(n/2)
		}},
		{"parameters", count("return function(a", ",p%d", ") end")},
		{"arguments", fill("f(1", ",1", ")")},
		{"results", fill("return 1", ",1", "")},
		{"targets", fill("a", ",a", "=1")},
		{"values", fill("a=1", ",1", "")},
		{"items", fill("return {", "1,", "}")},
		{"table items", fill("return {", "{},", "}")},
		{"small functions", fill("", "f=function() end ", "")},
		{"statements", fill("", "a=1 ", "")},
		{"semicolons", fill("a=1", ";", "")},
		{"gotos", count("", "goto l%d ::l%[1]d:: ", "")},
		{"gotos to one label", fill("::a:: ", "if x then goto a end ", "")},
		{"gotos to nowhere", count("", "goto l%d ", "")},
		{"labels", count("", "::l%d:: ", "")},
		{"breaks", fill("while x do ", "if y then break end ", "end")},
		{"one long name", fill("", "a", "=1")},
		{"one long string", fill("return '", "x", "'")},
		{"one long number", fill("return ", "9", "")},
		{"escapes", fill("return '", `\065`, "'")},
		{"unknown escapes", fill("return '", `\q`, "'")},
		{"escapes out of range", fill("return '", `\999`, "'")},
		{"unclosed string", fill("return '", "x", "")},
		{"long bracket", fill("return [[", "]", "]]")},
		{"long bracket level", func(n int) string { e := strings.Repeat("=", n/2-8); return "return [" + e + "[x]" + e + "]" }},
		{"unclosed long bracket", fill("return [==[", "]=]", "")},
		{"comment", fill("--", "x", "")},
		{"unclosed comment", fill("--[[", "x", "")},
		{"comments", fill("", "--\n", "")},
		{"lines", fill("", "\n", "")},
		{"carriage returns", fill("", "\r", "")},
		{"zero bytes", fill("", "\x00", "")},
		{"zero bytes in a string", fill("return '", "\x00", "'")},
		{"not UTF-8", fill("return '", "\xff", "'")},
		{"byte order marks", fill("", "\ufeff", "")},
		{"hash lines", fill("", "#!/bin/lua\n", "")},
		{"binary chunk", fill("\x1bLuaQ\x00\x01", "\x04\x08\x00", "")},
		{"requires", count("", `require("m%d") `, "")},
		{"names that nothing defines", count("return {", "n%d,", "}")},
		{"names in deep blocks", func(n int) string {
			depth := min(100, n/100)
			return strings.Repeat("do local a,b,c,d ", depth) + fill("f(", "x,", "x)")(n-22*depth) + strings.Repeat(" end", depth)
		}},
		{"misspelt functions", fill("return {", "json.encod,", "}")},
		{"ignore comments", fill("", "-- picloud: ignore empty_if\nx=1 ", "")},
		{"misspelt ignore comments", count("", "-- picloud: ignore code_%d\n", "")},
		{"random bytes", noise(bytesAlphabet())},
		{"random words", noise(words)},
	}
}

// TestSourceBombs saves and checks sources that are made to hurt a compiler:
// each is answered in time, and the program lives on.
func TestSourceBombs(t *testing.T) {
	s := startServer(t, "")
	s.claim()
	if len(bombs()) < 20 {
		t.Fatal("too few generators")
	}
	for _, b := range bombs() {
		for _, size := range bombSizes {
			t.Run(fmt.Sprintf("%s/%d", b.name, size), func(t *testing.T) {
				source := b.make(size)
				if len(source) > size || len(source) < size/2 {
					t.Fatalf("the generator made %d bytes", len(source))
				}
				s.saveBomb(t, b.name, source)
				s.checkBomb(t, source)
			})
		}
	}
	s.must(s.call("GET", "/healthz", nil, nil), http.StatusOK)
	if err := s.stop(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
}

// saveBomb wants a script that does not compile refused, and runs one that does.
func (s *server) saveBomb(t *testing.T, name, source string) {
	t.Helper()
	scriptName := fmt.Sprintf("%s-%d", strings.ReplaceAll(name, " ", "-"), len(source))
	a := s.sendBomb(t, "/api/v1/admin/apps/default/scripts", map[string]any{
		"name": scriptName, "source": source, "timeout_ms": 200,
	})
	switch {
	case a.status == http.StatusUnprocessableEntity:
		checkPlace(t, a)
	case a.status == http.StatusCreated && len(source) <= 256<<10:
		var script struct{ ID string }
		if err := json.Unmarshal([]byte(a.body), &script); err != nil {
			t.Fatal(err)
		}
		if run := s.call("POST", "/api/v1/execute/"+script.ID, nil, nil); run.status == http.StatusInternalServerError {
			t.Errorf("running it answers %d %.300s", run.status, run.body)
		}
		s.must(s.call("DELETE", "/api/v1/admin/scripts/"+script.ID, nil, nil), 200, 204)
	default:
		t.Errorf("saving %d bytes answers %d %.300s", len(source), a.status, a.body)
	}
}

// checkPlace fails unless a refusal of a source says where and why.
func checkPlace(t *testing.T, a answer) {
	t.Helper()
	var refusal struct {
		Error struct {
			Code, Message string
			Details       struct{ Line, Column int }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &refusal); err != nil {
		t.Errorf("the refusal is no JSON: %.300s", a.body)
		return
	}
	if refusal.Error.Message == "" || len(a.body) > 4096 {
		t.Errorf("the refusal is not readable (%d bytes): %.300s", len(a.body), a.body)
	}
	if refusal.Error.Code == "syntax_error" && refusal.Error.Details.Line < 1 {
		t.Errorf("the refusal names no line: %.300s", a.body)
	}
}

// checkBomb asks for diagnostics: an answer, whatever the source is.
func (s *server) checkBomb(t *testing.T, source string) {
	t.Helper()
	a := s.sendBomb(t, "/api/v1/admin/scripts:check", map[string]any{"source": source})
	switch a.status {
	case http.StatusOK:
		var check struct{ Diagnostics []json.RawMessage }
		if err := json.Unmarshal([]byte(a.body), &check); err != nil {
			t.Errorf("the diagnostics are no JSON: %.300s", a.body)
		}
		if len(source) > 256<<10 && len(check.Diagnostics) == 0 {
			t.Errorf("a source of %d bytes has no diagnostics", len(source))
		}
	case http.StatusUnprocessableEntity:
	default:
		t.Errorf("checking answers %d %.300s", a.status, a.body)
	}
}

// sendBomb posts a body, and fails unless one of a few tries is answered in time.
func (s *server) sendBomb(t *testing.T, path string, body map[string]any) (a answer) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var took time.Duration
	for range attempts {
		request, err := http.NewRequest("POST", s.url+path, bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+s.token)
		start := time.Now()
		a = s.do(request)
		took = time.Since(start)
		if took < bombTime || a.status == http.StatusCreated {
			break
		}
	}
	if took >= bombTime {
		t.Errorf("%s answers %d after %v", path, a.status, took)
	}
	return a
}

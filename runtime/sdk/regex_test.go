package sdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"picloud/store"
)

const regexScript = `
local cases, answers = ctx.request.body, json.array()
for i, case in ipairs(cases) do
  local text = hex.decode(case.text)
  local matches = json.array()
  for _, found in ipairs(regex.find_all(text, case.pattern)) do
    local groups = json.array()
    for n, group in ipairs(found.groups) do groups[n] = group and hex.encode(group) or "none" end
    matches[#matches + 1] = { first = found.first, last = found.last, groups = groups }
  end
  local pieces = json.array()
  for n, piece in ipairs(regex.split(text, case.pattern)) do pieces[n] = hex.encode(piece) end
  answers[i] = { matches = matches, replaced = hex.encode((regex.replace(text, case.pattern, "<$0>"))), pieces = pieces }
end
return answers`

type regexCase struct {
	Pattern string `json:"pattern"`
	Text    string `json:"text"` // in hexadecimal digits
}

type regexMatch struct {
	First, Last int
	Groups      []string
}

type regexAnswer struct {
	Matches  []regexMatch
	Replaced string
	Pieces   []string
}

// expectedOf is what Go's own functions, which see the whole text at once, find.
func expectedOf(c regexCase, text string) regexAnswer {
	pattern := regexp.MustCompile(c.Pattern)
	want := regexAnswer{Matches: []regexMatch{}, Pieces: []string{}}
	for _, found := range pattern.FindAllStringSubmatchIndex(text, -1) {
		match := regexMatch{First: found[0] + 1, Last: found[1], Groups: []string{}}
		for i := 2; i < len(found); i += 2 {
			group := "none"
			if found[i] >= 0 {
				group = fmt.Sprintf("%x", text[found[i]:found[i+1]])
			}
			match.Groups = append(match.Groups, group)
		}
		want.Matches = append(want.Matches, match)
	}
	want.Replaced = fmt.Sprintf("%x", pattern.ReplaceAllStringFunc(text, func(s string) string { return "<" + s + ">" }))
	for _, piece := range pattern.Split(text, -1) {
		want.Pieces = append(want.Pieces, fmt.Sprintf("%x", piece))
	}
	return want
}

func pick(random *rand.Rand, parts []string, n int) string {
	var b strings.Builder
	for range random.IntN(n + 1) {
		b.WriteString(parts[random.IntN(len(parts))])
	}
	return b.String()
}

// Searching rune by rune, with the rune before in sight, finds what Go's
// functions find in the text as a whole.
func TestRegexAgreesWithGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	random := rand.New(rand.NewPCG(3, 4))
	atoms := []string{"a", "b", "é", ".", "[ab]", "[^a]", `\b`, `\B`, "^", "$", "(?m:^)", "(?m:$)", `\w`, `\s`, "(a)", "(b|)", "(?:ab)", `\A`, `\z`, "(?i:A)", `\Qa.\E`}
	quantifiers := []string{"", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"}
	texts := []string{"a", "b", "é", " ", "\n", "A", "\xff", "\xc3", "ab", "."}
	var cases []regexCase
	var plain []string
	for len(cases) < 1500 {
		var pattern strings.Builder
		for range 1 + random.IntN(4) {
			pattern.WriteString(atoms[random.IntN(len(atoms))] + quantifiers[random.IntN(len(quantifiers))])
			if random.IntN(6) == 0 {
				pattern.WriteString("|")
			}
		}
		if _, err := regexp.Compile(pattern.String()); err != nil {
			continue // such as a quantifier behind another
		}
		text := pick(random, texts, 12)
		cases, plain = append(cases, regexCase{pattern.String(), fmt.Sprintf("%x", text)}), append(plain, text)
	}
	for start := 0; start < len(cases); start += 100 {
		body, err := json.Marshal(cases[start : start+100])
		if err != nil {
			t.Fatal(err)
		}
		instructions := int64(100_000_000)
		invocation := b.invocation(regexScript, 10_000, store.Limits{Instructions: &instructions}, body)
		result := b.engine.Run(context.Background(), invocation)
		var got []regexAnswer
		if err := json.Unmarshal(result.Body, &got); err != nil || len(got) != 100 {
			t.Fatalf("%v: %v, %.200s", result.Err, err, result.Body)
		}
		for i, answer := range got {
			c := cases[start+i]
			if difference := cmp.Diff(expectedOf(c, plain[start+i]), answer); difference != "" {
				t.Errorf("%q in %q (- Go, + regex):\n%s", c.Pattern, plain[start+i], difference)
			}
		}
	}
}

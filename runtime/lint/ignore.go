package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"picloud/runtime/compile"
)

// ignoreComment is a comment that takes findings back: "picloud: ignore CODE",
// or several codes with commas between.
var ignoreComment = regexp.MustCompile(`picloud:\s*ignore\s+([a-z_]+(?:\s*,\s*[a-z_]+)*)`)

// ignores are codes by the line that they are ignored on.
type ignores map[int][]string

func (i ignores) has(line int, code string) bool { return slices.Contains(i[line], code) }

// ignoredLines finds the ignore comments. One behind code is about its line, one
// on a line of its own about the next. What lies between two tokens is blank or
// a comment, so a text in a string is none.
func ignoredLines(tree *compile.Tree, w *walker) ignores {
	ignored := ignores{}
	if !strings.Contains(tree.Source, "picloud:") {
		return ignored
	}
	hasCode := map[int]bool{} // a line on which a token begins or ends
	for _, token := range tree.Tokens {
		hasCode[token.Pos.Line], hasCode[token.Last.Line] = true, true
	}
	starts := lineStarts(tree.Source)
	offset := func(p ast.Position) int { return starts[p.Line-1] + p.Column }
	from := 0
	for i := 0; i <= len(tree.Tokens); i++ {
		to := len(tree.Source)
		if i < len(tree.Tokens) {
			to = offset(tree.Tokens[i].Pos) - 1
		}
		for _, at := range ignoreComment.FindAllStringSubmatchIndex(tree.Source[from:max(from, to)], -1) {
			line, _ := slices.BinarySearch(starts, from+at[0]+1) // of the lines that begin before it
			place := ast.Position{Line: line, Column: from + at[0] - starts[line-1] + 1}
			if !hasCode[line] {
				line++
			}
			ignored.add(w, line, place, tree.Source[from+at[2]:from+at[3]])
		}
		if i < len(tree.Tokens) {
			from = offset(tree.Tokens[i].Last)
		}
	}
	return ignored
}

// add notes the codes of one comment for a line.
func (i ignores) add(w *walker, line int, place ast.Position, list string) {
	for code := range strings.SplitSeq(list, ",") {
		code = strings.TrimSpace(code)
		if !slices.Contains(codes, code) {
			w.report(place, SeverityWarning, CodeIgnore, "there is no code %q%s", code, like(code, slices.Clone(codes)))
			continue
		}
		i[line] = append(i[line], code)
	}
}

// lineStarts are the offsets of the lines, which end as the scanner says: with
// \n, \r, or both in either order.
func lineStarts(source string) []int {
	starts := []int{0}
	for i := 0; i < len(source); i++ {
		if c := source[i]; c != '\n' && c != '\r' {
			continue
		}
		if i+1 < len(source) && (source[i+1] == '\n' || source[i+1] == '\r') && source[i+1] != source[i] {
			i++
		}
		starts = append(starts, i+1)
	}
	return starts
}

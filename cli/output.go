package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"picloud/store"
)

// The forms of output (spec 7).
const (
	formTable = "table"
	formTSV   = "tsv"
	formJSON  = "json"
)

// column is one field of what a command shows.
type column[T any] struct {
	name string
	of   func(*T) string
}

// printList shows items: as a table with a head, as lines of values with tabs
// between, or as a JSON array.
func printList[T any](r *remote, items []T, columns ...column[T]) error {
	if r.form == formJSON {
		return printJSON(r.process.Stdout, items)
	}
	return writeRows(r.process.Stdout, r.form, items, columns...)
}

func writeRows[T any](w io.Writer, form string, items []T, columns ...column[T]) error {
	out := newLines(w, form)
	if form == formTable {
		for i, each := range columns {
			out.cell(i, strings.ToUpper(each.name))
		}
		out.end()
	}
	for at := range items {
		for i, each := range columns {
			out.cell(i, each.of(&items[at]))
		}
		out.end()
	}
	return out.close()
}

// printOne shows one thing: a line for each field, or a JSON object.
func printOne[T any](r *remote, item T, columns ...column[T]) error {
	if r.form == formJSON {
		return printJSON(r.process.Stdout, item)
	}
	out := newLines(r.process.Stdout, r.form)
	for _, each := range columns {
		out.cell(0, each.name)
		out.cell(1, each.of(&item))
		out.end()
	}
	return out.close()
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// lines writes rows of cells, aligned in a table.
type lines struct {
	w     io.Writer
	table *tabwriter.Writer
	err   error
}

func newLines(w io.Writer, form string) *lines {
	l := &lines{w: w}
	if form == formTable {
		l.table = tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		l.w = l.table
	}
	return l
}

func (l *lines) write(text string) {
	if l.err == nil {
		_, l.err = io.WriteString(l.w, text)
	}
}

func (l *lines) cell(i int, text string) {
	if i > 0 {
		l.write("\t")
	}
	l.write(oneLine(text))
}

func (l *lines) end() { l.write("\n") }

func (l *lines) close() error {
	if l.table != nil && l.err == nil {
		l.err = l.table.Flush()
	}
	return l.err
}

// oneLine keeps text in one cell: line breaks and tabs are shown as \n and \t.
func oneLine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(plain(text))
}

// plain shows control characters, which scripts and their callers choose, as
// text: they must not reach the terminal, and nor must those that turn the
// direction of a line.
func plain(text string) string {
	control := func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Bidi_Control, c)
	}
	if !strings.ContainsFunc(text, control) {
		return text
	}
	var out strings.Builder
	for _, c := range text {
		if control(c) {
			quoted := strconv.QuoteRuneToASCII(c)
			out.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		out.WriteRune(c)
	}
	return out.String()
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func moment(at *store.Time) string {
	if at == nil {
		return ""
	}
	return at.String()
}

func integer[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

func milliseconds(ms float64) string { return fmt.Sprintf("%.1f ms", ms) }

package lint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/yuin/gopher-lua/ast"

	"picloud/runtime"
	"picloud/runtime/compile"
)

// Diagnostic is one finding. Line and Column count from 1, columns in bytes as
// the compiler's do.
type Diagnostic struct {
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
}

// Severity says how bad a finding is.
type Severity string

// An error fails when the line runs, or the script cannot be saved at all; a
// warning is most likely a mistake.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// The codes of findings. They are stable: scripts name them in ignore comments.
const (
	CodeSyntax       = "syntax_error"
	CodeUndefined    = "undefined_global"      // a global that nothing defines
	CodeGone         = "gone_global"           // a global of Lua 5.1 that scripts do not have
	CodeAccidental   = "accidental_global"     // an assignment that makes a global
	CodeReplaced     = "replaced_global"       // an assignment over a global of the library
	CodeReadOnly     = "read_only"             // an assignment to a table of the library or to ctx
	CodeUnused       = "unused_local"          // a local that nothing reads
	CodeShadowed     = "shadowed_local"        // a local that hides one of an outer block that is used again
	CodeUnreachable  = "unreachable_code"      // a statement that never runs
	CodeUnknownName  = "unknown_name"          // a function or field that is not there
	CodeUnknownKey   = "unknown_option"        // an option that the function refuses
	CodeDotCall      = "dot_call"              // a method that is called with . where : belongs
	CodeComparison   = "suspicious_comparison" // a comparison that always has the same result, or raises
	CodeDuplicateKey = "duplicate_key"         // a key given twice in one table
	CodeEmpty        = "empty_if"              // an if that does nothing
	CodeIgnore       = "unknown_ignore"        // an ignore comment for a code that does not exist
)

// codes lists what an ignore comment may name; a syntax error cannot be ignored.
var codes = []string{
	CodeUndefined, CodeGone, CodeAccidental, CodeReplaced, CodeReadOnly, CodeUnused, CodeShadowed, CodeUnreachable,
	CodeUnknownName, CodeUnknownKey, CodeDotCall, CodeComparison, CodeDuplicateKey, CodeEmpty, CodeIgnore,
}

// maxDiagnostics bounds the findings of one script.
const maxDiagnostics = 200

// Linter checks scripts against one description. It is immutable.
type Linter struct{ words *vocabulary }

// New makes a linter that knows what d describes.
func New(d *runtime.Description) *Linter { return &Linter{newVocabulary(d)} }

// Check returns what is wrong with source, in source order: one syntax error,
// or what a look at the syntax tree finds. It is empty and never nil when
// nothing is.
func (l *Linter) Check(name, source string) []Diagnostic {
	tree, err := compile.Parse(name, source)
	var refused *compile.Error
	switch {
	case errors.As(err, &refused):
		return []Diagnostic{{refused.Line, refused.Column, SeverityError, CodeSyntax, refused.Message}}
	case err != nil: // compile promises that there is no other kind
		return []Diagnostic{{1, 1, SeverityError, CodeSyntax, err.Error()}}
	}
	w := l.walk(tree)
	ignored := ignoredLines(tree, w)
	diagnostics := []Diagnostic{}
	for _, f := range w.findings {
		if !f.revoked() && !ignored.has(f.Line, f.Code) {
			diagnostics = append(diagnostics, f.Diagnostic)
		}
	}
	slices.SortStableFunc(diagnostics, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return diagnostics[:min(len(diagnostics), maxDiagnostics)]
}

// finding is a diagnostic that holds unless one of the variables it rests on is
// assigned again somewhere.
type finding struct {
	Diagnostic
	restsOn []*variable
}

func (f finding) revoked() bool {
	return slices.ContainsFunc(f.restsOn, func(v *variable) bool { return v.writes > 0 })
}

// report adds a finding.
func (w *walker) report(at ast.Position, severity Severity, code, format string, args ...any) {
	w.reportIf(claim{at: at}, severity, code, format, args...)
}

// claim is the token that a finding is about, and the variables that must keep
// their first value for it to be right.
type claim struct {
	restsOn []*variable
	at      ast.Position
}

// reportIf adds a finding that holds if its claim does.
func (w *walker) reportIf(c claim, severity Severity, code, format string, args ...any) {
	w.findings = append(w.findings, finding{
		Diagnostic{max(1, c.at.Line), max(1, c.at.Column), severity, code, fmt.Sprintf(format, args...)}, c.restsOn,
	})
}

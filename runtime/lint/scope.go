package lint

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// variable is one local variable.
type variable struct {
	name   string
	at     ast.Position
	kind   string      // as messages call it: "local", "function", "parameter", "loop variable"
	value  *entry      // what is known about its first value
	rests  []*variable // what that knowledge rests on
	reads  int
	writes int         // after the first value
	later  []*variable // declared behind it in the same statement
}

// scope is the variables of one block, in the order of their declaration.
type scope struct {
	outer     *scope
	variables []*variable
}

func (w *walker) openScope() { w.scope = &scope{outer: w.scope} }

func (w *walker) closeScope() {
	for _, v := range w.scope.variables {
		w.checkUse(v)
	}
	w.scope = w.scope.outer
}

// find returns the variable that a name means here, or nil for a global.
func (w *walker) find(name string) *variable {
	for s := w.scope; s != nil; s = s.outer {
		for i := len(s.variables) - 1; i >= 0; i-- {
			if s.variables[i].name == name {
				return s.variables[i]
			}
		}
	}
	return nil
}

// declare adds a variable to the present block.
func (w *walker) declare(name string, at ast.Position, kind string) *variable {
	if hidden := w.find(name); hidden != nil && !strings.HasPrefix(name, "_") {
		if hidden.at.Line == 0 {
			w.report(at, SeverityWarning, CodeShadowed, "%s %q hides what every script gets under this name", kind, name)
		} else {
			w.report(at, SeverityWarning, CodeShadowed, "%s %q hides the %s of line %d", kind, name, hidden.kind, hidden.at.Line)
		}
	}
	v := &variable{name: name, at: at, kind: kind}
	w.scope.variables = append(w.scope.variables, v)
	return v
}

// checkUse reports a local that nothing reads. Parameters and loop variables
// have their place whether they are used or not, and so has a local in front of
// a used one.
func (w *walker) checkUse(v *variable) {
	if v.reads > 0 || v.at.Line == 0 || strings.HasPrefix(v.name, "_") || v.kind != "local" && v.kind != "function" {
		return
	}
	for _, other := range v.later {
		if other.reads > 0 {
			return
		}
	}
	if v.writes > 0 {
		w.report(v.at, SeverityWarning, CodeUnused, "%s %q is assigned but never read", v.kind, v.name)
		return
	}
	w.report(v.at, SeverityWarning, CodeUnused, "%s %q is never used", v.kind, v.name)
}

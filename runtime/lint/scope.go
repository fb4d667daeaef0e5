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
	scope  *scope
}

// scope is the variables of one block, in the order of their declaration.
type scope struct {
	outer     *scope
	variables []*variable
	hiding    []hiding
}

// hiding is a variable of a block that hides one of an outer block.
type hiding struct {
	inner, outer *variable
	before       int // how often outer was used when the block ended
}

func (v *variable) uses() int { return v.reads + v.writes }

func (w *walker) openScope() { w.scope = &scope{outer: w.scope} }

// add makes a variable visible until the present block ends.
func (w *walker) add(v *variable) {
	v.scope = w.scope
	w.scope.variables = append(w.scope.variables, v)
	w.visible[v.name] = append(w.visible[v.name], v)
}

func (w *walker) closeScope() {
	for _, v := range w.scope.variables {
		w.checkUse(v)
		w.visible[v.name] = w.visible[v.name][:len(w.visible[v.name])-1]
	}
	for _, pair := range w.scope.hiding {
		pair.before = pair.outer.uses()
		w.hidden = append(w.hidden, pair)
	}
	w.scope = w.scope.outer
}

// find returns the variable that a name means here, or nil for a global.
func (w *walker) find(name string) *variable {
	stack := w.visible[name]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// declare adds a variable to the present block. One that hides another of an
// outer block is reported when that other is used again behind the block, where
// a reader may take one for the other; loop variables are meant to be new.
func (w *walker) declare(name string, at ast.Position, kind string) *variable {
	hidden := w.find(name)
	v := &variable{name: name, at: at, kind: kind}
	if hidden != nil && hidden.scope != w.scope && kind != "loop variable" && !strings.HasPrefix(name, "_") {
		w.scope.hiding = append(w.scope.hiding, hiding{inner: v, outer: hidden})
	}
	w.add(v)
	return v
}

// checkHidden reports the pairs whose outer variable was used after the inner
// one had ended.
func (w *walker) checkHidden() {
	for _, pair := range w.hidden {
		v, line := pair.inner, pair.outer.at.Line
		switch {
		case line == 0:
			w.report(v.at, SeverityWarning, CodeShadowed, "%s %q hides what every script gets under this name", v.kind, v.name)
		case pair.outer.uses() > pair.before:
			w.report(v.at, SeverityWarning, CodeShadowed, "%s %q hides the %s of line %d, which is used again behind it", v.kind, v.name, pair.outer.kind, line)
		}
	}
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

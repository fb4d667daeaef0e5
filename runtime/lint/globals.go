package lint

import (
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// globals is what a script does with global variables. A function may read one
// that a later line defines, so reads are judged when all is known.
type globals struct {
	reads   []globalRead
	defined map[string]bool
	dynamic bool // the script handles _G as a table: anything may be defined
}

type globalRead struct {
	name string
	at   ast.Position
}

func (g *globals) define(name string) {
	if g.defined == nil {
		g.defined = map[string]bool{}
	}
	g.defined[name] = true
}

// defineGlobal visits an assignment to a name that is no local.
func (w *walker) defineGlobal(name string, at ast.Position) {
	known := w.words.globals[name] != nil
	switch {
	case w.globals.defined[name]:
	case known:
		w.report(at, SeverityWarning, CodeReplaced, "this replaces %s for the rest of the run; use another name, or local", name)
	default:
		w.report(at, SeverityWarning, CodeAccidental, "%q is not declared, so this makes a global variable; write local %s", name, name)
	}
	w.globals.define(name)
}

// readGlobal visits a name that is no local and returns what is known about it.
func (w *walker) readGlobal(name string, at ast.Position) *entry {
	if known := w.words.globals[name]; known != nil {
		if w.globals.defined[name] {
			return nil // the script has put something else there
		}
		return known
	}
	w.globals.reads = append(w.globals.reads, globalRead{name, at})
	return nil
}

// checkGlobals reports reads of what nothing defines.
func (w *walker) checkGlobals() {
	for _, read := range w.globals.reads {
		instead, gone := w.words.gone[read.name]
		switch {
		case w.globals.defined[read.name] || w.globals.dynamic:
		case gone:
			w.report(read.at, SeverityError, CodeGone, "scripts do not have %s: %s", read.name, instead)
		default:
			w.report(read.at, SeverityWarning, CodeUndefined, "nothing defines %q%s", read.name, w.like(read.name, w.words.globals))
		}
	}
}

// globalField visits _G.name, and reports whether e is that.
func (w *walker) globalField(e *ast.AttrGetExpr) (name string, ok bool) {
	object, isName := e.Object.(*ast.IdentExpr)
	key, isConstant := e.Key.(*ast.StringExpr)
	if !isName || !isConstant || object.Value != "_G" || !w.isEnvironment() {
		return "", false
	}
	w.take(parse.TIdent)
	w.key(e)
	return key.Value, true
}

// isEnvironment reports whether _G means the run's globals here.
func (w *walker) isEnvironment() bool {
	v := w.find("_G")
	return v != nil && v.at.Line == 0
}

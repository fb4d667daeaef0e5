package lint

import (
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"picloud/runtime/compile"
)

// walker visits a syntax tree in source order.
type walker struct {
	cursor
	words    *vocabulary
	findings []finding
	scope    *scope
	visible  map[string][]*variable // by name, the innermost last
	hidden   []hiding
	loops    []*loop
	globals  globals
	depth    int // functions around the place; 0 in the script's own block
}

// ending says how control leaves a statement.
type ending int

const (
	goesOn ending = iota // it may reach the next one
	breaks               // it leaves the loop
	leaves               // it never reaches the next one otherwise
)

func (l *Linter) walk(tree *compile.Tree) *walker {
	w := &walker{cursor: cursor{tokens: tree.Tokens, first: -1}, words: l.words, visible: map[string][]*variable{}}
	w.openScope()
	for _, name := range []string{"ctx", "_G"} { // the parameters of every chunk
		w.add(&variable{name: name, kind: "parameter", reads: 1})
	}
	w.scope.variables[0].value = l.words.ctx
	w.openScope()
	w.block(tree.Stmts)
	w.closeScope()
	w.closeScope()
	w.checkGlobals()
	w.checkHidden()
	return w
}

// block visits statements; its caller opens and closes the scope.
func (w *walker) block(stmts []ast.Stmt) ending {
	end, reported := goesOn, false
	for _, stmt := range stmts {
		if _, isLabel := stmt.(*ast.LabelStmt); isLabel {
			end = goesOn // a goto may come here
		}
		w.first = -1
		next := w.stmt(stmt)
		if end != goesOn && !reported {
			w.report(w.firstPlace(), SeverityWarning, CodeUnreachable, "this never runs: what stands before it always leaves")
			reported = true
		}
		if end == goesOn {
			end = next
		}
	}
	return end
}

// firstPlace is where the statement visited last begins.
func (w *walker) firstPlace() ast.Position {
	if w.first < 0 {
		return ast.Position{Line: 1, Column: 1}
	}
	return w.tokens[w.first].Pos
}

// inner visits a block in a scope of its own and keeps the place where the
// statement around it began.
func (w *walker) inner(stmts []ast.Stmt) ending {
	first := w.first
	w.openScope()
	end := w.block(stmts)
	w.closeScope()
	w.first = first
	return end
}

func (w *walker) stmt(stmt ast.Stmt) ending {
	switch s := stmt.(type) {
	case *ast.LocalAssignStmt:
		w.local(s)
	case *ast.AssignStmt:
		w.assign(s)
	case *ast.FuncCallStmt:
		return w.callStmt(s)
	case *ast.FuncDefStmt:
		w.funcDef(s)
	case *ast.DoBlockStmt:
		w.take(parse.TDo)
		end := w.inner(s.Stmts)
		w.take(parse.TEnd)
		return end
	case *ast.IfStmt:
		return w.ifStmt(s)
	case *ast.ReturnStmt:
		w.take(parse.TReturn)
		w.results(s.Exprs)
		return leaves
	case *ast.BreakStmt:
		w.take(parse.TBreak)
		w.leaveLoops(1)
		return breaks
	case *ast.GotoStmt:
		w.take(parse.TGoto)
		w.take(parse.TIdent)
		w.leaveLoops(len(w.loops))
		return leaves
	case *ast.LabelStmt:
		w.take(parse.T2Colon)
		w.take(parse.TIdent)
		w.take(parse.T2Colon)
	default:
		return w.loopStmt(stmt)
	}
	return goesOn
}

// names takes n names.
func (w *walker) names(n int) []compile.Token {
	names := make([]compile.Token, n)
	for i := range names {
		names[i] = w.take(parse.TIdent)
	}
	return names
}

// ifStmt visits an if with its elseifs, which the tree nests.
func (w *walker) ifStmt(s *ast.IfStmt) ending {
	word := w.take(parse.TIf, parse.TElseIf)
	w.condition(s.Condition)
	w.take(parse.TThen)
	end := w.inner(s.Then)
	otherwise := goesOn
	switch w.peek(parse.TElse, parse.TElseIf, parse.TEnd) {
	case parse.TElseIf:
		first := w.first
		otherwise = w.ifStmt(s.Else[0].(*ast.IfStmt)) // takes the end of both
		w.first = first
		return min(end, otherwise)
	case parse.TElse:
		w.take(parse.TElse)
		otherwise = w.inner(s.Else)
	}
	w.take(parse.TEnd)
	if word.Type == parse.TIf && len(s.Then) == 0 && len(s.Else) == 0 {
		w.report(word.Pos, SeverityWarning, CodeEmpty, "this does nothing, whatever the condition is")
	}
	return min(end, otherwise)
}

func (w *walker) callStmt(s *ast.FuncCallStmt) ending {
	w.expr(s.Expr)
	called := s.Expr.(*ast.FuncCallExpr)
	if name, ok := called.Func.(*ast.IdentExpr); ok && name.Value == "error" && w.find("error") == nil {
		return leaves
	}
	return goesOn
}

func (w *walker) local(s *ast.LocalAssignStmt) {
	w.take(parse.TLocal)
	if w.peek(parse.TFunction, parse.TIdent) == parse.TFunction {
		w.take(parse.TFunction)
		name := w.take(parse.TIdent)
		w.declare(name.Text, name.Pos, "function")
		w.function(s.Exprs[0].(*ast.FunctionExpr))
		return
	}
	names := w.names(len(s.Names))
	values := w.exprs(s.Exprs)
	var declared []*variable
	for i, name := range names {
		v := w.declare(name.Text, name.Pos, "local")
		if i < len(values) {
			v.value, v.rests = values[i].entry, values[i].restsOn
		}
		declared = append(declared, v)
	}
	for i, v := range declared {
		v.later = declared[i+1:]
	}
}

// assign visits the targets of an assignment, then its values.
func (w *walker) assign(s *ast.AssignStmt) {
	for _, target := range s.Lhs {
		switch t := target.(type) {
		case *ast.IdentExpr:
			w.assignName(t.Value, w.at(parse.TIdent))
		case *ast.AttrGetExpr:
			w.assignField(t)
		}
	}
	w.exprs(s.Rhs)
}

func (w *walker) assignName(name string, at ast.Position) {
	if v := w.find(name); v != nil {
		v.writes++
		return
	}
	w.defineGlobal(name, at)
}

// assignField visits the target t[k] of an assignment.
func (w *walker) assignField(t *ast.AttrGetExpr) {
	if name, ok := w.globalField(t); ok {
		w.globals.define(name)
		return
	}
	object := w.expr(t.Object)
	key, at := w.key(t)
	if object.entry == nil || !object.entry.closed {
		return
	}
	of := object.entry.name
	if key != "" {
		of += "." + key
	}
	w.reportIf(claim{object.restsOn, at}, SeverityError, CodeReadOnly, "%s cannot be assigned: %s is read-only", of, object.entry.name)
}

// funcDef visits function a.b:c(...) end.
func (w *walker) funcDef(s *ast.FuncDefStmt) {
	w.take(parse.TFunction)
	switch name := s.Name.Func.(type) {
	case *ast.IdentExpr:
		w.assignName(name.Value, w.at(parse.TIdent))
	case *ast.AttrGetExpr:
		w.assignField(name)
	case nil:
		w.expr(s.Name.Receiver)
		w.take(parse.TIdent)
		w.openScope()
		w.add(&variable{name: "self", kind: "parameter", reads: 1})
		defer w.closeScope()
	}
	w.function(s.Func)
}

// function visits parameters and body; the word function is taken already.
func (w *walker) function(f *ast.FunctionExpr) {
	first, loops := w.first, w.loops
	w.loops = nil // a break cannot reach out of a function
	w.depth++
	w.openScope()
	for _, name := range w.names(len(f.ParList.Names)) {
		w.declare(name.Text, name.Pos, "parameter")
	}
	if f.ParList.HasVargs {
		w.take(parse.T3Comma)
	}
	w.block(f.Stmts)
	w.closeScope()
	w.take(parse.TEnd)
	w.first, w.loops = first, loops
	w.depth--
}

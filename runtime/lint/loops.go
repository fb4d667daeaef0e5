package lint

import (
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// loop is a loop around the present statement.
type loop struct{ left bool } // something in it breaks out, or may

// leaveLoops notes that control may leave the n innermost loops.
func (w *walker) leaveLoops(n int) {
	for _, l := range w.loops[max(0, len(w.loops)-n):] {
		l.left = true
	}
}

// body visits the body of a loop and reports whether control can leave the loop
// by a break or a goto.
func (w *walker) body(stmts []ast.Stmt, condition ast.Expr) (end ending, left bool) {
	current := &loop{}
	w.loops = append(w.loops, current)
	first := w.first
	end = w.block(stmts)
	if condition != nil { // of a repeat: it sees the body's locals
		w.take(parse.TUntil)
		w.condition(condition)
	}
	w.first = first
	w.loops = w.loops[:len(w.loops)-1]
	return end, current.left
}

func (w *walker) loopStmt(stmt ast.Stmt) ending {
	w.openScope()
	defer w.closeScope()
	switch s := stmt.(type) {
	case *ast.WhileStmt:
		w.take(parse.TWhile)
		w.condition(s.Condition)
		w.take(parse.TDo)
		_, left := w.body(s.Stmts, nil)
		w.take(parse.TEnd)
		if isTrue(s.Condition) && !left {
			return leaves
		}
	case *ast.RepeatStmt:
		w.take(parse.TRepeat)
		if end, left := w.body(s.Stmts, s.Condition); end == leaves && !left {
			return leaves
		}
	case *ast.NumberForStmt:
		w.take(parse.TFor)
		name := w.take(parse.TIdent)
		w.expr(s.Init)
		w.expr(s.Limit)
		if s.Step != nil {
			w.expr(s.Step)
		}
		w.take(parse.TDo)
		w.declare(name.Text, name.Pos, "loop variable")
		w.body(s.Stmts, nil)
		w.take(parse.TEnd)
	case *ast.GenericForStmt:
		w.take(parse.TFor)
		names := w.names(len(s.Names))
		w.exprs(s.Exprs)
		w.take(parse.TDo)
		for _, name := range names {
			w.declare(name.Text, name.Pos, "loop variable")
		}
		w.body(s.Stmts, nil)
		w.take(parse.TEnd)
	}
	return goesOn
}

func isTrue(e ast.Expr) bool {
	switch e.(type) {
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return true
	}
	return false
}

package compile

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// fixAssign works around two faults of gopher-lua 1.1.2. Values of a multiple
// assignment are stored into locals that later values still need, so that
// a, b = b, a gives b, b (its issues 158 and 440); and x = f() and g() keeps the
// old x when f() is false (issue 490). Both vanish when fresh locals are filled
// first: tables and keys, then values, then the assignments from right to left,
// as Lua 5.1 makes them. The names of those locals cannot be written in Lua.
func fixAssign(a *ast.AssignStmt) ast.Stmt {
	if !needsFix(a) {
		return a
	}
	line := a.Line()
	block := &ast.DoBlockStmt{}
	block.SetLine(line)
	block.SetLastLine(line)
	targets := make([]ast.Expr, len(a.Lhs))
	values := make([]string, len(a.Lhs))
	for i, target := range a.Lhs {
		values[i] = fmt.Sprintf("(value %d)", i)
		targets[i] = target
		if get, ok := target.(*ast.AttrGetExpr); ok {
			targets[i] = fixTarget(block, get, line, i)
		}
	}
	block.Stmts = append(block.Stmts, localStmt(line, values, a.Rhs))
	for i := len(targets) - 1; i >= 0; i-- {
		set := &ast.AssignStmt{Lhs: []ast.Expr{targets[i]}, Rhs: []ast.Expr{ident(line, values[i])}}
		set.SetLine(line)
		block.Stmts = append(block.Stmts, set)
	}
	return block
}

func needsFix(a *ast.AssignStmt) bool {
	if len(a.Lhs) > 1 {
		return true
	}
	if _, ok := a.Lhs[0].(*ast.IdentExpr); !ok || len(a.Rhs) != 1 {
		return false
	}
	_, logical := a.Rhs[0].(*ast.LogicalOpExpr)
	return logical
}

// fixTarget stores the table and the key of an assignment's target i in locals.
func fixTarget(block *ast.DoBlockStmt, get *ast.AttrGetExpr, line, i int) ast.Expr {
	table := fmt.Sprintf("(table %d)", i)
	names, exprs, key := []string{table}, []ast.Expr{get.Object}, get.Key
	switch key.(type) {
	case *ast.StringExpr, *ast.NumberExpr:
	default:
		name := fmt.Sprintf("(key %d)", i)
		names, exprs = append(names, name), append(exprs, key)
		key = ident(line, name)
	}
	for _, e := range exprs {
		oneValue(e)
	}
	block.Stmts = append(block.Stmts, localStmt(line, names, exprs))
	fixed := &ast.AttrGetExpr{Object: ident(line, table), Key: key}
	fixed.SetLine(line)
	return fixed
}

func ident(line int, name string) ast.Expr {
	e := &ast.IdentExpr{Value: name}
	e.SetLine(line)
	return e
}

func localStmt(line int, names []string, exprs []ast.Expr) ast.Stmt {
	s := &ast.LocalAssignStmt{Names: names, Exprs: exprs}
	s.SetLine(line)
	return s
}

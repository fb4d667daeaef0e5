package compile

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

const (
	// maxDepth bounds the syntax tree: left-nested chains (a+a+..., f()()...,
	// a.b.c..., elseif) are flat to the scanner but recursive and quadratic to
	// the code generator.
	maxDepth = 400
	// maxItems bounds a table constructor: above 25,550 items without a key
	// gopher-lua loses the rest.
	maxItems = 25_000
	// maxOperands bounds one chain of "..", whose operands take a register each.
	maxOperands = 190
)

// rewriter changes the syntax tree where gopher-lua's own code would be wrong or
// uncharged, and collects imports on the way. It panics with an *Error.
type rewriter struct {
	script  *script
	concat  string // placeholder of the concat function
	imports []string
	depth   int
}

func (r *rewriter) enter(node ast.PositionHolder) {
	if r.depth++; r.depth > maxDepth {
		panic(r.script.fail(node.Line(), "the expression or statement is too long (more than %d steps inside each other)", maxDepth))
	}
}

func (r *rewriter) leave() { r.depth-- }

// block rewrites statements in place and returns them.
func (r *rewriter) block(stmts []ast.Stmt) []ast.Stmt {
	for i, stmt := range stmts {
		r.stmt(stmt)
		if assign, ok := stmt.(*ast.AssignStmt); ok {
			stmts[i] = fixAssign(assign)
		}
	}
	return stmts
}

func (r *rewriter) stmt(stmt ast.Stmt) {
	r.enter(stmt)
	defer r.leave()
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		r.exprs(s.Lhs)
		r.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		r.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.FuncDefStmt:
		s.Name.Func = r.optional(s.Name.Func)
		s.Name.Receiver = r.optional(s.Name.Receiver)
		r.block(s.Func.Stmts)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	default:
		r.loop(stmt)
	}
}

func (r *rewriter) loop(stmt ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.WhileStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step = r.expr(s.Init), r.expr(s.Limit), r.optional(s.Step)
		r.block(s.Stmts)
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		r.block(s.Stmts)
	}
}

func (r *rewriter) exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = r.expr(e)
	}
}

func (r *rewriter) optional(e ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	return r.expr(e)
}

func (r *rewriter) expr(expr ast.Expr) ast.Expr {
	r.enter(expr)
	defer r.leave()
	switch e := expr.(type) {
	case *ast.AttrGetExpr:
		e.Object, e.Key = r.expr(e.Object), r.expr(e.Key)
	case *ast.TableExpr:
		r.table(e)
	case *ast.FuncCallExpr:
		r.call(e)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.block(e.Stmts)
	case *ast.StringConcatOpExpr:
		return r.concatCall(e)
	}
	return expr
}

func (r *rewriter) table(t *ast.TableExpr) {
	items := 0
	for _, f := range t.Fields {
		if f.Key == nil {
			items++
		}
		f.Key, f.Value = r.optional(f.Key), r.expr(f.Value)
	}
	if items > maxItems {
		panic(r.script.fail(t.Line(), "this table has too many items in one constructor (more than %d)", maxItems))
	}
}

func (r *rewriter) call(c *ast.FuncCallExpr) {
	r.noteImport(c)
	c.Func = r.optional(c.Func)
	c.Receiver = r.optional(c.Receiver)
	r.exprs(c.Args)
}

func (r *rewriter) noteImport(c *ast.FuncCallExpr) {
	name, ok := c.Func.(*ast.IdentExpr)
	if !ok || name.Value != "require" || len(c.Args) != 1 {
		return
	}
	if module, ok := c.Args[0].(*ast.StringExpr); ok && !slices.Contains(r.imports, module.Value) {
		r.imports = append(r.imports, module.Value)
	}
}

// concatCall turns a..b..c into one call, concat(a, b, c). The native operator
// allocates without limit in one instruction; the call charges first, and is
// faster from three operands on.
func (r *rewriter) concatCall(c *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	rest := ast.Expr(c)
	for {
		next, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		operands = append(operands, r.expr(next.Lhs))
		rest = next.Rhs
	}
	operands = append(operands, r.expr(rest))
	if len(operands) > maxOperands {
		panic(r.script.fail(c.Line(), "too many strings joined with '..' at once (more than %d); use table.concat", maxOperands))
	}
	oneValue(operands[len(operands)-1])
	function := &ast.StringExpr{Value: r.concat}
	function.SetLine(c.Line())
	call := &ast.FuncCallExpr{Func: function, Args: operands, AdjustRet: true}
	call.SetLine(c.Line())
	return call
}

// oneValue makes an expression that could give many values give exactly one.
func oneValue(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

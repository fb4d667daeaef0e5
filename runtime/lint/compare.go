package lint

import (
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// condition visits an expression of which only truth matters.
func (w *walker) condition(e ast.Expr) {
	logical, ok := e.(*ast.LogicalOpExpr)
	if !ok {
		w.expr(e)
		return
	}
	w.condition(logical.Lhs)
	at := w.at(operators[logical.Operator])
	if logical.Operator == "or" && isEquality(logical.Lhs) && isTrue(logical.Rhs) {
		w.report(at, SeverityWarning, CodeComparison, "this is always true: what stands behind or is compared with nothing; write x == a or x == b")
	}
	w.contradiction(logical, at)
	w.condition(logical.Rhs)
}

func isEquality(e ast.Expr) bool {
	comparison, ok := e.(*ast.RelationalOpExpr)
	return ok && (comparison.Operator == "==" || comparison.Operator == "~=")
}

// contradiction reports x == a and x == b, which is never true, and x ~= a or
// x ~= b, which always is.
func (w *walker) contradiction(e *ast.LogicalOpExpr, at ast.Position) {
	left, ok1 := e.Lhs.(*ast.RelationalOpExpr)
	right, ok2 := e.Rhs.(*ast.RelationalOpExpr)
	if !ok1 || !ok2 || left.Operator != right.Operator {
		return
	}
	same, name := path(left.Lhs), path(right.Lhs)
	a, isName1 := constantKey(left.Rhs)
	b, isName2 := constantKey(right.Rhs)
	if same == "" || same != name || a == "" || a == b || isName1 != isName2 {
		return
	}
	switch {
	case e.Operator == "and" && left.Operator == "==":
		w.report(at, SeverityWarning, CodeComparison, "%s cannot equal both; write or", same)
	case e.Operator == "or" && left.Operator == "~=":
		w.report(at, SeverityWarning, CodeComparison, "%s always differs from one of both; write and", same)
	}
}

// path is an expression of names alone, a.b.c, or "".
func path(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return e.Value
	case *ast.AttrGetExpr:
		object := path(e.Object)
		if key, ok := e.Key.(*ast.StringExpr); ok && object != "" {
			return object + "." + key.Value
		}
	}
	return ""
}

// comparison visits a == b and its like.
func (w *walker) comparison(e *ast.RelationalOpExpr) {
	start := w.next
	left := w.expr(e.Lhs)
	end := w.next
	at := w.at(operators[e.Operator])
	right := w.expr(e.Rhs)
	if _, negated := e.Lhs.(*ast.UnaryNotOpExpr); negated && w.isBare(start, end, at) {
		if _, both := e.Rhs.(*ast.UnaryNotOpExpr); !both {
			w.report(at, SeverityWarning, CodeComparison, "not comes before %s: this compares the negated value; write not (a %s b)", e.Operator, e.Operator)
			return
		}
	}
	restsOn := append(left.restsOn[:len(left.restsOn):len(left.restsOn)], right.restsOn...)
	w.checkKinds(e.Operator, left.entry, right.entry, claim{restsOn, at})
}

// isBare reports whether the not among the tokens from start stands without a
// parenthesis of its own: (not a) == b is meant as it is written.
func (w *walker) isBare(start, end int, operator ast.Position) bool {
	for start < end && w.tokens[start].Type != parse.TNot {
		start++
	}
	for end < len(w.tokens) && w.tokens[end].Pos != operator {
		end++
	}
	return w.balanced(start, end)
}

// checkKinds reports a comparison of values that have no type in common.
func (w *walker) checkKinds(operator string, left, right *entry, c claim) {
	a, b := kindsOf(left), kindsOf(right)
	if operator != "==" && operator != "~=" {
		w.checkOrder(operator, withoutNil(a), withoutNil(b), c)
		return
	}
	if len(a) > 0 && len(b) > 0 && !shareKind(a, b) {
		w.reportIf(c, SeverityWarning, CodeComparison, "a %s never equals a %s%s", join(withoutNil(a)), join(withoutNil(b)), convert(a, b))
	}
}

// checkOrder reports a comparison by <, >, <= or >= that raises: Lua orders
// numbers with numbers and strings with strings, and what has a metamethod.
func (w *walker) checkOrder(operator string, a, b []string, c claim) {
	for _, kinds := range [][]string{a, b} {
		if len(kinds) == 1 && slices.Contains([]string{"boolean", "nil", "function"}, kinds[0]) {
			w.reportIf(c, SeverityError, CodeComparison, "a %s cannot be compared by %s", kinds[0], operator)
			return
		}
	}
	if len(a) > 0 && len(b) > 0 && !shareKind(a, b) {
		w.reportIf(c, SeverityError, CodeComparison, "a %s cannot be compared with a %s by %s%s", join(a), join(b), operator, convert(a, b))
	}
}

func shareKind(a, b []string) bool {
	return slices.ContainsFunc(a, func(kind string) bool { return slices.Contains(b, kind) })
}

// kindsOf are the types that a value can have, none when that is not known.
func kindsOf(e *entry) []string {
	if e == nil || e.kinds == "" || strings.Contains(e.kinds, "any") {
		return nil
	}
	return strings.Split(e.kinds, "|")
}

func withoutNil(kinds []string) []string {
	if len(kinds) == 1 {
		return kinds
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return kind == "nil" })
}

func join(kinds []string) string { return strings.Join(kinds, " or ") }

// convert is the hint for the most common case, a number that came as text.
func convert(a, b []string) string {
	if slices.Contains(a, "string") && slices.Contains(b, "number") || slices.Contains(a, "number") && slices.Contains(b, "string") {
		return "; use tonumber"
	}
	return ""
}

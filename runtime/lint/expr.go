package lint

import (
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// known is what is known about an expression's value, as long as the variables
// that this rests on keep their first value.
type known struct {
	entry   *entry
	restsOn []*variable
}

// maxRests bounds how many variables knowledge is carried through.
const maxRests = 8

// of is a value of which only the kinds are known.
func of(kinds string) known { return known{entry: &entry{kinds: kinds}} }

func (w *walker) exprs(list []ast.Expr) []known {
	values := make([]known, len(list))
	for i, e := range list {
		values[i] = w.expr(e)
	}
	return values
}

// expr visits an expression and returns what is known about its value.
func (w *walker) expr(expr ast.Expr) known {
	switch e := expr.(type) {
	case *ast.IdentExpr:
		return w.name(e)
	case *ast.AttrGetExpr:
		return w.attribute(e, nil)
	case *ast.FuncCallExpr:
		return w.call(e)
	case *ast.FunctionExpr:
		w.take(parse.TFunction)
		w.function(e)
		return of("function")
	case *ast.TableExpr:
		w.fields(e, func(_ string, value ast.Expr) { w.expr(value) })
		return of("table")
	case *ast.Comma3Expr:
		w.take(parse.T3Comma)
		return known{}
	case *ast.NilExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NumberExpr, *ast.StringExpr:
		return w.literal(expr)
	}
	return w.operation(expr)
}

func (w *walker) literal(expr ast.Expr) known {
	switch expr.(type) {
	case *ast.NilExpr:
		w.take(parse.TNil)
		return of("nil")
	case *ast.TrueExpr:
		w.take(parse.TTrue)
		return of("boolean")
	case *ast.FalseExpr:
		w.take(parse.TFalse)
		return of("boolean")
	case *ast.NumberExpr:
		w.take(parse.TNumber)
		return of("number")
	}
	w.take(parse.TString)
	return of("string")
}

func (w *walker) operation(expr ast.Expr) known {
	switch e := expr.(type) {
	case *ast.LogicalOpExpr:
		w.expr(e.Lhs)
		w.take(operators[e.Operator])
		w.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		w.comparison(e)
		return of("boolean")
	case *ast.StringConcatOpExpr:
		w.expr(e.Lhs)
		w.take(parse.T2Comma)
		w.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		w.expr(e.Lhs)
		w.take(operators[e.Operator])
		w.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		w.take('-')
		w.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		w.take('#')
		w.expr(e.Expr)
		return of("number")
	case *ast.UnaryNotOpExpr:
		w.take(parse.TNot)
		w.condition(e.Expr)
		return of("boolean")
	}
	return known{} // a metamethod may answer anything
}

func (w *walker) name(e *ast.IdentExpr) known {
	at := w.at(parse.TIdent)
	v := w.find(e.Value)
	if v == nil {
		return known{entry: w.readGlobal(e.Value, at)}
	}
	v.reads++
	if v.name == "_G" && v.at.Line == 0 {
		w.globals.dynamic = true // _G.name never comes here
	}
	if v.value == nil || len(v.rests) >= maxRests {
		return known{}
	}
	return known{v.value, append(v.rests[:len(v.rests):len(v.rests)], v)}
}

// attribute visits a.b or a[b]; call is the call of it, nil when there is none.
func (w *walker) attribute(e *ast.AttrGetExpr, call *ast.FuncCallExpr) known {
	if name, ok := w.globalField(e); ok {
		return known{entry: w.words.globals[name]}
	}
	object := w.expr(e.Object)
	key, at := w.key(e)
	if key == "" {
		return known{}
	}
	if call != nil {
		w.dotCall(object, e.Object, key, at, call)
	}
	value, there := object.entry.member(key)
	if !there && call != nil {
		w.unknownName(object, key, at, SeverityError) // calling nil raises
	} else if !there {
		w.unknownName(object, key, at, SeverityWarning)
	}
	return known{value, object.restsOn}
}

// dotCall reports object.name() where object:name() belongs: the method misses
// what it is called on. object.name(object) is the same in other words.
func (w *walker) dotCall(object known, called ast.Expr, name string, at ast.Position, call *ast.FuncCallExpr) {
	if object.entry == nil || len(call.Args) > 0 && path(called) != "" && path(call.Args[0]) == path(called) {
		return
	}
	methods, ok := w.words.methods(object.entry)
	if _, there := methods.members[name]; ok && there {
		w.reportIf(claim{object.restsOn, at}, SeverityError, CodeDotCall, "%s:%s is called with ':', not '.'", methods.name, name)
	}
}

// key visits the key of a.b or a[b]; it is "" unless it is a constant name.
func (w *walker) key(e *ast.AttrGetExpr) (name string, at ast.Position) {
	constant, isConstant := e.Key.(*ast.StringExpr)
	if w.take('.', '[').Type == '.' {
		return constant.Value, w.at(parse.TIdent)
	}
	at = w.tokens[min(w.next, len(w.tokens)-1)].Pos
	w.expr(e.Key)
	w.take(']')
	if isConstant {
		return constant.Value, at
	}
	return "", at
}

// call visits a call and returns what is known about its first result.
func (w *walker) call(e *ast.FuncCallExpr) known {
	var function known
	switch f := e.Func.(type) {
	case *ast.AttrGetExpr:
		function = w.attribute(f, e)
	case nil:
		function = w.method(e)
	default:
		function = w.expr(f)
	}
	var called *call
	if function.entry != nil {
		called = function.entry.call
	}
	for i, argument := range e.Args {
		if options, ok := argument.(*ast.TableExpr); ok && called != nil && i < len(called.params) && len(called.params[i].Fields) > 0 {
			w.options(options, function.entry.name, function, called.params[i].Fields)
			continue
		}
		w.expr(argument)
	}
	if called == nil || called.result == nil {
		return known{}
	}
	return known{called.result, function.restsOn}
}

// method visits receiver:name and returns what is known about the function.
func (w *walker) method(e *ast.FuncCallExpr) known {
	receiver := w.expr(e.Receiver)
	w.take(':')
	at := w.at(parse.TIdent)
	if receiver.entry == nil {
		return known{}
	}
	methods, ok := w.words.methods(receiver.entry)
	if !ok {
		return known{}
	}
	method, there := methods.member(e.Method)
	if !there {
		w.unknownName(known{methods, receiver.restsOn}, e.Method, at, SeverityError)
	}
	return known{method, receiver.restsOn}
}

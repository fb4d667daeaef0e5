package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"picloud/runtime"
)

// methods are what can be called with a colon on a value of a type of the SDK.
func (v *vocabulary) methods(value *entry) (methods *entry, ok bool) {
	name := strings.TrimSuffix(value.kinds, "|nil")
	members, ok := v.types[name]
	return &entry{members: members, closed: true, name: name}, ok && v.colon[name]
}

func (w *walker) unknownName(object known, name string, at ast.Position, severity Severity) {
	w.reportIf(claim{object.restsOn, at}, severity, CodeUnknownName, "%s has no %q%s",
		object.entry.name, name, w.like(name, object.entry.members))
}

// options visits a table of options that owner, which rests on function, takes,
// and the tables in it.
func (w *walker) options(t *ast.TableExpr, owner string, function known, fields []runtime.ParamDoc) {
	var names []string
	for _, field := range fields {
		names = append(names, field.Name)
	}
	keys := w.fields(t, func(name string, value ast.Expr) {
		inner, isTable := value.(*ast.TableExpr)
		at := slices.Index(names, name)
		switch {
		case !isTable || at < 0 || len(fields[at].Fields) == 0:
			w.expr(value)
		case strings.HasSuffix(fields[at].Type, "[]"):
			w.optionList(inner, owner+"'s "+name, function, fields[at].Fields)
		default:
			w.options(inner, owner+"'s "+name, function, fields[at].Fields)
		}
	})
	for key, at := range keys {
		if !slices.Contains(names, key) {
			w.reportIf(claim{function.restsOn, at}, SeverityError, CodeUnknownKey, "%s has no option %q; there is %s",
				owner, key, strings.Join(names, ", "))
		}
	}
}

// optionList visits a list of tables of options.
func (w *walker) optionList(t *ast.TableExpr, owner string, function known, fields []runtime.ParamDoc) {
	w.fields(t, func(_ string, value ast.Expr) {
		if item, ok := value.(*ast.TableExpr); ok {
			w.options(item, owner, function, fields)
			return
		}
		w.expr(value)
	})
}

// fields visits a table constructor, its values by value, and returns its
// constant names with the place of each.
func (w *walker) fields(t *ast.TableExpr, value func(name string, e ast.Expr)) map[string]ast.Position {
	names, keys := map[string]ast.Position{}, map[string]int{}
	w.take('{')
	for _, field := range t.Fields {
		name := ""
		if field.Key != nil {
			at := w.fieldKey(field.Key)
			key, isName := constantKey(field.Key)
			if line, twice := keys[key]; key != "" && twice {
				w.report(at, SeverityWarning, CodeDuplicateKey, "this key is given on line %d already; the last value wins", line)
			}
			keys[key] = at.Line
			if isName {
				name = field.Key.(*ast.StringExpr).Value
				names[name] = at
			}
		}
		value(name, field.Value)
	}
	w.take('}')
	return names
}

// results visits what a return gives back. A table with statusCode that a script
// returns is its response.
func (w *walker) results(list []ast.Expr) {
	if len(list) == 0 {
		return
	}
	table, ok := list[0].(*ast.TableExpr)
	if !ok || w.depth > 0 {
		w.exprs(list)
		return
	}
	w.response(w.fields(table, func(_ string, value ast.Expr) { w.expr(value) }))
	w.exprs(list[1:])
}

// response reports keys of a response that mean nothing, and a table that looks
// like a response and is the body of one: its statusCode has another name.
func (w *walker) response(keys map[string]ast.Position) {
	_, structured := keys["statusCode"]
	_, hasBody := keys["body"]
	_, hasHeaders := keys["headers"]
	for key, at := range keys {
		switch {
		case structured && !slices.Contains(runtime.ResponseKeys, key):
			w.report(at, SeverityWarning, CodeUnknownKey, "a response has no %q, so it is left out; there is statusCode, headers, body", key)
		case !structured && (hasBody || hasHeaders) && slices.Contains([]string{"status", "statuscode", "status_code", "StatusCode"}, key):
			w.report(at, SeverityWarning, CodeUnknownKey, "without statusCode all of this is the body of a 200; write statusCode for %s", key)
		}
	}
}

// fieldKey visits name = or [key] = in a table constructor.
func (w *walker) fieldKey(key ast.Expr) ast.Position {
	if w.peek(parse.TIdent, '[') == parse.TIdent {
		return w.at(parse.TIdent)
	}
	w.take('[')
	at := w.tokens[min(w.next, len(w.tokens)-1)].Pos
	w.expr(key)
	w.take(']')
	return at
}

// constantKey is a text that two keys share when they are the same constant, ""
// for what is none.
func constantKey(key ast.Expr) (text string, isName bool) {
	switch k := key.(type) {
	case *ast.StringExpr:
		return "s" + k.Value, true
	case *ast.NumberExpr:
		return "n" + k.Value, false
	case *ast.TrueExpr:
		return "true", false
	case *ast.FalseExpr:
		return "false", false
	}
	return "", false
}

// like suggests the one of members that a misspelt name may have meant. Only
// the findings that are shown get a suggestion: looking for one takes a while.
func (w *walker) like(name string, members map[string]*entry) string {
	if len(w.findings) >= maxDiagnostics {
		return ""
	}
	return like(name, slices.Collect(maps.Keys(members)))
}

// like suggests the one of names that is closest to a misspelt one, if any is
// close.
func like(name string, names []string) string {
	best, distance := "", 3
	slices.Sort(names)
	for _, candidate := range names {
		if d := editDistance(name, candidate); d < distance && d < len(candidate) {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance counts the changes of one byte that make a into b, at most 3.
func editDistance(a, b string) int {
	const far = 3
	if len(a)-len(b) >= far || len(b)-len(a) >= far || len(a) > 64 {
		return far
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return min(row[len(b)], far)
}

package compile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// Program is compiled source. It is read-only and shared by all states.
type Program struct {
	// Proto is the main chunk. It is called with two arguments, the context
	// object and the environment, which the script sees as the locals ctx and
	// _G: a local is a register, cheaper than an entry of a fresh environment.
	// Further arguments are the script's `...`.
	Proto *lua.FunctionProto
	// Imports are the names in require "x" and require("x"), each once, in the
	// order of their first appearance.
	Imports []string
	// Bytes estimates the memory the program takes, for a cache's budget.
	Bytes int
}

// Error is source that cannot be compiled, and where. Line and Column are >= 1.
type Error struct {
	Name         string // of the script
	Line, Column int
	Message      string
}

// Error returns the message with its position: "name:line:column: message".
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Line, e.Column, e.Message)
}

// Compile compiles source under name, which error messages of the running
// script carry. concat implements the operator "..": it gets two or more operands
// and returns one value, charging for it. The error is always an *Error.
func Compile(name, source string, concat *lua.LFunction) (*Program, error) {
	return newScript(name, source).compile(concat)
}

func (s *script) compile(concat *lua.LFunction) (program *Program, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			program, err = nil, s.panicked(recovered)
		}
	}()
	chunk, err := s.parse()
	if err != nil {
		return nil, err
	}
	// A random name, so that no string of the source is mistaken for it.
	placeholder := "(concat " + rand.Text() + ")"
	r := &rewriter{script: s, concat: placeholder}
	outer, compileErr := lua.Compile([]ast.Stmt{s.wrap(r.block(chunk))}, s.name)
	if compileErr != nil {
		return nil, s.compileError(compileErr)
	}
	proto := outer.FunctionPrototypes[0]
	if err := s.checkProto(proto); err != nil {
		return nil, err
	}
	finish(proto, placeholder, concat)
	return &Program{Proto: proto, Imports: r.imports, Bytes: protoBytes(proto)}, nil
}

// script is the source being compiled.
type script struct {
	name, source string
	tokens       *[]Token // where scan puts what it meets; nil for nowhere
}

func newScript(name, source string) *script {
	return &script{name: name, source: strings.TrimPrefix(source, "\ufeff")}
}

// parse returns the syntax tree of source that is not too much for the parser.
func (s *script) parse() ([]ast.Stmt, error) {
	if err := s.scan(); err != nil {
		return nil, err
	}
	chunk, err := parse.Parse(strings.NewReader(s.source), s.name)
	if err != nil {
		return nil, s.syntaxError(err)
	}
	return chunk, nil
}

// fail returns an error at a line; its column is the first text on that line.
func (s *script) fail(line int, format string, args ...any) *Error {
	line = max(1, line)
	return s.failAt(line, s.firstColumn(line), format, args...)
}

func (s *script) failAt(line, column int, format string, args ...any) *Error {
	return &Error{Name: s.name, Line: max(1, line), Column: max(1, column), Message: fmt.Sprintf(format, args...)}
}

// firstColumn is the column of the first text on a line.
func (s *script) firstColumn(line int) int {
	rest := s.source
	for ; line > 1; line-- {
		_, after, found := strings.Cut(rest, "\n")
		if !found {
			return 1
		}
		rest = after
	}
	text, _, _ := strings.Cut(rest, "\n")
	trimmed := strings.TrimLeft(text, " \t\r")
	if trimmed == "" {
		return 1
	}
	return len(text) - len(trimmed) + 1
}

// end is the position just past the last character.
func (s *script) end() (line, column int) {
	last := strings.LastIndexByte(s.source, '\n')
	return strings.Count(s.source, "\n") + 1, len(s.source) - last
}

// panicked turns a panic of the parser, the rewriter or the compiler into an error.
func (s *script) panicked(recovered any) error {
	if failure, ok := recovered.(*Error); ok {
		return failure
	}
	return s.fail(1, "the script cannot be compiled (%.200v)", recovered)
}

// compileError turns the error of the code generator into one with a position.
func (s *script) compileError(err error) error {
	var failure *lua.CompileError
	if !errors.As(err, &failure) {
		return s.fail(1, "the script cannot be compiled (%.200v)", err)
	}
	message := failure.Message
	// Of a goto without its label the generator knows the line, but reports the
	// end of the function.
	var line int
	if _, at, found := strings.Cut(message, " for <goto> at line "); found {
		if _, err := fmt.Sscan(at, &line); err == nil {
			return s.fail(line, "%s", message)
		}
	}
	switch {
	case strings.HasPrefix(message, "label '"):
		return s.fail(failure.Line-1, "%s", message) // it reports the line after the label
	case strings.HasPrefix(message, "register overflow"), message == "too many local variables":
		return s.fail(failure.Line, "the function that starts here has too many local variables or too large an expression (at most 200 values at once)")
	default:
		return s.fail(failure.Line, "%s", message)
	}
}

// wrap makes the chunk the body of a function with the parameters ctx and _G,
// which lua.Compile's own main function cannot have: return function(ctx, _G, ...).
func (s *script) wrap(chunk []ast.Stmt) ast.Stmt {
	last, _ := s.end()
	body := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true, Names: []string{"ctx", "_G"}}, Stmts: chunk}
	body.SetLine(1)
	body.SetLastLine(last)
	whole := &ast.ReturnStmt{Exprs: []ast.Expr{body}}
	whole.SetLine(1)
	whole.SetLastLine(last)
	return whole
}

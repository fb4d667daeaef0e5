package runtime

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/compile"
)

// SourceError is a script that cannot be compiled, and where (spec 4, "Bad
// programs"). Line and Column are at least 1.
type SourceError struct {
	Line, Column int
	Message      string
}

// Error returns the message with its position.
func (e *SourceError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Check compiles source without running it and returns the names of the
// modules it requires by literal, or a *SourceError. Saving a script calls it
// first, and every compile before a run applies the same rules again.
func (e *Engine) Check(name, source string) (imports []string, err error) {
	program, err := compile.Compile(name, source, e.library.Concat)
	if err != nil {
		return nil, sourceError(err)
	}
	return program.Imports, nil
}

func (e *Engine) compile(name, source string) (*lua.FunctionProto, error) {
	program, err := compile.Compile(name, source, e.library.Concat)
	if err != nil {
		return nil, sourceError(err)
	}
	return program.Proto, nil
}

func sourceError(err error) error {
	var refused *compile.Error
	if errors.As(err, &refused) {
		return &SourceError{Line: refused.Line, Column: refused.Column, Message: refused.Message}
	}
	return err
}

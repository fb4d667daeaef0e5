package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/runtime/stdlib"
	"picloud/store"
)

// failure is why a run gave no response, in the words of the record. It holds
// text only, never a value of the Lua state.
type failure struct {
	status     store.ExecutionStatus
	httpStatus int
	code       string
	message    string
	origin
	retryAfter time.Duration
}

// result is the answer that a failure gives.
func (f *failure) result() *Result {
	return &Result{Status: f.httpStatus, Err: &Error{
		Code: f.code, Message: f.message, Line: f.line, RetryAfter: f.retryAfter,
	}}
}

func (e *Engine) busy() *failure {
	e.counters.refused.Add(1)
	// Whole seconds, as the header Retry-After has them.
	wait := time.Duration(math.Ceil(max(1, e.gate.wait.Seconds()))) * time.Second
	return &failure{
		status: store.StatusRejected, httpStatus: http.StatusServiceUnavailable, code: CodeBusy,
		message: "too many executions are running or waiting", retryAfter: wait,
	}
}

func scriptFailure(code, message string, where origin) *failure {
	return &failure{
		status: store.StatusError, httpStatus: http.StatusBadGateway, code: code,
		message: strings.ToValidUTF8(clipText(message, maxErrorText), "\uFFFD"), origin: where,
	}
}

// loadFailure is a script whose source cannot be read or compiled.
func (e *Engine) loadFailure(script *store.Script, err error) *failure {
	var refused *SourceError
	if errors.As(err, &refused) {
		return scriptFailure(CodeScriptError, refused.Message, origin{script: script.Name, line: refused.Line})
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return e.busy()
	}
	e.logger.Error("script cannot be loaded", "script_id", script.ID, "version", script.Version, "error", err)
	return scriptFailure(CodeInternal, "the script cannot be loaded", origin{script: script.Name})
}

// limitFailure is a run that the meter stopped.
func limitFailure(stopped *meter.Failure, where origin) *failure {
	f := &failure{
		status: store.ExecutionStatus(stopped.Cause), httpStatus: http.StatusInsufficientStorage,
		code: string(stopped.Cause), message: stopped.Message, origin: where,
	}
	if stopped.Cause == meter.CauseTimeout {
		f.httpStatus = http.StatusGatewayTimeout
	}
	return f
}

// internalFailure is what a defect of PiCloud's own looks like from outside.
func internalFailure(script *store.Script) *failure {
	return scriptFailure(CodeInternal, "an internal error; the server's log has it under the execution id", origin{script: script.Name})
}

// failureOf turns what a script's execution panicked with into a failure.
func (s *state) failureOf(cause any) *failure {
	if stopped := s.meter.Failure(); stopped != nil && stopped.Cause == meter.CauseDefect {
		return s.defect(stopped.Message)
	} else if stopped != nil {
		return limitFailure(stopped, originOf(s.L, ""))
	}
	raised, isLua := meter.ErrorValue(cause)
	if isLua {
		return s.raisedFailure(s.errorText(raised))
	}
	stack := debug.Stack()
	if meter.RegistersFull(stack) {
		where := originOf(s.L, "")
		where.line = max(where.line, 1)
		return scriptFailure(CodeScriptError, "stack overflow (too many values in one call)", where)
	}
	return s.defect(fmt.Sprintf("panic: %v\n%s", cause, stack))
}

// raisedFailure is a script's error that nothing caught.
func (s *state) raisedFailure(message string) *failure {
	f := scriptFailure(CodeScriptError, message, originOf(s.L, message))
	if full := s.run.full; full != "" && strings.HasSuffix(message, full) {
		f.code, f.httpStatus = CodeStorageFull, http.StatusInsufficientStorage
	}
	return f
}

// defect logs what only PiCloud's developers can mend, and says no more of it
// to the script's author than where to look.
func (s *state) defect(what string) *failure {
	run := &s.run
	run.engine.logger.Error("panic below a script", "script_id", run.script.ID, "version", run.script.Version,
		"execution_id", run.record.execution.ID, "panic", what)
	return internalFailure(run.script)
}

// errorText shows an error value without calling into the script: a table by
// its message and code, or as JSON.
func (s *state) errorText(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return stdlib.FormatNumber(v)
	case *lua.LTable:
		return s.errorTable(v)
	}
	if v == nil || v == lua.LNil {
		return "nil"
	}
	return "the error value is a " + v.Type().String()
}

func (s *state) errorTable(t *lua.LTable) string {
	message, hasMessage := t.RawGetString("message").(lua.LString)
	if code, ok := t.RawGetString("code").(lua.LString); ok && hasMessage {
		return string(code) + ": " + string(message)
	}
	if hasMessage {
		return string(message)
	}
	text := "the error value is a table"
	// Encoding charges the meter and raises when that stops it.
	s.shield(func() {
		if encoded, err := luax.EncodeJSON(s.L, nil, t, maxErrorText); err == nil {
			text = string(encoded)
		}
	})
	return text
}

// shield runs fn and drops what it raises, for text that is only nice to have.
func (s *state) shield(fn func()) {
	defer func() { _ = recover() }()
	fn()
}

package store

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the closed set of reasons an operation can fail for. One function in
// http turns a kind into a status; nothing else looks at error text.
type Kind string

// The kinds. The set grows only at its end.
const (
	KindInvalid      Kind = "invalid"
	KindUnauthorized Kind = "unauthorized"
	KindForbidden    Kind = "forbidden"
	KindNotFound     Kind = "not_found"
	KindConflict     Kind = "conflict"
	KindLimit        Kind = "limit"
	KindTooLarge     Kind = "too_large"
	KindUnavailable  Kind = "unavailable"
	KindInternal     Kind = "internal"
)

// Error is a failure that a caller may see: Code is stable, Message says what
// to do, Details are the fields that go with the code. Err, the cause, is for
// the log only.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Details map[string]any
	Err     error
}

// Error returns the message with the cause behind it, for logs.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Listed names what may stand somewhere, for a message: "open, resolved".
func Listed[Name ~string](names []Name) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// Errorf makes an Error whose message is made from format and args.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of err: KindInternal for an error that is not an *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

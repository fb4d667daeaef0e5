package runtime

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

// Kind is ctx.invocation_type.
type Kind string

// The kinds of invocation (spec 3, "ctx").
const (
	KindHTTP    Kind = "http"
	KindExecute Kind = "execute"
	KindTrigger Kind = "trigger"
	KindTest    Kind = "test"
)

// Invocation asks for one run.
type Invocation struct {
	Script    *store.Script // header as in the catalog
	Kind      Kind
	RequestID string
	Request   *Request // nil for events
	// Background marks work that may not take the gate's last quarter.
	Background bool
	// Guarded is what the route's guards found; nil when it has none.
	Guarded *Guarded
}

// Request is what ctx.request shows, parsed only as far as a script asks.
type Request struct {
	Method    string
	Path      string // as received, escaped
	RawTarget string // exact request target, query included
	Host      string
	Scheme    string // "http" or "https"
	RemoteIP  string
	Header    http.Header // already free of platform credentials
	RawQuery  string
	Params    []Param // values percent-decoded
	Rest      string  // percent-decoded, no leading slash
	Body      []byte  // whole, within the cap
}

// Param is one captured path segment.
type Param struct{ Name, Value string }

// Result is what the caller sends.
type Result struct {
	Status      int // the HTTP status, also of an error (502, 503, 504, 507)
	Header      []store.HeaderField
	Body        []byte
	ExecutionID uuid.UUID
	Err         *Error           // nil on success
	Execution   *store.Execution // only when Kind is KindTest: a private copy
}

// The codes of Error.
const (
	CodeScriptError     = "script_error"
	CodeInvalidResponse = "invalid_response"
	CodeBusy            = "busy"
	CodeInternal        = "internal"
)

// Error is why a run gave no response of its own. Code is one of the Code
// constants or a meter.Cause. The HTTP answer names Code and the execution id,
// never Message (spec 8, "Handler errors over HTTP").
type Error struct {
	Code       string
	Message    string
	Line       int           // 0 when no line is known
	RetryAfter time.Duration // only with CodeBusy
}

// Error returns the message, for logs.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

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
	Request   *Request  // nil for events
	RouteID   uuid.UUID // that the request came by and waits for; zero for all else
	// Screen, when set, says which header fields of the response may be sent,
	// and leaves a note about the others, before the run is recorded. CookiePath
	// is handed to it.
	Screen     func(cookiePath string, fields []store.HeaderField) (kept []store.HeaderField, note string)
	CookiePath string
	// Note is about the request, for the script's author: a line of the record.
	Note string
	// Event is what started the run; nil for requests.
	Event *Event
	// Depth counts the events that led to this run: 0 for a request.
	Depth int
	// Background marks a delivery: it may not take the gate's last quarter, its
	// script may steer it, and without a free slot it leaves no record, since it
	// is tried again.
	Background bool
	// Guarded is what the route's guards found; nil when it has none.
	Guarded *Guarded
}

// Notes are what the record of the run says about the request before it runs.
func (i *Invocation) Notes() []string {
	var notes []string
	if i.Note != "" {
		notes = append(notes, i.Note)
	}
	if i.Guarded != nil {
		notes = append(notes, i.Guarded.Notes...)
	}
	return notes
}

// test reports whether someone only tries the script out.
func (i *Invocation) test() bool { return i.Kind == KindTest || i.Event != nil && i.Event.Test }

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
	Hops      int     // scripts' calls that led to this request, as HopsHeader says
}

// HopsHeader counts, in a request that a script makes, the runs that led to it.
// A script that calls itself comes to an end by it.
const HopsHeader = "Picloud-Hops"

// Param is one captured path segment.
type Param struct{ Name, Value string }

// Result is what the caller sends.
type Result struct {
	Status      int // the HTTP status, also of an error (502, 503, 504, 507)
	Header      []store.HeaderField
	Body        []byte
	ExecutionID uuid.UUID
	Path        string           // of the request, as its record has it: without secrets
	DurationMS  float64          // with the wait for a slot
	Err         *Error           // nil on success
	Steering    Steering         // only of a delivery
	Execution   *store.Execution // only of a test run or a test event: a private copy
}

// The codes of Error.
const (
	CodeScriptError     = "script_error"
	CodeInvalidResponse = "invalid_response"
	CodeBusy            = "busy"
	CodeInternal        = "internal"
	CodeStorageFull     = "storage_full"
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

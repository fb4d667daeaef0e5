package runtime

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"picloud/store"
)

// Bounds of the execution log (spec 4, "The execution log").
const (
	maxLogLines        = 200
	maxLogLineBytes    = 4 << 10
	maxRecordedBody    = 8 << 10
	maxRecordedHeaders = 32
	maxRecordedHeader  = 512     // bytes of one value
	maxRecordedPath    = 2 << 10 // of the path, and of the query
	maxErrorText       = 4 << 10
	maxQueries         = 3
	maxShownKey        = 64 // bytes of a key in a note
)

// record is an execution with its request and response in one allocation.
type record struct {
	took      time.Duration // the wait for a slot included
	execution store.Execution
	request   store.RecordedRequest
	response  store.RecordedResponse
	secrets   *masker // nil until the run, or its route's guards, have read one
}

// newRecord describes a run as far as it is known before it starts.
func newRecord(id uuid.UUID, started time.Time, invocation *Invocation) *record {
	script := invocation.Script
	r := &record{execution: store.Execution{
		ID: id, RouteID: invocation.RouteID, AppID: script.AppID, ScriptID: script.ID, ScriptVersion: script.Version,
		RequestID: invocation.RequestID, InvocationType: string(invocation.Kind),
		Status: store.StatusSuccess, StartedAt: store.TimeOf(started),
	}}
	if event := invocation.Event; event != nil && event.TriggerID != uuid.Nil {
		r.execution.TriggerID = &event.TriggerID
	}
	if invocation.Request != nil {
		r.recordRequest(invocation.Request)
		r.execution.Request = &r.request
	}
	for _, note := range invocation.Notes() {
		r.note(started, note)
	}
	if guarded := invocation.Guarded; guarded != nil {
		for _, secret := range guarded.Secrets {
			r.secrets = r.secrets.add(secret)
		}
	}
	return r
}

func (r *record) recordRequest(request *Request) {
	r.request.Method = request.Method
	r.request.Path = clipText(request.Path, maxRecordedPath)
	r.request.Query = clipText(RecordedQuery(request.RawQuery), maxRecordedPath)
	r.request.Headers = recordedHeaders(request)
	r.request.BodyBytes = len(request.Body)
	r.request.Body, r.request.BodyBase64 = recordedBody(request.Body)
}

// recordedHeaders are the selected headers in a fixed order.
func recordedHeaders(request *Request) []store.HeaderField {
	if len(request.Header) == 0 {
		return nil
	}
	fields := make([]store.HeaderField, 0, len(request.Header))
	for name, values := range request.Header {
		if rule := ruleOf(name); rule.keep {
			fields = append(fields, rule.field(strings.Join(values, ", ")))
		}
	}
	slices.SortFunc(fields, func(a, b store.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	return fields[:min(len(fields), maxRecordedHeaders)]
}

// recordedBody is the part of a body that the log keeps, as text when it is text.
func recordedBody(body []byte) (text string, isBase64 bool) {
	if len(body) <= maxRecordedBody {
		if utf8.Valid(body) {
			return string(body), false
		}
		return base64.StdEncoding.EncodeToString(body), true
	}
	part := trimPartialRune(body[:maxRecordedBody])
	if utf8.Valid(part) {
		return string(part), false
	}
	return base64.StdEncoding.EncodeToString(body[:maxRecordedBody]), true
}

// trimPartialRune drops the beginning of a character that a cut has left behind.
func trimPartialRune(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

// note adds a line of PiCloud's own to what the script logs; it comes in
// addition to the script's lines. The empty text is no line.
func (r *record) note(at time.Time, text string) {
	if text == "" {
		return
	}
	r.execution.Logs = append(r.execution.Logs, store.LogLine{
		At: store.TimeOf(at), Level: "warn", Message: clipText(strings.ToValidUTF8(text, "\uFFFD"), maxLogLineBytes),
	})
}

// finish adds the outcome.
func (r *record) finish(result *Result, failure *failure) {
	e := &r.execution
	e.StatusCode = result.Status
	e.DurationMS = float64(r.took.Microseconds()) / 1000
	result.DurationMS = e.DurationMS
	if failure != nil {
		e.Status = failure.status
		e.Error = &store.ExecutionError{
			Code: failure.code, Message: failure.message,
			Script: failure.script, Line: failure.line, Traceback: failure.traceback,
		}
		return
	}
	r.response.Status = result.Status
	r.response.BodyBytes = len(result.Body)
	r.response.Body, r.response.BodyBase64 = recordedBody(result.Body)
	r.response.Headers = make([]store.HeaderField, 0, min(len(result.Header), maxRecordedHeaders))
	for _, field := range result.Header[:min(len(result.Header), maxRecordedHeaders)] {
		r.response.Headers = append(r.response.Headers, ruleOf(field.Name).field(field.Value))
	}
	e.Response = &r.response
}

// copyExecution is a private copy for the caller of a test run: the original
// belongs to the store once it is recorded.
func copyExecution(e *store.Execution) *store.Execution {
	private := *e
	// Lists stay lists in JSON when they are empty.
	private.Logs = append([]store.LogLine{}, e.Logs...)
	private.Queries = slices.Clone(e.Queries)
	if e.Error != nil {
		failed := *e.Error
		private.Error = &failed
	}
	if e.Request != nil {
		request := *e.Request
		request.Headers = append([]store.HeaderField{}, request.Headers...)
		private.Request = &request
	}
	if e.Response != nil {
		response := *e.Response
		response.Headers = append([]store.HeaderField{}, response.Headers...)
		private.Response = &response
	}
	return &private
}

// clipText cuts text to so many bytes, between characters.
func clipText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return string(trimPartialRune([]byte(s[:most])))
}

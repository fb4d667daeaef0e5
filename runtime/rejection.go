package runtime

import (
	"slices"

	"github.com/google/uuid"

	"picloud/store"
)

// Guarded is what the guards of a route have found out about a request.
type Guarded struct {
	Secrets []Secret // that the request may hold, to be masked in its record
	Notes   []string // what the record should say
}

// Rejection is why a request was turned away before its script ran.
type Rejection struct {
	Code    string
	Message string // for the record
	Status  int    // of the HTTP answer
}

// Reject records a request that was turned away. Its body is counted but not
// kept: nobody has vouched for it.
func (e *Engine) Reject(invocation *Invocation, why Rejection) uuid.UUID {
	now := e.now()
	record := newRecord(e.store.NewExecutionID(now), now, invocation)
	record.request.Body, record.request.BodyBase64 = "", false
	x := &record.execution
	x.Status, x.StatusCode = store.StatusRejected, why.Status
	x.Error = &store.ExecutionError{Code: why.Code, Message: why.Message, Script: invocation.Script.Name}
	record.mask(&Result{}, false)
	e.store.RecordExecution(x)
	return x.ID
}

// Masked is the request without the guards' secrets, for keeping it.
func (g *Guarded) Masked(request *Request) *Request {
	if g == nil || len(g.Secrets) == 0 {
		return request
	}
	var m *masker
	for _, secret := range g.Secrets {
		m = m.add(secret)
	}
	masked := *request
	masked.Path, masked.RawTarget, masked.RawQuery, masked.Rest = m.text(request.Path), m.text(request.RawTarget), m.text(request.RawQuery), m.text(request.Rest)
	masked.Body = []byte(m.text(string(request.Body)))
	masked.Header = request.Header.Clone()
	for _, values := range masked.Header {
		for i := range values {
			values[i] = m.text(values[i])
		}
	}
	masked.Params = slices.Clone(request.Params)
	for i := range masked.Params {
		masked.Params[i].Value = m.text(masked.Params[i].Value)
	}
	return &masked
}

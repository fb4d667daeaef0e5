package runtime

import (
	"time"

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
	record.mask(&Result{})
	e.store.RecordExecution(x)
	return x.ID
}

// note adds what the guards want the record to say.
func (g *Guarded) note(x *store.Execution, at time.Time) {
	for _, message := range g.Notes {
		x.Logs = append(x.Logs, store.LogLine{At: store.TimeOf(at), Level: "warn", Message: message})
	}
}

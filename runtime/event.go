package runtime

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// CodeLoopStopped is the record's code of an event that was not run because
// events had caused each other too often (spec 4, "Depth").
const CodeLoopStopped = "loop_stopped"

// maxRetryAfter is the longest that a script may put its next attempt off.
const maxRetryAfter = 7 * 24 * time.Hour

// Event is what ctx.event shows: the event, which attempt this is, and whether
// someone only tries the script out.
type Event struct {
	store.Event
	Attempt, MaxAttempts int
	Test                 bool
}

// Steering is how a script that an event or an asynchronous request started
// directs what becomes of its delivery (spec 4). The zero value is success.
type Steering struct {
	RetryAfter *time.Duration // try again after this, which counts as a failure
	Fail       string         // give up at once; why
}

// eventHead are the names in ctx.event that every kind has, in the order pairs
// gives them; those of the kind follow.
var eventHead = []string{"id", "kind", "app", "occurred_at", "attempt", "max_attempts", "trigger_id", "trigger_name", "depth", "test"}

// eventState is what a run has worked out of its event.
type eventState struct {
	fields map[string]json.RawMessage // the kind's own, not decoded yet
	values map[string]lua.LValue      // those that the script has read
}

func newEventType() *lua.LTable {
	return luax.FrozenType("ctx.event",
		func(L *lua.LState) int { return pushField(L, From(L).eventField) },
		func(L *lua.LState) *lua.LTable {
			r := From(L)
			names := append(slices.Clone(eventHead), slices.Sorted(maps.Keys(r.eventFields(L)))...)
			return allFields(L, names, r.eventField)
		},
	)
}

// eventField is one field of ctx.event.
func (r *Run) eventField(L *lua.LState, name string) lua.LValue {
	e := r.invocation.Event
	switch name {
	case "id":
		return lua.LString(e.ID.String())
	case "kind":
		return lua.LString(e.Kind)
	case "app":
		return lua.LString(r.appSlug())
	case "occurred_at":
		return lua.LString(e.OccurredAt.String())
	case "attempt":
		return lua.LNumber(e.Attempt)
	case "max_attempts":
		return lua.LNumber(e.MaxAttempts)
	case "trigger_id":
		return optionalText(e.TriggerID != uuid.Nil, e.TriggerID.String())
	case "trigger_name":
		return optionalText(e.TriggerName != "", e.TriggerName)
	case "depth":
		return lua.LNumber(e.Depth)
	case "test":
		return lua.LBool(e.Test)
	}
	return r.eventValue(L, name)
}

func optionalText(given bool, text string) lua.LValue {
	if !given {
		return lua.LNil
	}
	return lua.LString(text)
}

// eventFields splits the event into its fields once per run; what is in them
// stays text until the script reads it.
func (r *Run) eventFields(L *lua.LState) map[string]json.RawMessage {
	if r.event.fields == nil {
		data := r.invocation.Event.Data
		meter.From(L).Step(L, 1+len(data)/64)
		meter.From(L).ChargeMemory(L, len(data))
		if err := json.Unmarshal(data, &r.event.fields); err != nil || r.event.fields == nil {
			r.event.fields = map[string]json.RawMessage{} // a test event without any
		}
	}
	return r.event.fields
}

// eventValue decodes one field of the kind once per run. The value is the
// script's own to change.
func (r *Run) eventValue(L *lua.LState, name string) lua.LValue {
	if value, ok := r.event.values[name]; ok {
		return value
	}
	raw, ok := r.eventFields(L)[name]
	if !ok {
		return lua.LNil
	}
	value, err := luax.DecodeJSON(L, raw)
	if err != nil {
		L.RaiseError("ctx.event.%s cannot be read: %s", name, err.Error())
	}
	if r.event.values == nil {
		r.event.values = make(map[string]lua.LValue)
	}
	r.event.values[name] = value
	r.state.keep(value)
	return value
}

// The keys with which a delivery's script steers its dispatcher (spec 4).
const (
	keyFail       = "fail"
	keyRetryAfter = "retry_after"
)

// steer reads what a delivery's script returned for its dispatcher; the reason
// why that is not right, or "".
func (r *Run) steer(L *lua.LState, v lua.LValue, steering *Steering) (wrong string) {
	table, ok := v.(*lua.LTable)
	if !ok || !r.invocation.Background {
		return ""
	}
	if real, frozen := luax.Real(L, table); frozen {
		table = real
	}
	if reason := table.RawGetString(keyFail); reason != lua.LNil && reason != lua.LFalse {
		steering.Fail = "the script gave up"
		if text, ok := reason.(lua.LString); ok && text != "" {
			steering.Fail = clipText(string(text), maxErrorText)
		}
		return ""
	}
	after := table.RawGetString(keyRetryAfter)
	if after == lua.LNil {
		return ""
	}
	seconds, ok := after.(lua.LNumber)
	if !ok || !(seconds >= 0 && float64(seconds) <= maxRetryAfter.Seconds()) {
		return fmt.Sprintf("retry_after must be a number of seconds from 0 to %.0f", maxRetryAfter.Seconds())
	}
	wait := time.Duration(float64(seconds) * float64(time.Second))
	steering.RetryAfter = &wait
	return ""
}

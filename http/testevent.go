package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

// eventKinds are the kinds of event that a test can be made with.
var eventKinds = []string{
	string(store.TriggerCron), string(store.TriggerKV), string(store.TriggerDocs), string(store.TriggerTopic), string(store.TriggerDeadLetter),
}

// commonFields are the fields of an event that PiCloud itself sets.
var commonFields = []string{"id", "kind", "app", "occurred_at", "attempt", "max_attempts", "trigger_id", "trigger_name", "depth", "test"}

// eventFields reads the fields of a test event; none for an absent one.
func eventFields(raw json.RawMessage) (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if raw == nil || string(raw) == "null" {
		return fields, nil
	}
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, fieldError(store.KindInvalid, "wrong_type", "event", "field \"event\" must be an object")
	}
	return fields, nil
}

// testEvent makes an event of the fields of its kind.
func (s *Server) testEvent(kind string, fields map[string]json.RawMessage) (*runtime.Event, error) {
	if !slices.Contains(eventKinds, kind) {
		return nil, invalidField("event.kind", "event.kind is one of %s", store.Listed(eventKinds))
	}
	for _, name := range commonFields {
		delete(fields, name)
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encode test event: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make event id: %w", err)
	}
	return &runtime.Event{Attempt: 1, MaxAttempts: store.DefaultRetry().MaxAttempts, Test: true,
		Event: store.Event{ID: id, Kind: kind, OccurredAt: store.TimeOf(s.config.Now()), Depth: 1, Data: data}}, nil
}

// exampleFields are what an event of the trigger could look like.
func (s *Server) exampleFields(t *store.Trigger) map[string]json.RawMessage {
	example := map[string]any{}
	switch now := store.TimeOf(s.config.Now()); t.Kind {
	case store.TriggerCron:
		example = map[string]any{"schedule": t.Cron.Schedule, "timezone": t.Cron.Timezone, "scheduled_at": now, "missed": 0}
	case store.TriggerKV:
		example = map[string]any{"collection": t.KV.Collection, "key": t.KV.KeyPrefix + "test", "op": "insert", "value": map[string]any{}}
	case store.TriggerDocs:
		example = map[string]any{"collection": t.Docs.Collection, "document_id": "test", "op": "insert", "data": map[string]any{}}
	case store.TriggerTopic:
		example = map[string]any{"topic": "test", "payload": map[string]any{}}
	case store.TriggerDeadLetter:
		example = map[string]any{"dead_letter_id": uuid.Nil, "error": "a test", "attempts": 1, "original": map[string]any{"kind": "topic"}}
	}
	fields := make(map[string]json.RawMessage, len(example))
	for name, value := range example {
		// Maps, texts, numbers and times all have a JSON form.
		fields[name], _ = json.Marshal(value)
	}
	return fields
}

// answerTestRun runs an invocation and shows everything that came of it.
func (s *Server) answerTestRun(c echo.Context, invocation *runtime.Invocation) error {
	result := s.engine.Run(c.Request().Context(), invocation)
	if result.Execution == nil {
		return neverRan(result)
	}
	return answer(c, nethttp.StatusOK, invokeAnswer{Response: viewResult(result), Execution: *result.Execution})
}

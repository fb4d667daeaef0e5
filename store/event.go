package store

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// MaxDepth is the longest chain of events that cause each other; a longer one
// is stopped (spec 4, "Depth").
const MaxDepth = 8

// Origin says what caused a change: Depth is 0 for a request from outside, a test run or an
// admin call, and the event's own depth for a run that an event started.
type Origin struct{ Depth int }

// dataChange is one change of data that triggers may match.
type dataChange struct {
	kind            string // "kv" or "docs"
	app             uuid.UUID
	collection      string
	key             string // key, or document id
	op              string // "insert", "update", "delete"
	value, previous []byte // JSON; nil when there is none
	origin          Origin
}

// kvEvent and docsEvent are what the outbox keeps of a change (spec 3, "ctx").
// A document's id is not called id: that is the event's own.
type kvEvent struct {
	Collection string          `json:"collection"`
	Key        string          `json:"key"`
	Op         string          `json:"op"`
	Value      json.RawMessage `json:"value,omitempty"`
	Previous   json.RawMessage `json:"prev_value,omitempty"`
}

type docsEvent struct {
	Collection string          `json:"collection"`
	DocumentID string          `json:"document_id"`
	Op         string          `json:"op"`
	Data       json.RawMessage `json:"data,omitempty"`
	Previous   json.RawMessage `json:"prev_data,omitempty"`
}

// emit writes an outbox row for each trigger that matches the change, in the
// change's own transaction: neither exists without the other. Limit
// "outbox_full" when the app's cap is reached; the change must fail with it.
// When no trigger listens to the collection it costs one map lookup.
func (s *Store) emit(t *transaction, change dataChange) error {
	triggers := s.Catalog().triggersOf(change.app, TriggerKind(change.kind), change.collection)
	if len(triggers) == 0 {
		return nil
	}
	event := newEvent{id: s.newID(), app: change.app, kind: change.kind, depth: change.origin.Depth + 1}
	for _, trigger := range triggers {
		if !trigger.matchesChange(&change) {
			continue
		}
		if event.data == nil {
			data, err := change.encode()
			if err != nil {
				return err
			}
			event.data = data
		}
		if err := s.putEvent(t, event, trigger); err != nil {
			return err
		}
	}
	return nil
}

func (c *dataChange) encode() ([]byte, error) {
	if c.kind == string(TriggerKV) {
		return json.Marshal(kvEvent{Collection: c.collection, Key: c.key, Op: c.op, Value: c.value, Previous: c.previous})
	}
	return json.Marshal(docsEvent{Collection: c.collection, DocumentID: c.key, Op: c.op, Data: c.value, Previous: c.previous})
}

// matchesChange: the trigger is known to listen to the change's collection.
func (t *Trigger) matchesChange(change *dataChange) bool {
	rule := t.KV
	if t.Kind == TriggerDocs {
		rule = t.Docs
	}
	return (len(rule.Ops) == 0 || slices.Contains(rule.Ops, change.op)) && strings.HasPrefix(change.key, rule.KeyPrefix)
}

// Event is one occurrence as scripts and the API see it. In JSON the fields of
// its kind stand beside the common ones, as in ctx.event (spec 3).
type Event struct {
	ID          uuid.UUID
	Kind        string
	OccurredAt  Time
	Depth       int
	TriggerID   uuid.UUID // zero for a request of an asynchronous route
	TriggerName string
	Data        []byte // the kind's own fields, a JSON object
	Body        []byte // of a request
}

func (e *Event) bytes() int { return len(e.Data) + len(e.Body) }

// eventHead are the fields that every event has.
type eventHead struct {
	ID          uuid.UUID  `json:"id"`
	Kind        string     `json:"kind"`
	OccurredAt  Time       `json:"occurred_at"`
	Depth       int        `json:"depth"`
	TriggerID   *uuid.UUID `json:"trigger_id"`
	TriggerName string     `json:"trigger_name,omitempty"`
	Body        *string    `json:"body,omitempty"`
	BodyBase64  bool       `json:"body_base64,omitempty"`
}

// MarshalJSON writes one object of all fields. A request's body is text, or
// base64 when it is not UTF-8.
func (e Event) MarshalJSON() ([]byte, error) {
	head := eventHead{ID: e.ID, Kind: e.Kind, OccurredAt: e.OccurredAt, Depth: e.Depth, TriggerName: e.TriggerName}
	if e.TriggerID != uuid.Nil {
		head.TriggerID = &e.TriggerID
	}
	if e.Kind == KindRequest {
		body := string(e.Body)
		if head.BodyBase64 = !utf8.Valid(e.Body); head.BodyBase64 {
			body = base64.StdEncoding.EncodeToString(e.Body)
		}
		head.Body = &body
	}
	text, err := json.Marshal(head)
	if err != nil || len(e.Data) <= len("{}") {
		return text, err
	}
	text = append(text[:len(text)-1], ',')
	return append(text, e.Data[1:]...), nil
}

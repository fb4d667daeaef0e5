package store

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// TriggerKind is what a trigger listens to (spec 1).
type TriggerKind string

// The kinds of trigger.
const (
	TriggerCron       TriggerKind = "cron"
	TriggerKV         TriggerKind = "kv"
	TriggerDocs       TriggerKind = "docs"
	TriggerTopic      TriggerKind = "topic"
	TriggerDeadLetter TriggerKind = "dead_letter"
)

// Trigger starts an endpoint script without a request. Exactly one of the
// kinds' own objects is set.
type Trigger struct {
	ID           uuid.UUID   `json:"id"`
	AppID        uuid.UUID   `json:"app_id"`
	ScriptID     uuid.UUID   `json:"script_id"`
	RegisteredBy uuid.UUID   `json:"registered_by"` // the user that it runs as
	Kind         TriggerKind `json:"kind"`
	Name         string      `json:"name"`
	Enabled      bool        `json:"enabled"`
	// Held is why nothing starts it although it is enabled: "" or
	// "registrant_inactive".
	Held         string      `json:"held,omitempty"`
	Retry        RetryPolicy `json:"retry"`
	Ordered      bool        `json:"ordered"`       // one event after the other
	LoopsStopped int64       `json:"loops_stopped"` // events that it would have caused itself too often
	CreatedAt    Time        `json:"created_at"`
	LastFiredAt  *Time       `json:"last_fired_at"`

	Cron       *CronRule       `json:"cron,omitempty"`
	KV         *DataRule       `json:"kv,omitempty"`
	Docs       *DataRule       `json:"docs,omitempty"`
	Topic      *TopicRule      `json:"topic,omitempty"`
	DeadLetter *DeadLetterRule `json:"dead_letter,omitempty"`
}

// HeldRegistrant is Trigger.Held of a trigger whose user is deactivated or gone.
const HeldRegistrant = "registrant_inactive"

// RetryPolicy says how often a delivery is tried, and how long after a failure
// it is tried again (spec 4). Times are in milliseconds.
type RetryPolicy struct {
	MaxAttempts int    `json:"max_attempts"`
	Backoff     string `json:"backoff"`
	BaseMS      int64  `json:"base_ms"` // the first wait
	MaxMS       int64  `json:"max_ms"`  // the longest wait
}

// The forms of RetryPolicy.Backoff.
const (
	BackoffExponential = "exponential" // base, 2 base, 4 base, …
	BackoffLinear      = "linear"      // base, 2 base, 3 base, …
	BackoffConstant    = "constant"
)

// DefaultRetry is the policy of triggers that name none, and of asynchronous
// routes (spec 4).
func DefaultRetry() RetryPolicy {
	return RetryPolicy{MaxAttempts: 5, Backoff: BackoffExponential, BaseMS: 1000, MaxMS: 15 * 60 * 1000}
}

// CronRule fires at the times of a schedule. NextAt is nil in the catalog and
// for a trigger that waits for its first slot.
type CronRule struct {
	Schedule string `json:"schedule"`
	Timezone string `json:"timezone"`          // an IANA name
	NextAt   *Time  `json:"next_at,omitempty"` // when it fires next
}

// DataRule fires on changes of one collection. KeyPrefix is for kv only; no
// Ops mean all three.
type DataRule struct {
	Collection string   `json:"collection"`
	KeyPrefix  string   `json:"key_prefix,omitempty"`
	Ops        []string `json:"ops,omitempty"` // none: all three
}

// TopicRule fires on published topics that the filter matches (MQTT's rules).
type TopicRule struct {
	Filter string `json:"filter"`
}

// DeadLetterRule fires on dead letters of these kinds of event; none mean all.
type DeadLetterRule struct {
	Kinds []string `json:"kinds,omitempty"` // none: all
}

const selectTriggers = "SELECT t.id, t.app_id, t.script_id, t.registered_by, t.kind, t.name, t.enabled, t.ordered, t.max_attempts," +
	" t.backoff, t.base_ms, t.max_ms, t.rule, t.next_at, t.last_fired_at, t.loops_stopped, t.created_at, coalesce(u.active, 0)" +
	" FROM triggers t LEFT JOIN users u ON u.id = t.registered_by"

func scanTrigger(r row) (Trigger, error) {
	trigger := Trigger{ID: r.id(0), AppID: r.id(1), ScriptID: r.id(2), RegisteredBy: r.id(3), Kind: TriggerKind(r.text(4)), Name: r.text(5),
		Enabled: r.integer(6) != 0, Ordered: r.integer(7) != 0,
		Retry:       RetryPolicy{MaxAttempts: int(r.integer(8)), Backoff: r.text(9), BaseMS: r.integer(10), MaxMS: r.integer(11)},
		LastFiredAt: r.optionalTime(14), LoopsStopped: r.integer(15), CreatedAt: r.time(16)}
	if r.integer(17) == 0 {
		trigger.Held = HeldRegistrant
	}
	if err := json.Unmarshal([]byte(r.text(12)), trigger.newRule()); err != nil {
		return Trigger{}, fmt.Errorf("reading the rule of trigger %s: %w", trigger.ID, err)
	}
	if trigger.Cron != nil {
		trigger.Cron.NextAt = r.optionalTime(13)
	}
	return trigger, nil
}

// newRule makes the object of the trigger's kind and returns it; nil for a
// kind that does not exist.
func (t *Trigger) newRule() any {
	switch t.Kind {
	case TriggerCron:
		t.Cron = &CronRule{}
		return t.Cron
	case TriggerKV:
		t.KV = &DataRule{}
		return t.KV
	case TriggerDocs:
		t.Docs = &DataRule{}
		return t.Docs
	case TriggerTopic:
		t.Topic = &TopicRule{}
		return t.Topic
	case TriggerDeadLetter:
		t.DeadLetter = &DeadLetterRule{}
		return t.DeadLetter
	}
	return nil
}

// Fires reports whether events may start the trigger.
func (t *Trigger) Fires() bool { return t.Enabled && t.Held == "" }

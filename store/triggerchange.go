package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
)

// The bounds of a retry policy.
const (
	maxAttempts  = 100
	maxBackoffMS = int64(7 * 24 * time.Hour / time.Millisecond)
)

// TriggerDraft is a new trigger. The rule of its kind is set, and a cron rule
// was checked by the caller, who has also put its first slot into NextAt.
type TriggerDraft struct {
	AppID, ScriptID, RegisteredBy uuid.UUID
	Kind                          TriggerKind
	Name                          string
	Enabled, Ordered              bool
	Retry                         RetryPolicy
	Cron                          *CronRule
	KV, Docs                      *DataRule
	Topic                         *TopicRule
	DeadLetter                    *DeadLetterRule
}

// TriggerChange holds what a PATCH changes; nil means unchanged.
type TriggerChange struct {
	ScriptID         *uuid.UUID
	Name             *string
	Enabled, Ordered *bool
	// Complete, when set, gets the trigger with all these changes and returns it
	// with those of its retry policy and of the rule of its kind. It works on what
	// is stored, so that of two changes at the same time neither is lost.
	Complete func(Trigger) (Trigger, error)
}

const (
	insertTrigger = "INSERT INTO triggers (id, app_id, script_id, registered_by, kind, name, enabled, ordered, max_attempts, backoff, base_ms," +
		" max_ms, rule, next_at, loops_stopped, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"
	updateTrigger = "UPDATE triggers SET script_id = ?, name = ?, enabled = ?, ordered = ?, max_attempts = ?, backoff = ?, base_ms = ?," +
		" max_ms = ?, rule = ?, next_at = ? WHERE id = ?"
)

// target names the trigger in the audit.
func (tr Trigger) target() Target {
	return Target{Kind: "trigger", ID: &tr.ID, Name: tr.Name, App: &tr.AppID}
}

// CreateTrigger makes a trigger. Conflict "name_taken"; KindInvalid
// "invalid_name", "invalid_rule", "invalid_retry", "invalid_topic",
// "not_an_endpoint" for a module, "other_app" for a script of another app.
func (s *Store) CreateTrigger(ctx context.Context, draft TriggerDraft) (Trigger, error) {
	return write(ctx, s, true, func(t *transaction) (Trigger, error) { return s.createTrigger(t, draft) })
}

func (s *Store) createTrigger(t *transaction, draft TriggerDraft) (Trigger, error) {
	made := Trigger{ID: s.newID(), AppID: draft.AppID, ScriptID: draft.ScriptID, RegisteredBy: draft.RegisteredBy, Kind: draft.Kind, Name: draft.Name,
		Enabled: draft.Enabled, Retry: draft.Retry, Ordered: draft.Ordered, CreatedAt: t.at,
		Cron: draft.Cron, KV: draft.KV, Docs: draft.Docs, Topic: draft.Topic, DeadLetter: draft.DeadLetter}
	if err := checkTrigger(t, &made); err != nil {
		return Trigger{}, err
	}
	rule, next, err := made.storedRule()
	if err != nil {
		return Trigger{}, err
	}
	t.changedCatalog = true
	t.touch(made.target())
	_, err = t.exec(insertTrigger, made.ID, made.AppID, made.ScriptID, made.RegisteredBy, string(made.Kind), made.Name, made.Enabled, made.Ordered,
		made.Retry.MaxAttempts, made.Retry.Backoff, made.Retry.BaseMS, made.Retry.MaxMS, rule, next, made.CreatedAt)
	if err = triggerNameTaken(err, made.Name); err != nil {
		return Trigger{}, err
	}
	return trigger(t, made.ID)
}

func triggerNameTaken(err error, name string) error {
	if isUnique(err) {
		return Errorf(KindConflict, "name_taken", "the app has a trigger called %q already; choose another name", name)
	}
	return err
}

// storedRule is the text of the trigger's rule, and the slot that has a column
// of its own.
func (t *Trigger) storedRule() (text string, next *Time, err error) {
	rule := t.rule()
	if t.Cron != nil {
		next = t.Cron.NextAt
		rule = &CronRule{Schedule: t.Cron.Schedule, Timezone: t.Cron.Timezone}
	}
	encoded, err := json.Marshal(rule)
	return string(encoded), next, err
}

// rule returns the object of the trigger's kind; nil when it has none.
func (t *Trigger) rule() any {
	switch {
	case t.Kind == TriggerCron && t.Cron != nil:
		return t.Cron
	case t.Kind == TriggerKV && t.KV != nil:
		return t.KV
	case t.Kind == TriggerDocs && t.Docs != nil:
		return t.Docs
	case t.Kind == TriggerTopic && t.Topic != nil:
		return t.Topic
	case t.Kind == TriggerDeadLetter && t.DeadLetter != nil:
		return t.DeadLetter
	}
	return nil
}

func checkTrigger(t *transaction, made *Trigger) error {
	if _, err := app(t, made.AppID); err != nil {
		return err
	}
	target, err := script(t, made.ScriptID)
	switch {
	case KindOf(err) == KindNotFound || err == nil && target.AppID != made.AppID:
		return Errorf(KindInvalid, "other_app", "the app has no such script; a trigger starts a script of its own app")
	case err != nil:
		return err
	case target.Kind != ScriptEndpoint:
		return Errorf(KindInvalid, "not_an_endpoint", "the script %q is a module; a trigger needs an endpoint", target.Name)
	}
	if err := checkText("name", made.Name, 1, maxNameBytes); err != nil {
		return err
	}
	if err := made.Retry.check(); err != nil {
		return err
	}
	return made.checkRule()
}

func (p RetryPolicy) check() error {
	invalid := func(field, format string, args ...any) error {
		failure := Errorf(KindInvalid, "invalid_retry", format, args...)
		failure.Details = map[string]any{"field": "retry." + field}
		return failure
	}
	switch {
	case p.MaxAttempts < 1 || p.MaxAttempts > maxAttempts:
		return invalid("max_attempts", "retry.max_attempts is 1 to %d", maxAttempts)
	case p.Backoff != BackoffExponential && p.Backoff != BackoffLinear && p.Backoff != BackoffConstant:
		return invalid("backoff", "retry.backoff is exponential, linear or constant")
	case p.BaseMS < 1 || p.BaseMS > maxBackoffMS:
		return invalid("base_ms", "retry.base_ms is 1 to %d", maxBackoffMS)
	case p.MaxMS < p.BaseMS || p.MaxMS > maxBackoffMS:
		return invalid("max_ms", "retry.max_ms is at least retry.base_ms and at most %d", maxBackoffMS)
	}
	return nil
}

func invalidRule(field, format string, args ...any) error {
	failure := Errorf(KindInvalid, "invalid_rule", format, args...)
	failure.Details = map[string]any{"field": field}
	return failure
}

func (t *Trigger) checkRule() error {
	switch rule := t.rule().(type) {
	case *CronRule:
		return nil
	case *DataRule:
		return rule.check(t.Kind)
	case *TopicRule:
		return checkTopicFilter(rule.Filter)
	case *DeadLetterRule:
		for _, kind := range rule.Kinds {
			if !slices.Contains(deadLetterKinds, kind) {
				return invalidRule("dead_letter.kinds", "dead_letter.kinds are some of %s", Listed(deadLetterKinds))
			}
		}
		return nil
	}
	return invalidRule(string(t.Kind), "the trigger needs the object of its kind, %q", t.Kind)
}

// deadLetterKinds are the kinds of event that can become dead letters; that of
// a dead letter itself is not among them.
var deadLetterKinds = []string{string(TriggerCron), string(TriggerKV), string(TriggerDocs), string(TriggerTopic), KindRequest}

func (r *DataRule) check(kind TriggerKind) error {
	field := string(kind)
	if CheckCollectionName(r.Collection) != nil {
		return invalidRule(field+".collection", "%s.collection is 1 to %d letters, digits, dots, hyphens and underscores", field, maxNameBytes)
	}
	if kind == TriggerDocs && r.KeyPrefix != "" {
		return invalidRule("docs.key_prefix", "only kv triggers have a key_prefix")
	}
	if len(r.KeyPrefix) > maxTopicBytes {
		return invalidRule("kv.key_prefix", "kv.key_prefix has at most %d bytes", maxTopicBytes)
	}
	for _, op := range r.Ops {
		if op != "insert" && op != "update" && op != "delete" {
			return invalidRule(field+".ops", "%s.ops are some of insert, update, delete", field)
		}
	}
	return nil
}

// Trigger returns the trigger of that id.
func (s *Store) Trigger(ctx context.Context, id uuid.UUID) (Trigger, error) {
	found, err := readValue(ctx, s, func(t *transaction) (Trigger, error) { return trigger(t, id) })
	s.fired.overlay(&found)
	return found, err
}

func trigger(t *transaction, id uuid.UUID) (Trigger, error) {
	found, err := collect(t, scanTrigger, selectTriggers+" WHERE t.id = ?", id)
	if err != nil {
		return Trigger{}, err
	}
	if len(found) == 0 {
		return Trigger{}, noSuch("trigger")
	}
	return *found[0], nil
}

// Triggers lists an app's triggers, oldest first.
func (s *Store) Triggers(ctx context.Context, app uuid.UUID, page PageRequest) (Page[Trigger], error) {
	all, err := readValue(ctx, s, func(t *transaction) ([]*Trigger, error) {
		return collect(t, scanTrigger, selectTriggers+" WHERE t.app_id = ? ORDER BY t.id", app)
	})
	if err != nil {
		return Page[Trigger]{}, err
	}
	for _, each := range all {
		s.fired.overlay(each)
	}
	return pageOf(s, "triggers "+app.String(), page, all, func(t *Trigger) string { return string(t.ID[:]) })
}

// UpdateTrigger changes what is set in change, with CreateTrigger's errors and
// those of Complete. A cron trigger that is switched on, or has a new rule, begins at Cron.NextAt,
// and at the next slot from now when that is nil.
func (s *Store) UpdateTrigger(ctx context.Context, id uuid.UUID, change TriggerChange) (Trigger, error) {
	return write(ctx, s, true, func(t *transaction) (Trigger, error) {
		old, err := trigger(t, id)
		if err != nil {
			return Trigger{}, err
		}
		return changeTrigger(t, old, change)
	})
}

func changeTrigger(t *transaction, old Trigger, change TriggerChange) (Trigger, error) {
	changed, err := change.apply(old)
	if err != nil {
		return Trigger{}, err
	}
	if err := checkTrigger(t, &changed); err != nil {
		return Trigger{}, err
	}
	rule, next, err := changed.storedRule()
	if err != nil {
		return Trigger{}, err
	}
	t.changedCatalog = true
	t.touch(changed.target())
	_, err = t.exec(updateTrigger, changed.ScriptID, changed.Name, changed.Enabled, changed.Ordered, changed.Retry.MaxAttempts,
		changed.Retry.Backoff, changed.Retry.BaseMS, changed.Retry.MaxMS, rule, next, old.ID)
	if err = triggerNameTaken(err, changed.Name); err != nil {
		return Trigger{}, err
	}
	return trigger(t, old.ID)
}

func (c TriggerChange) apply(t Trigger) (Trigger, error) {
	if t.Cron != nil && c.Enabled != nil && *c.Enabled && !t.Enabled {
		t.Cron.NextAt = nil // what it would have missed while it was off does not count
	}
	set(&t.ScriptID, c.ScriptID)
	set(&t.Name, c.Name)
	set(&t.Enabled, c.Enabled)
	set(&t.Ordered, c.Ordered)
	if c.Complete == nil {
		return t, nil
	}
	return c.Complete(t)
}

// DeleteTrigger removes a trigger; the dispatcher drops its pending deliveries.
func (s *Store) DeleteTrigger(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, func(t *transaction) error {
		old, err := trigger(t, id)
		if err != nil {
			return err
		}
		t.changedCatalog = true
		t.touch(old.target())
		_, err = t.exec("DELETE FROM triggers WHERE id = ?", id)
		return err
	})
}

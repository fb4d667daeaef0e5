package http

import (
	"picloud/scheduler/crontime"
	"picloud/store"
)

// retryBody is a trigger's retry policy; what is left out is the default, or
// in a change as it was.
type retryBody struct {
	MaxAttempts *int    `json:"max_attempts"`
	Backoff     *string `json:"backoff"`
	BaseMS      *int64  `json:"base_ms"`
	MaxMS       *int64  `json:"max_ms"`
}

type cronBody struct {
	Schedule string `json:"schedule" jsonschema:"required"`
	Timezone string `json:"timezone"`
}

type kvBody struct {
	Collection string   `json:"collection" jsonschema:"required"`
	KeyPrefix  string   `json:"key_prefix"`
	Ops        []string `json:"ops"`
}

type docsBody struct {
	Collection string   `json:"collection" jsonschema:"required"`
	Ops        []string `json:"ops"`
}

type topicBody struct {
	Filter string `json:"filter" jsonschema:"required"`
}

type deadLetterBody struct {
	Kinds []string `json:"kinds"`
}

// ruleBody is the object of a trigger's kind.
type ruleBody struct {
	Cron       *cronBody       `json:"cron"`
	KV         *kvBody         `json:"kv"`
	Docs       *docsBody       `json:"docs"`
	Topic      *topicBody      `json:"topic"`
	DeadLetter *deadLetterBody `json:"dead_letter"`
}

// triggerDraft is the body of POST apps/{app}/triggers/{kind}.
type triggerDraft struct {
	ScriptID   string          `json:"script_id" jsonschema:"required"`
	Name       string          `json:"name" jsonschema:"required"`
	Enabled    *bool           `json:"enabled"`
	Retry      *retryBody      `json:"retry"`
	Ordered    bool            `json:"ordered"`
	Cron       *cronBody       `json:"cron"`
	KV         *kvBody         `json:"kv"`
	Docs       *docsBody       `json:"docs"`
	Topic      *topicBody      `json:"topic"`
	DeadLetter *deadLetterBody `json:"dead_letter"`
}

func (d *triggerDraft) rule() ruleBody {
	return ruleBody{Cron: d.Cron, KV: d.KV, Docs: d.Docs, Topic: d.Topic, DeadLetter: d.DeadLetter}
}

// triggerChange is the body of PATCH triggers/{id}.
type triggerChange struct {
	ScriptID   *string         `json:"script_id"`
	Name       *string         `json:"name"`
	Enabled    *bool           `json:"enabled"`
	Retry      *retryBody      `json:"retry"`
	Ordered    *bool           `json:"ordered"`
	Cron       *cronBody       `json:"cron"`
	KV         *kvBody         `json:"kv"`
	Docs       *docsBody       `json:"docs"`
	Topic      *topicBody      `json:"topic"`
	DeadLetter *deadLetterBody `json:"dead_letter"`
}

func (d *triggerChange) rule() ruleBody {
	return ruleBody{Cron: d.Cron, KV: d.KV, Docs: d.Docs, Topic: d.Topic, DeadLetter: d.DeadLetter}
}

// over returns the policy with what the body sets.
func (b *retryBody) over(policy store.RetryPolicy) store.RetryPolicy {
	if b == nil {
		return policy
	}
	setTo(&policy.MaxAttempts, b.MaxAttempts)
	setTo(&policy.Backoff, b.Backoff)
	setTo(&policy.BaseMS, b.BaseMS)
	setTo(&policy.MaxMS, b.MaxMS)
	return policy
}

func setTo[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// triggerRules are what ruleBody becomes; one at most is set.
type triggerRules struct {
	Cron       *store.CronRule
	KV, Docs   *store.DataRule
	Topic      *store.TopicRule
	DeadLetter *store.DeadLetterRule
}

// checkedRules refuses the object of another kind than the trigger's, and a
// schedule that is none. A new schedule begins at its next slot.
func (s *Server) checkedRules(kind store.TriggerKind, body ruleBody) (triggerRules, error) {
	var rules triggerRules
	for _, given := range []struct {
		kind store.TriggerKind
		set  bool
	}{
		{store.TriggerCron, body.Cron != nil}, {store.TriggerKV, body.KV != nil}, {store.TriggerDocs, body.Docs != nil},
		{store.TriggerTopic, body.Topic != nil}, {store.TriggerDeadLetter, body.DeadLetter != nil},
	} {
		if given.set && given.kind != kind {
			return rules, invalidField(string(given.kind), "a trigger of the kind %q has no %q", kind, given.kind)
		}
	}
	switch {
	case body.Cron != nil:
		schedule, err := checkedSchedule("cron.", *body.Cron)
		if err != nil {
			return rules, err
		}
		next := store.TimeOf(schedule.Next(s.config.Now()))
		rules.Cron = &store.CronRule{Schedule: body.Cron.Schedule, Timezone: zoneName(body.Cron.Timezone), NextAt: &next}
	case body.KV != nil:
		rules.KV = &store.DataRule{Collection: body.KV.Collection, KeyPrefix: body.KV.KeyPrefix, Ops: body.KV.Ops}
	case body.Docs != nil:
		rules.Docs = &store.DataRule{Collection: body.Docs.Collection, Ops: body.Docs.Ops}
	case body.Topic != nil:
		rules.Topic = &store.TopicRule{Filter: body.Topic.Filter}
	case body.DeadLetter != nil:
		rules.DeadLetter = &store.DeadLetterRule{Kinds: body.DeadLetter.Kinds}
	}
	return rules, nil
}

func zoneName(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

func checkedSchedule(prefix string, body cronBody) (*crontime.Schedule, error) {
	if _, err := crontime.Parse("@daily", body.Timezone); err != nil {
		return nil, fieldError(store.KindInvalid, "bad_schedule", prefix+"timezone", "%s", err.Error())
	}
	schedule, err := crontime.Parse(body.Schedule, body.Timezone)
	if err != nil {
		return nil, fieldError(store.KindInvalid, "bad_schedule", prefix+"schedule", "%s", err.Error())
	}
	return schedule, nil
}

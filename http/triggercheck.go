package http

import (
	"cmp"

	"picloud/scheduler/crontime"
	"picloud/store"
)

// retryBody is a trigger's retry policy; what is left out is the default, or
// in a change as it was.
type retryBody struct {
	MaxAttempts *int    `json:"max_attempts"` // 1 to 100; 5 in a new trigger
	Backoff     *string `json:"backoff"`      // how the wait grows; exponential in a new trigger
	BaseMS      *int64  `json:"base_ms"`      // the first wait; 1,000 in a new trigger
	MaxMS       *int64  `json:"max_ms"`       // the longest wait, up to a week; 900,000 in a new trigger
}

type cronBody struct {
	Schedule string `json:"schedule" jsonschema:"required"` // five or six fields, or @hourly, @daily, @every 10m and the like
	Timezone string `json:"timezone"`                       // an IANA name; UTC when left out
}

type kvBody struct {
	Collection string   `json:"collection" jsonschema:"required"` // whose changes fire it
	KeyPrefix  string   `json:"key_prefix"`                       // only keys that begin so
	Ops        []string `json:"ops"`                              // which changes; all three when left out
}

type docsBody struct {
	Collection string   `json:"collection" jsonschema:"required"` // whose changes fire it
	Ops        []string `json:"ops"`                              // which changes; all three when left out
}

type topicBody struct {
	Filter string `json:"filter" jsonschema:"required"` // a topic, with + for one level and # for the rest
}

type deadLetterBody struct {
	Kinds []string `json:"kinds"` // of events that failed; all when left out
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
	ScriptID   string          `json:"script_id" jsonschema:"required" example:"01890a5d-ac96-774b-bcce-b302099a8057"` // an endpoint of the app
	Name       string          `json:"name" jsonschema:"required" example:"every five minutes"`                        // 1 to 128 bytes
	Enabled    *bool           `json:"enabled"`                                                                        // true when null
	Retry      *retryBody      `json:"retry"`                                                                          // what happens after a failure
	Ordered    bool            `json:"ordered"`                                                                        // one event after the other; a failing one holds up those behind it
	Cron       *cronBody       `json:"cron" example:"{\"schedule\":\"*/5 * * * *\"}"`                                  // for the kind cron
	KV         *kvBody         `json:"kv"`                                                                             // for the kind kv
	Docs       *docsBody       `json:"docs"`                                                                           // for the kind docs
	Topic      *topicBody      `json:"topic"`                                                                          // for the kind topic
	DeadLetter *deadLetterBody `json:"dead_letter"`                                                                    // for the kind dead_letter
}

func (d *triggerDraft) rule() ruleBody {
	return ruleBody{Cron: d.Cron, KV: d.KV, Docs: d.Docs, Topic: d.Topic, DeadLetter: d.DeadLetter}
}

// triggerChange is the body of PATCH triggers/{id}. What it leaves out, also of
// a rule, is as it was.
type triggerChange struct {
	ScriptID   *string         `json:"script_id"`
	Name       *string         `json:"name"`
	Enabled    *bool           `json:"enabled" example:"false"` // whether it fires
	Retry      *retryBody      `json:"retry"`
	Ordered    *bool           `json:"ordered"`
	Cron       *cronChange     `json:"cron"`
	KV         *kvChange       `json:"kv"`
	Docs       *docsChange     `json:"docs"`
	Topic      *topicBody      `json:"topic"`
	DeadLetter *deadLetterBody `json:"dead_letter"`
}

type cronChange struct {
	Schedule *string `json:"schedule"` // five or six fields, or @hourly, @daily, @every 10m and the like
	Timezone *string `json:"timezone"` // an IANA name
}

type kvChange struct {
	Collection *string  `json:"collection"` // whose changes fire it
	KeyPrefix  *string  `json:"key_prefix"` // only keys that begin so
	Ops        []string `json:"ops"`        // which changes; none: all three
}

type docsChange struct {
	Collection *string  `json:"collection"` // whose changes fire it
	Ops        []string `json:"ops"`        // which changes; none: all three
}

// rule is the rule that the change makes of a trigger's; without any when it
// changes none.
func (d *triggerChange) rule(t *store.Trigger) ruleBody {
	rule := ruleBody{Topic: d.Topic, DeadLetter: d.DeadLetter}
	if d.Cron != nil {
		current := valueOf(t.Cron)
		rule.Cron = &cronBody{Schedule: current.Schedule, Timezone: current.Timezone}
		setTo(&rule.Cron.Schedule, d.Cron.Schedule)
		setTo(&rule.Cron.Timezone, d.Cron.Timezone)
	}
	if d.KV != nil {
		current := valueOf(t.KV)
		rule.KV = &kvBody{Collection: current.Collection, KeyPrefix: current.KeyPrefix, Ops: d.KV.Ops}
		setTo(&rule.KV.Collection, d.KV.Collection)
		setTo(&rule.KV.KeyPrefix, d.KV.KeyPrefix)
		if d.KV.Ops == nil {
			rule.KV.Ops = current.Ops
		}
	}
	if d.Docs != nil {
		current := valueOf(t.Docs)
		rule.Docs = &docsBody{Collection: current.Collection, Ops: d.Docs.Ops}
		setTo(&rule.Docs.Collection, d.Docs.Collection)
		if d.Docs.Ops == nil {
			rule.Docs.Ops = current.Ops
		}
	}
	return rule
}

// valueOf is what a pointer points to, or the zero value.
func valueOf[T any](pointer *T) (value T) {
	if pointer != nil {
		value = *pointer
	}
	return value
}

// completedTrigger is a trigger with what a change says of its retry policy and
// its rule.
func (s *Server) completedTrigger(t store.Trigger, change *triggerChange) (store.Trigger, error) {
	t.Retry = change.Retry.over(t.Retry)
	rules, err := s.checkedRules(t.Kind, change.rule(&t))
	t.Cron, t.KV, t.Docs = cmp.Or(rules.Cron, t.Cron), cmp.Or(rules.KV, t.KV), cmp.Or(rules.Docs, t.Docs)
	t.Topic, t.DeadLetter = cmp.Or(rules.Topic, t.Topic), cmp.Or(rules.DeadLetter, t.DeadLetter)
	return t, err
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

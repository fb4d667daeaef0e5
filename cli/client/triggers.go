package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"picloud/store"
)

// Triggers lists an app's triggers.
func (c *Client) Triggers(ctx context.Context, app string) ([]store.Trigger, error) {
	return list[store.Trigger](ctx, c, path("apps/", app, "/triggers"), nil, 0)
}

// Cron is a schedule and its time zone.
type Cron struct {
	Schedule string `json:"schedule"`
	Timezone string `json:"timezone,omitempty"`
}

// Docs is a collection of documents and what happens to them.
type Docs struct {
	Collection string   `json:"collection"`
	Ops        []string `json:"ops,omitempty"`
}

// TriggerDraft is a new trigger with the object of its kind.
type TriggerDraft struct {
	ScriptID   string                `json:"script_id"`
	Name       string                `json:"name"`
	Ordered    bool                  `json:"ordered,omitempty"`
	Retry      json.RawMessage       `json:"retry,omitempty"`
	Cron       *Cron                 `json:"cron,omitempty"`
	KV         *store.DataRule       `json:"kv,omitempty"`
	Docs       *Docs                 `json:"docs,omitempty"`
	Topic      *store.TopicRule      `json:"topic,omitempty"`
	DeadLetter *store.DeadLetterRule `json:"dead_letter,omitempty"`
}

// CreateTrigger makes a trigger of a kind.
func (c *Client) CreateTrigger(ctx context.Context, app, kind string, draft TriggerDraft) (store.Trigger, error) {
	return send[store.Trigger](ctx, c, http.MethodPost, path("apps/", app, "/triggers/", kind), draft)
}

// TriggerChange holds what a change of a trigger names.
type TriggerChange struct {
	Enabled *bool `json:"enabled,omitempty"`
}

// ChangeTrigger changes a trigger.
func (c *Client) ChangeTrigger(ctx context.Context, id string, change TriggerChange) (store.Trigger, error) {
	return send[store.Trigger](ctx, c, http.MethodPatch, path("triggers/", id), change)
}

// DeleteTrigger deletes a trigger.
func (c *Client) DeleteTrigger(ctx context.Context, id string) error {
	return c.remove(ctx, path("triggers/", id))
}

// Fire is a test event; the fields that it leaves out are examples.
type Fire struct {
	Event json.RawMessage `json:"event,omitempty"`
}

// FireTrigger runs a trigger's script with a test event.
func (c *Client) FireTrigger(ctx context.Context, id string, with Fire) (TestRun, error) {
	return send[TestRun](ctx, c, http.MethodPost, path("triggers/", id, "/fire"), with)
}

// Preview is the next firings of a schedule, as moments and as the clock on the
// wall shows them.
type Preview struct {
	Timezone string       `json:"timezone"`
	Next     []store.Time `json:"next"`
	Local    []string     `json:"local"`
}

// PreviewTrigger says when a schedule fires.
func (c *Client) PreviewTrigger(ctx context.Context, cron Cron) (Preview, error) {
	return send[Preview](ctx, c, http.MethodPost, path("triggers:preview"), cron)
}

// DeadLetter is a delivery that ran out of attempts; Event is as the script
// would see it.
type DeadLetter struct {
	ID        uuid.UUID             `json:"id"`
	AppID     uuid.UUID             `json:"app_id"`
	TriggerID *uuid.UUID            `json:"trigger_id"`
	ScriptID  uuid.UUID             `json:"script_id"`
	Event     json.RawMessage       `json:"event"`
	Error     string                `json:"error"`
	Attempts  []store.Attempt       `json:"attempts"`
	State     store.DeadLetterState `json:"state"`
	Note      string                `json:"note"`
	CreatedAt store.Time            `json:"created_at"`
}

// DeadLetters lists an app's dead letters: those in a state, or in one of several
// with commas between; "" stands for all.
func (c *Client) DeadLetters(ctx context.Context, app, state string) ([]DeadLetter, error) {
	query := url.Values{}
	if state != "" {
		query.Set("state", state)
	}
	return list[DeadLetter](ctx, c, path("apps/", app, "/dead-letters"), query, 0)
}

// DeadLetter returns a dead letter.
func (c *Client) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	return get[DeadLetter](ctx, c, path("dead-letters/", id))
}

// ReplayDeadLetter puts a dead letter's event back into the outbox.
func (c *Client) ReplayDeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	return send[DeadLetter](ctx, c, http.MethodPost, path("dead-letters/", id, "/replay"), nil)
}

// Resolution is why a dead letter needs nothing more.
type Resolution struct {
	Note string `json:"note"`
}

// ResolveDeadLetter closes a dead letter.
func (c *Client) ResolveDeadLetter(ctx context.Context, id string, with Resolution) (DeadLetter, error) {
	return send[DeadLetter](ctx, c, http.MethodPost, path("dead-letters/", id, "/resolve"), with)
}

package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"picloud/store"
)

// ListedScript is a script in a list, without source, with the slug of its app.
type ListedScript struct {
	store.Script
	AppSlug string `json:"app_slug"`
}

// Scripts lists all scripts that the caller may see.
func (c *Client) Scripts(ctx context.Context) ([]ListedScript, error) {
	return list[ListedScript](ctx, c, path("scripts"), nil, 0)
}

// AppScripts lists an app's scripts.
func (c *Client) AppScripts(ctx context.Context, app string) ([]ListedScript, error) {
	return list[ListedScript](ctx, c, path("apps/", app, "/scripts"), nil, 0)
}

// Script returns a script with its source.
func (c *Client) Script(ctx context.Context, id string) (store.Script, error) {
	return get[store.Script](ctx, c, path("scripts/", id))
}

// ScriptDraft is a new script.
type ScriptDraft struct {
	Name        string           `json:"name"`
	Source      string           `json:"source"`
	Kind        store.ScriptKind `json:"kind,omitempty"`
	Description string           `json:"description,omitempty"`
}

// CreateScript makes a script.
func (c *Client) CreateScript(ctx context.Context, app string, draft ScriptDraft) (store.Script, error) {
	return send[store.Script](ctx, c, http.MethodPost, path("apps/", app, "/scripts"), draft)
}

// ScriptChange holds what a change of a script names. With a Version it is
// refused when someone has saved since.
type ScriptChange struct {
	Source  *string           `json:"source,omitempty"`
	Kind    *store.ScriptKind `json:"kind,omitempty"`
	Enabled *bool             `json:"enabled,omitempty"`
	Version *int              `json:"version,omitempty"`
}

// ChangeScript changes a script.
func (c *Client) ChangeScript(ctx context.Context, id string, change ScriptChange) (store.Script, error) {
	return send[store.Script](ctx, c, http.MethodPatch, path("scripts/", id), change)
}

// DeleteScript deletes a script.
func (c *Client) DeleteScript(ctx context.Context, id string) error {
	return c.remove(ctx, path("scripts/", id))
}

// Versions lists a script's versions, newest first, without source.
func (c *Client) Versions(ctx context.Context, id string) ([]store.ScriptVersion, error) {
	return list[store.ScriptVersion](ctx, c, path("scripts/", id, "/versions"), nil, 0)
}

// Version returns one version with its source.
func (c *Client) Version(ctx context.Context, id string, number int) (store.ScriptVersion, error) {
	return get[store.ScriptVersion](ctx, c, path("scripts/", id, "/versions/", fmt.Sprint(number)))
}

// Rollback names the version to go back to.
type Rollback struct {
	Version int `json:"version"`
}

// RollBack saves an old version's source as a new version.
func (c *Client) RollBack(ctx context.Context, id string, to Rollback) (store.Script, error) {
	return send[store.Script](ctx, c, http.MethodPost, path("scripts/", id, "/rollback"), to)
}

// InvokeRequest is the request that a test run sees.
type InvokeRequest struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Headers map[string][]string `json:"headers,omitempty"`
	Body    *string             `json:"body,omitempty"`
}

// Invoke is a test run: a request, or an event with its fields.
type Invoke struct {
	Request *InvokeRequest  `json:"request,omitempty"`
	Event   json.RawMessage `json:"event,omitempty"`
}

// InvokeResponse is what the caller of the script would have got.
type InvokeResponse struct {
	Status     int                 `json:"status"`
	Headers    []store.HeaderField `json:"headers"`
	Body       string              `json:"body"`
	BodyBase64 bool                `json:"body_base64,omitempty"`
}

// TestRun is all that came of a test run.
type TestRun struct {
	Response  InvokeResponse   `json:"response"`
	Execution *store.Execution `json:"execution"`
}

// InvokeScript runs a script as a test.
func (c *Client) InvokeScript(ctx context.Context, id string, with Invoke) (TestRun, error) {
	return send[TestRun](ctx, c, http.MethodPost, path("scripts/", id, "/invoke"), with)
}

// LogFilter narrows a list of executions. Texts that are empty do not; Most is
// how many of the newest to read.
type LogFilter struct {
	Status, Since, Until, Text string
	Most                       int
}

func (f LogFilter) query() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"status": f.Status, "since": f.Since, "until": f.Until, "text": f.Text} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// ScriptLogs lists a script's executions, newest first.
func (c *Client) ScriptLogs(ctx context.Context, id string, filter LogFilter) ([]store.Execution, error) {
	return list[store.Execution](ctx, c, path("scripts/", id, "/logs"), filter.query(), filter.Most)
}

// AppLogs lists an app's executions, newest first.
func (c *Client) AppLogs(ctx context.Context, app string, filter LogFilter) ([]store.Execution, error) {
	return list[store.Execution](ctx, c, path("apps/", app, "/logs"), filter.query(), filter.Most)
}

package client

import (
	"context"
	"encoding/json"
	"net/http"

	"picloud/store"
)

// Routes lists an app's routes.
func (c *Client) Routes(ctx context.Context, app string) ([]store.Route, error) {
	return list[store.Route](ctx, c, path("apps/", app, "/routes"), nil, 0)
}

// RouteDraft is a new route; its kinds follow from host and path. Guards are
// JSON objects as the API takes them.
type RouteDraft struct {
	Method       string          `json:"method"`
	Host         string          `json:"host,omitempty"`
	Path         string          `json:"path"`
	DispatchMode string          `json:"dispatch_mode,omitempty"`
	LocalOnly    bool            `json:"local_only,omitempty"`
	Verify       json.RawMessage `json:"verify,omitempty"`
	Dedupe       json.RawMessage `json:"dedupe,omitempty"`
	RateLimit    json.RawMessage `json:"rate_limit,omitempty"`
}

// CreateRoute leads a route to a script.
func (c *Client) CreateRoute(ctx context.Context, script string, draft RouteDraft) (store.Route, error) {
	return send[store.Route](ctx, c, http.MethodPost, path("scripts/", script, "/routes"), draft)
}

// RouteChange holds what a change of a route names; null takes a guard away.
type RouteChange struct {
	ScriptID     *string         `json:"script_id,omitempty"`
	Method       *string         `json:"method,omitempty"`
	Host         *string         `json:"host,omitempty"`
	Path         *string         `json:"path,omitempty"`
	DispatchMode *string         `json:"dispatch_mode,omitempty"`
	LocalOnly    *bool           `json:"local_only,omitempty"`
	Verify       json.RawMessage `json:"verify,omitempty"`
	Dedupe       json.RawMessage `json:"dedupe,omitempty"`
	RateLimit    json.RawMessage `json:"rate_limit,omitempty"`
}

// ChangeRoute changes a route.
func (c *Client) ChangeRoute(ctx context.Context, id string, change RouteChange) (store.Route, error) {
	return send[store.Route](ctx, c, http.MethodPatch, path("routes/", id), change)
}

// DeleteRoute deletes a route.
func (c *Client) DeleteRoute(ctx context.Context, id string) error {
	return c.remove(ctx, path("routes/", id))
}

// Match is a request that some route may answer.
type Match struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

// RouteMatch is the route that answers a request, and what it captures.
type RouteMatch struct {
	Matched bool              `json:"matched"`
	Route   *store.Route      `json:"route"`
	Params  map[string]string `json:"params"`
	Rest    string            `json:"rest"`
	Allow   []string          `json:"allow"`
}

// MatchRoute says which route answers a request.
func (c *Client) MatchRoute(ctx context.Context, request Match) (RouteMatch, error) {
	return send[RouteMatch](ctx, c, http.MethodPost, path("routes:match"), request)
}

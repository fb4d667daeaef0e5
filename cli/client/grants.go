package client

import (
	"context"
	"net/http"

	"picloud/store"
)

// Grants lists what a script may call in the home network.
func (c *Client) Grants(ctx context.Context, script string) ([]store.Grant, error) {
	return list[store.Grant](ctx, c, path("scripts/", script, "/grants"), nil, 0)
}

// GrantDraft is a new grant: an address, a network or a name, and a port of 1 to 65535.
type GrantDraft struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// CreateGrant lets a script call a device in the home network.
func (c *Client) CreateGrant(ctx context.Context, script string, draft GrantDraft) (store.Grant, error) {
	return send[store.Grant](ctx, c, http.MethodPost, path("scripts/", script, "/grants"), draft)
}

// DeleteGrant takes a grant away.
func (c *Client) DeleteGrant(ctx context.Context, id string) error {
	return c.remove(ctx, path("grants/", id))
}

package client

import (
	"context"
	"net/http"

	"picloud/store"
)

// SignIn is a new session.
type SignIn struct {
	Token     string     `json:"token"`
	ExpiresAt store.Time `json:"expires_at"`
	User      store.User `json:"user"`
}

// Credentials are a user's name and password.
type Credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// LogIn starts a session.
func (c *Client) LogIn(ctx context.Context, with Credentials) (SignIn, error) {
	return send[SignIn](ctx, c, http.MethodPost, path("auth/login"), with)
}

// LogOut ends the client's session.
func (c *Client) LogOut(ctx context.Context) error {
	return c.call(ctx, request{method: http.MethodPost, path: path("auth/logout")}, nil)
}

// Me returns the user that the token stands for.
func (c *Client) Me(ctx context.Context) (store.User, error) {
	return get[store.User](ctx, c, path("auth/me"))
}

// KeyDraft is a new API key. App binds it to one app; without ExpiresAt it
// works until it is revoked.
type KeyDraft struct {
	Name      string        `json:"name"`
	Scopes    []store.Scope `json:"scopes"`
	App       *string       `json:"app,omitempty"`
	ExpiresAt *string       `json:"expires_at,omitempty"`
}

// NewKey is an API key with its token, which is shown once.
type NewKey struct {
	store.APIKey
	RawToken string `json:"raw_token"`
}

// Keys lists the user's API keys.
func (c *Client) Keys(ctx context.Context) ([]store.APIKey, error) {
	return list[store.APIKey](ctx, c, path("api-keys"), nil, 0)
}

// MintKey makes an API key.
func (c *Client) MintKey(ctx context.Context, draft KeyDraft) (NewKey, error) {
	return send[NewKey](ctx, c, http.MethodPost, path("api-keys"), draft)
}

// RevokeKey ends an API key.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return c.remove(ctx, path("api-keys/", id))
}

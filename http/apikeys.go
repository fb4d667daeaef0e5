package http

import (
	"context"
	"fmt"
	nethttp "net/http"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// keyDraft is the body of POST api-keys. App is the id or slug of the one app
// that the key is bound to.
type keyDraft struct {
	Name      string        `json:"name" jsonschema:"required" example:"deploy"`                               // 1 to 128 bytes; for oneself
	Scopes    []store.Scope `json:"scopes" jsonschema:"required" example:"[\"script:read\",\"script:write\"]"` // what the key may do, each scope once; none above one's own role
	App       *string       `json:"app"`                                                                       // id or slug of the one app that the key is bound to; null: all of one's apps
	ExpiresAt *string       `json:"expires_at"`                                                                // when it stops working (RFC 3339); null: never
}

// newKey is the answer to POST api-keys. RawToken is shown here only.
type newKey struct {
	store.APIKey
	RawToken string `json:"raw_token"` // the key itself, in this answer only
}

func (s *Server) listKeys(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	keys, err := s.store.APIKeys(c.Request().Context(), by.User.ID, page)
	if err != nil {
		return fmt.Errorf("list API keys: %w", err)
	}
	return answerPage(c, keys, asIs[store.APIKey])
}

func (s *Server) createKey(c echo.Context, by principal) error {
	var body keyDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	ctx := c.Request().Context()
	draft, err := s.checkedKey(ctx, by, body)
	if err != nil {
		return err
	}
	token, err := newKeyToken()
	if err != nil {
		return err
	}
	var secret string
	draft.Prefix, secret = splitKey(token)
	draft.BodyFilter = s.keyFilter(secret)
	if draft.BodyHash, err = s.hasher.hash(ctx, secret, keyParams); err != nil {
		return err
	}
	key, err := s.store.CreateAPIKey(ctx, by.User.ID, draft)
	if err != nil {
		return fmt.Errorf("create API key: %w", err)
	}
	return answer(c, nethttp.StatusCreated, newKey{key, token})
}

// checkedKey refuses all that needs no hash to refuse.
func (s *Server) checkedKey(ctx context.Context, by principal, body keyDraft) (store.APIKeyDraft, error) {
	draft := store.APIKeyDraft{Name: body.Name, Scopes: body.Scopes}
	if body.App != nil {
		app := s.appNamed(*body.App)
		if app == nil {
			return draft, notFound("app")
		}
		role, err := s.roleIn(ctx, by, app.ID)
		if err != nil {
			return draft, err
		}
		if role == "" {
			return draft, notFound("app")
		}
		draft.App, by.role = &app.ID, role
	}
	if err := draft.Check(); err != nil {
		return draft, err
	}
	if err := s.checkExpiry(body.ExpiresAt, &draft); err != nil {
		return draft, err
	}
	return draft, s.checkScopes(ctx, by, draft)
}

func (s *Server) checkExpiry(given *string, draft *store.APIKeyDraft) error {
	if given == nil {
		return nil
	}
	at, err := time.Parse(time.RFC3339, *given)
	if err != nil {
		return invalidField("expires_at", "expires_at is a time such as 2030-01-02T15:04:05Z")
	}
	if !at.After(s.config.Now()) {
		return invalidField("expires_at", "expires_at is over already")
	}
	moment := store.TimeOf(at)
	draft.ExpiresAt = &moment
	return nil
}

// checkScopes refuses a scope above what the caller may do, in the app that the
// key is bound to, or else anywhere (spec 8, "Access").
func (s *Server) checkScopes(ctx context.Context, by principal, draft store.APIKeyDraft) (err error) {
	if draft.App == nil {
		if by.role, err = s.highestRole(ctx, by); err != nil {
			return err
		}
	}
	for _, scope := range draft.Scopes {
		if !by.meets(scopeRoles[scope]) {
			return fieldError(store.KindForbidden, "forbidden", "scopes", "your role does not reach as far as the scope %s", scope)
		}
	}
	return nil
}

// deleteKey revokes one of the caller's own keys.
func (s *Server) deleteKey(c echo.Context, by principal) error {
	id, err := pathID(c, "id", "API key")
	if err != nil {
		return err
	}
	if err := s.store.DeleteAPIKey(c.Request().Context(), by.User.ID, id); err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	return answerNothing(c)
}

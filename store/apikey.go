package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// Scope is one thing that an API key is allowed. Exactly seven exist (spec 1).
type Scope string

// The scopes; the first four and app:admin are about what is inside apps.
const (
	ScopeScriptRead    Scope = "script:read"
	ScopeScriptWrite   Scope = "script:write"
	ScopeRouteWrite    Scope = "route:write"
	ScopeLogRead       Scope = "log:read"
	ScopeAppAdmin      Scope = "app:admin"
	ScopeInstanceRead  Scope = "instance:read"
	ScopeInstanceAdmin Scope = "instance:admin"
)

// Scopes are all seven.
var Scopes = []Scope{ScopeScriptRead, ScopeScriptWrite, ScopeRouteWrite, ScopeLogRead, ScopeAppAdmin, ScopeInstanceRead, ScopeInstanceAdmin}

// APIKey lets a program call as the user it belongs to, as far as its scopes
// go. Of the secret only hashes are kept.
type APIKey struct {
	ID         uuid.UUID  `json:"id"`
	UserID     uuid.UUID  `json:"-"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix"` // how the key begins, to know it by
	BodyFilter uint32     `json:"-"`
	BodyHash   string     `json:"-"`
	Scopes     []Scope    `json:"scopes"`
	App        *uuid.UUID `json:"app"` // the one app that it is bound to
	CreatedAt  Time       `json:"created_at"`
	ExpiresAt  *Time      `json:"expires_at"`
	LastUsedAt *Time      `json:"last_used_at"`
}

// APIKeyDraft is a new key. BodyFilter and BodyHash are what http makes of its
// secret; App binds it to one app; it works until ExpiresAt when that is set.
type APIKeyDraft struct {
	Name       string
	Prefix     string
	BodyFilter uint32
	BodyHash   string
	Scopes     []Scope
	App        *uuid.UUID
	ExpiresAt  *Time
}

const (
	maxKeysOfUser = 100

	selectKeys = "SELECT id, user_id, name, prefix, body_filter, body_hash, scopes, app_id, created_at, expires_at, last_used_at" +
		" FROM api_keys WHERE "
	insertKey = "INSERT INTO api_keys (id, user_id, name, prefix, body_filter, body_hash, scopes, app_id, created_at, expires_at)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	touchKey = "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)"
)

func scanKey(r row) (APIKey, error) {
	key := APIKey{ID: r.id(0), UserID: r.id(1), Name: r.text(2), Prefix: r.text(3), BodyFilter: uint32(r.integer(4)), BodyHash: r.text(5),
		App: r.optionalID(7), CreatedAt: r.time(8), ExpiresAt: r.optionalTime(9), LastUsedAt: r.optionalTime(10)}
	if err := json.Unmarshal([]byte(r.text(6)), &key.Scopes); err != nil {
		return key, fmt.Errorf("reading the scopes of API key %s: %w", key.ID, err)
	}
	return key, nil
}

// CreateAPIKey makes a key of an active user. KindInvalid "invalid_name",
// "invalid_scopes", "bound_key" (a key bound to an app with a scope of the
// instance) or "too_many_keys"; conflict "name_taken" when the user has a key
// of that name.
func (s *Store) CreateAPIKey(ctx context.Context, owner uuid.UUID, draft APIKeyDraft) (APIKey, error) {
	return write(ctx, s, true, func(t *transaction) (APIKey, error) {
		if err := checkKeyOwner(t, owner, draft); err != nil {
			return APIKey{}, err
		}
		if err := draft.Check(); err != nil {
			return APIKey{}, err
		}
		made := APIKey{ID: s.newID(), UserID: owner, Name: draft.Name, Prefix: draft.Prefix, BodyFilter: draft.BodyFilter,
			BodyHash: draft.BodyHash, Scopes: draft.Scopes, App: draft.App, CreatedAt: t.at, ExpiresAt: draft.ExpiresAt}
		t.touch(made.target())
		t.detail("scopes", made.Scopes)
		return made, writeKey(t, made)
	})
}

func checkKeyOwner(t *transaction, owner uuid.UUID, draft APIKeyDraft) error {
	found, err := user(t, "id = ?", owner)
	if err != nil {
		return err
	}
	if !found.Active {
		return noSuch("user")
	}
	if draft.App != nil {
		if _, err := app(t, *draft.App); err != nil {
			return err
		}
	}
	keys, err := t.count("SELECT count(*) FROM api_keys WHERE user_id = ?", owner)
	if err == nil && keys >= maxKeysOfUser {
		err = Errorf(KindInvalid, "too_many_keys", "you have %d API keys, the most there may be; revoke one first", keys)
	}
	return err
}

// Check says what is wrong with name and scopes, before a hash is spent on them.
func (d APIKeyDraft) Check() error {
	if err := checkText("name", d.Name, 1, maxNameBytes); err != nil {
		return err
	}
	if len(d.Scopes) == 0 {
		return Errorf(KindInvalid, "invalid_scopes", "name at least one scope: %s", Listed(Scopes))
	}
	for i, scope := range d.Scopes {
		if !slices.Contains(Scopes, scope) || slices.Contains(d.Scopes[:i], scope) {
			return Errorf(KindInvalid, "invalid_scopes", "%q is no scope, or is named twice; the scopes are %s", scope, Listed(Scopes))
		}
		if d.App != nil && (scope == ScopeInstanceRead || scope == ScopeInstanceAdmin) {
			return Errorf(KindInvalid, "bound_key", "a key that is bound to an app cannot carry %s", scope)
		}
	}
	return nil
}

func writeKey(t *transaction, k APIKey) error {
	same, err := t.count("SELECT count(*) FROM api_keys WHERE user_id = ? AND name = ?", k.UserID, k.Name)
	if err != nil {
		return err
	}
	if same > 0 {
		return Errorf(KindConflict, "name_taken", "you have an API key called %q already; choose another name", k.Name)
	}
	scopes, err := json.Marshal(k.Scopes)
	if err != nil {
		return err
	}
	_, err = t.exec(insertKey, k.ID, k.UserID, k.Name, k.Prefix, int64(k.BodyFilter), k.BodyHash, string(scopes), k.App, k.CreatedAt, k.ExpiresAt)
	if isUnique(err) { // the prefix: once in a million million keys
		return Errorf(KindConflict, "prefix_taken", "another key begins like this one; make it again")
	}
	return err
}

// target names the key in the audit.
func (k APIKey) target() Target { return Target{Kind: "api_key", ID: &k.ID, Name: k.Name, App: k.App} }

// APIKeys lists the keys of a user, oldest first.
func (s *Store) APIKeys(ctx context.Context, owner uuid.UUID, page PageRequest) (Page[APIKey], error) {
	keys, err := readValue(ctx, s, func(t *transaction) ([]*APIKey, error) {
		return collect(t, scanKey, selectKeys+"user_id = ? ORDER BY id", owner)
	})
	if err != nil {
		return Page[APIKey]{}, err
	}
	return pageOf(s, "api keys "+owner.String(), page, keys, func(k *APIKey) string { return string(k.ID[:]) })
}

// APIKeyByPrefix returns the key of that prefix with the user it belongs to,
// read afresh; KindNotFound when there is none, it has expired, or its user is
// not active.
func (s *Store) APIKeyByPrefix(ctx context.Context, prefix string) (APIKey, User, error) {
	var key APIKey
	owner, err := readValue(ctx, s, func(t *transaction) (User, error) {
		r, err := t.first(selectKeys+"prefix = ? AND (expires_at IS NULL OR expires_at > ?)", prefix, t.at)
		if errors.Is(err, errNoRow) {
			return User{}, noSuch("API key")
		}
		if err != nil {
			return User{}, err
		}
		if key, err = scanKey(r); err != nil {
			return User{}, err
		}
		return user(t, "active = 1 AND id = ?", key.UserID)
	})
	return key, owner, err
}

// TouchAPIKey notes that a key was used, unless that was noted after before
// already. It is relaxed.
func (s *Store) TouchAPIKey(ctx context.Context, id uuid.UUID, before Time) error {
	return s.relax(ctx, func(t *transaction) error {
		_, err := t.exec(touchKey, t.at, id, before)
		return err
	})
}

// DeleteAPIKey revokes a key of that user; a key of another is KindNotFound.
func (s *Store) DeleteAPIKey(ctx context.Context, owner, id uuid.UUID) error {
	return s.change(ctx, func(t *transaction) error {
		found, err := collect(t, scanKey, selectKeys+"id = ? AND user_id = ?", id, owner)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return noSuch("API key")
		}
		t.touch(found[0].target())
		_, err = t.exec("DELETE FROM api_keys WHERE id = ?", id)
		return err
	})
}

package store

import (
	"strconv"
	"testing"

	"github.com/google/uuid"
)

func testKey(t testing.TB, s *Store, user User, name string, app *uuid.UUID) APIKey {
	t.Helper()
	return must[APIKey](t)(s.CreateAPIKey(t.Context(), user.ID, APIKeyDraft{Name: name, Prefix: name, BodyFilter: 1<<32 - 1, BodyHash: "hash",
		Scopes: []Scope{ScopeScriptRead}, App: app}))
}

func TestAPIKeyRules(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	bob := testUser(t, s, "bob", RoleMember)
	app := testApp(t, s, "one")
	made := testKey(t, s, ann, "key", &app.ID)
	got, owner, err := s.APIKeyByPrefix(t.Context(), "key")
	noError(t, err)
	if got.ID != made.ID || got.BodyFilter != 1<<32-1 || got.BodyHash != "hash" || *got.App != app.ID || owner != ann {
		t.Errorf("read back %+v of %+v", got, owner)
	}
	for code, draft := range map[string]APIKeyDraft{
		"invalid_name": {Scopes: Scopes}, "bound_key": {Name: "x", Scopes: []Scope{ScopeInstanceRead}, App: &app.ID},
		"invalid_scopes": {Name: "x"}} {
		_, err := s.CreateAPIKey(t.Context(), ann.ID, draft)
		wantCode(t, err, KindInvalid, code)
	}
	for _, scopes := range [][]Scope{{"script:all"}, {ScopeLogRead, ScopeLogRead}} {
		_, err := s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "x", Scopes: scopes})
		wantCode(t, err, KindInvalid, "invalid_scopes")
	}
	_, err = s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "other", Prefix: "key", Scopes: Scopes})
	wantCode(t, err, KindConflict, "prefix_taken")
	testKey(t, s, bob, "bobs", nil)
	wantCode(t, s.DeleteAPIKey(t.Context(), bob.ID, made.ID), KindNotFound, "not_found")
	now := TimeOf(clock.now())
	noError(t, s.TouchAPIKey(t.Context(), made.ID, now-1))
	clock.step(1e6)
	noError(t, s.TouchAPIKey(t.Context(), made.ID, now-1)) // noted after that
	if got, _, _ = s.APIKeyByPrefix(t.Context(), "key"); got.LastUsedAt == nil || *got.LastUsedAt != now {
		t.Errorf("last used at %v, want %v", got.LastUsedAt, now)
	}
	noError(t, s.DeleteApp(t.Context(), app.ID, true))
	_, _, err = s.APIKeyByPrefix(t.Context(), "key")
	wantCode(t, err, KindNotFound, "not_found")
	short := must[APIKey](t)(s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "short", Prefix: "short", Scopes: Scopes, ExpiresAt: ptr(now + 1000)}))
	clock.step(1e9)
	_, _, err = s.APIKeyByPrefix(t.Context(), short.Prefix)
	wantCode(t, err, KindNotFound, "not_found")
	for i := range maxKeysOfUser - 1 {
		testKey(t, s, bob, "k"+strconv.Itoa(i), nil)
	}
	_, err = s.CreateAPIKey(t.Context(), bob.ID, APIKeyDraft{Name: "more", Scopes: Scopes})
	wantCode(t, err, KindInvalid, "too_many_keys")
}

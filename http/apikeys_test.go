package http

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

// rounds returns how often something is tried: long with PICLOUD_TEST_LONG set.
func rounds(short, long int) int {
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		return long
	}
	return short
}

func mint(t *testing.T, s *testServer, headers map[string]string, body string) *httptest.ResponseRecorder {
	t.Helper()
	return request(t, s, "POST", adminPrefix+"api-keys", body, headers)
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	app := field(t, request(t, s, "GET", adminPrefix+"apps/default", "", owner), "id")
	made := mint(t, s, owner, `{"name":"ci","scopes":["script:read"],"app":"default","expires_at":"2030-01-02T15:04:05+01:00"}`)
	wantStatus(t, made, 201)
	token := field(t, made, "raw_token")
	if c, ok := tokenCredential(token); !ok || c.kind != apiKeyToken || !strings.HasPrefix(token, "pic_"+field(t, made, "prefix")) || len(field(t, made, "prefix")) != 8 {
		t.Errorf("the key is %s with the prefix %s", token, field(t, made, "prefix"))
	}
	if !holdsToken(token) {
		t.Error("scripts would see the key")
	}
	play(t, s, owner, []scenario{
		{"list", "GET", "api-keys", "", 200, map[string]string{"items.name": "ci", "items.scopes": `["script:read"]`, "items.app": app,
			"items.expires_at": "2030-01-02T14:04:05.000Z", "items.last_used_at": "null", "items.raw_token": "<absent>"}},
		{"same name", "POST", "api-keys", `{"name":"ci","scopes":["script:read"]}`, 409, map[string]string{"error.code": "name_taken"}},
		{"app by id", "POST", "api-keys", `{"name":"b","scopes":["script:read"],"app":"` + app + `"}`, 201, map[string]string{"app": app, "expires_at": "null"}},
		{"no app", "POST", "api-keys", `{"name":"x","scopes":["script:read"],"app":"nowhere"}`, 404, nil},
		{"bound to an app", "POST", "api-keys", `{"name":"x","scopes":["instance:read"],"app":"default"}`, 422, map[string]string{"error.code": "bound_key"}},
		{"no scope", "POST", "api-keys", `{"name":"x","scopes":[]}`, 422, map[string]string{"error.code": "invalid_scopes"}},
		{"odd scope", "POST", "api-keys", `{"name":"x","scopes":["all"]}`, 422, map[string]string{"error.code": "invalid_scopes"}},
		{"no name", "POST", "api-keys", `{"scopes":["script:read"]}`, 422, map[string]string{"error.code": "invalid_name"}},
		{"over", "POST", "api-keys", `{"name":"x","scopes":["script:read"],"expires_at":"2020-01-01T00:00:00Z"}`, 422, map[string]string{"error.details.field": "expires_at"}},
		{"odd time", "POST", "api-keys", `{"name":"x","scopes":["script:read"],"expires_at":"soon"}`, 422, map[string]string{"error.details.field": "expires_at"}},
		{"missing", "DELETE", "api-keys/" + missingID, "", 404, nil},
	})
	wantStatus(t, request(t, s, "GET", adminPrefix+"auth/me", "", bearer(token)), 200)
	for _, call := range [][2]string{{"GET", "api-keys"}, {"POST", "api-keys"}, {"DELETE", "api-keys/" + missingID}, {"POST", "auth/password"}, {"POST", "auth/logout"}} {
		wantError(t, request(t, s, call[0], adminPrefix+call[1], "", bearer(token)), 403, "forbidden")
	}
	if log := s.log.String(); strings.Contains(log, token) {
		t.Error("the log shows a key")
	}
}

func TestAPIKeysAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, other := w.newUser(store.RoleOwner), w.newUser(store.RoleOwner)
	made := mint(t, w.testServer, w.session(one), `{"name":"k","scopes":["script:read"]}`)
	path := adminPrefix + "api-keys/" + field(t, made, "id")
	same := func(headers map[string]string) map[string]string {
		return map[string]string{"Authorization": headers["Authorization"], "X-Request-Id": "same"}
	}
	foreign := request(t, w.testServer, "DELETE", path, "", same(w.session(other)))
	missing := request(t, w.testServer, "DELETE", adminPrefix+"api-keys/"+missingID, "", same(w.session(other)))
	if foreign.Code != 404 || foreign.Body.String() != missing.Body.String() {
		t.Errorf("another's key: %d %s, none: %s", foreign.Code, foreign.Body, missing.Body)
	}
	if got := field(t, request(t, w.testServer, "GET", adminPrefix+"api-keys", "", w.session(other)), "items"); got != "[]" {
		t.Errorf("another user sees %s", got)
	}
	wantStatus(t, request(t, w.testServer, "DELETE", path, "", w.session(one)), 204)
	wantStatus(t, request(t, w.testServer, "GET", adminPrefix+"auth/me", "", bearer(field(t, made, "raw_token"))), 401)
}

func TestAScopeAboveOnesRoleIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, editor, nobody := w.newUser(store.RoleAdmin), w.newUser(store.RoleMember), w.newUser(store.RoleMember)
	w.join(editor, "alpha", store.AppEditor)
	for _, test := range []struct {
		user   store.User
		app    string
		scopes []string
		status int
	}{
		{admin, "", []string{"instance:admin", "app:admin"}, 201},
		{admin, `"app":"beta",`, []string{"app:admin"}, 201},
		{editor, "", []string{"script:read", "log:read", "script:write", "route:write"}, 201},
		{editor, "", []string{"app:admin"}, 403},
		{editor, "", []string{"instance:read"}, 403},
		{editor, `"app":"alpha",`, []string{"route:write"}, 201},
		{editor, `"app":"alpha",`, []string{"script:read", "app:admin"}, 403},
		{editor, `"app":"beta",`, []string{"script:read"}, 404},
		{nobody, "", []string{"script:read"}, 403},
	} {
		w.names++
		got := mint(t, w.testServer, w.session(test.user), fmt.Sprintf(`{"name":"k%d",%s%s}`, w.names, test.app, scopesJSON(test.scopes...)))
		if got.Code != test.status {
			t.Errorf("%s %s%v: %d, want %d: %s", test.user.Role, test.app, test.scopes, got.Code, test.status, got.Body)
		}
	}
}

func TestManyFirstUsesCostOneHash(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	key := bearer(field(t, mint(t, s, owner, `{"name":"k","scopes":["script:read"]}`), "raw_token"))
	before := s.hasher.done.Load()
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if w := request(t, s, "GET", adminPrefix+"apps", "", key); w.Code != 200 {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	hashes := func() int64 { return s.hasher.done.Load() - before }
	if n := hashes(); n != 1 {
		t.Errorf("50 first uses at once cost %d hashes", n)
	}
	s.clock.advance(rememberKeyFor - time.Second)
	wantStatus(t, request(t, s, "GET", adminPrefix+"apps", "", key), 200)
	if n := hashes(); n != 1 {
		t.Errorf("a use within 15 minutes costs %d hashes", n-1)
	}
	s.clock.advance(time.Second)
	wantStatus(t, request(t, s, "GET", adminPrefix+"apps", "", key), 200)
	if n := hashes(); n != 2 {
		t.Errorf("a use after 15 minutes costs %d hashes, want 1", n-1)
	}
}

// Wrong bodies behind a right prefix: 100,000 in the long form.
func TestWrongKeysCostNoHash(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	right := field(t, mint(t, s, owner, `{"name":"k","scopes":["script:read"]}`), "raw_token")
	before, tries := s.hasher.done.Load(), rounds(2000, 100_000)
	for range tries {
		wrong, err := newKeyToken()
		if err != nil {
			t.Fatal(err)
		}
		wrong = right[:len(apiKeyPrefix)+keyPrefixLength] + wrong[len(apiKeyPrefix)+keyPrefixLength:]
		if w := request(t, s, "GET", adminPrefix+"apps", "", bearer(wrong)); w.Code != 401 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	if n := s.hasher.done.Load() - before; n > 1 { // one passes the filter by chance in 40,000 runs of the long form
		t.Errorf("%d wrong keys cost %d hashes", tries, n)
	}
	if n := s.keys.right.Len(); n != 0 {
		t.Errorf("%d wrong keys are remembered", n)
	}
	wantStatus(t, request(t, s, "GET", adminPrefix+"apps", "", bearer(right)), 200)
}

func TestAKeyThatPassesTheFilterIsStillHashed(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	me := field(t, request(t, s, "GET", adminPrefix+"auth/me", "", owner), "id")
	token, err := newKeyToken()
	if err != nil {
		t.Fatal(err)
	}
	prefix, body := splitKey(token)
	hash, err := createHash("another body", keyParams)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.CreateAPIKey(context.Background(), uuid.MustParse(me), store.APIKeyDraft{Name: "k", Prefix: prefix, BodyFilter: s.keyFilter(body),
		BodyHash: hash, Scopes: store.Scopes}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantError(t, request(t, s, "GET", adminPrefix+"apps", "", bearer(token)), 401, "unauthorized")
	}
	if n := s.keys.right.Len(); n != 0 {
		t.Error("a wrong key is remembered")
	}
}

func TestKeyMemory(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	m := newKeyMemory(clock.now)
	hashes := 0
	check := func(token string, id byte, ok bool, err error) (bool, error) {
		return m.check(context.Background(), token, uuid.UUID{id}, func() (bool, error) { hashes++; return ok, err })
	}
	for i, c := range []struct {
		token  string
		id     byte
		ok     bool
		err    error
		hashes int
	}{
		{"a", 1, true, nil, 1}, {"a", 1, true, nil, 1}, // remembered
		{"a", 2, true, nil, 2},                           // of another key
		{"b", 1, false, nil, 3}, {"b", 1, false, nil, 4}, // what is wrong is not
		{"c", 1, true, errors.New("no turn"), 5}, {"c", 1, true, nil, 6},
	} {
		if ok, err := check(c.token, c.id, c.ok, c.err); ok != c.ok || err != c.err || hashes != c.hashes {
			t.Errorf("step %d: %v, %v after %d hashes", i, ok, err, hashes)
		}
	}
	for i := range 2 * rememberedKeys {
		if _, err := check(fmt.Sprint(i), 3, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.right.Len(); n != rememberedKeys || len(m.checking) != 0 {
		t.Errorf("%d keys are remembered, %d in check", n, len(m.checking))
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = m.check(context.Background(), "panic", uuid.UUID{}, func() (bool, error) { panic("hash") })
	}()
	if len(m.checking) != 0 {
		t.Error("after a panic others would wait for ever")
	}
	if newKeyMemory(clock.now).tag("a") == m.tag("a") {
		t.Error("two processes share a memory key")
	}
}

// One who hangs up while others wait for the check takes nothing from them.
func TestKeyCheckOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	m := newKeyMemory(newTestClock().now)
	entered, leave := make(chan struct{}), make(chan struct{})
	first := make(chan bool, 1)
	go func() {
		ok, _ := m.check(context.Background(), "a", uuid.UUID{}, func() (bool, error) {
			close(entered)
			<-leave
			return true, nil
		})
		first <- ok
	}()
	<-entered
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.check(gone, "a", uuid.UUID{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("one who hung up waits on: %v", err)
	}
	close(leave)
	if !<-first {
		t.Error("the check was lost")
	}
}

func TestKeyUseIsNotedAtMostEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	key := bearer(field(t, mint(t, s, owner, `{"name":"k","scopes":["script:read"]}`), "raw_token"))
	use := func() int64 {
		wantStatus(t, request(t, s, "GET", adminPrefix+"apps", "", key), 200)
		return s.store.WriterStats().Operations
	}
	before := use()
	s.clock.advance(noteUseEvery - time.Second)
	if after := use(); after != before {
		t.Errorf("a use within five minutes wrote %d times", after-before)
	}
	s.clock.advance(time.Second)
	if after := use(); after != before+1 {
		t.Errorf("a use after five minutes wrote %d times", after-before)
	}
	if got := field(t, request(t, s, "GET", adminPrefix+"api-keys", "", owner), "items.last_used_at"); got != "2026-03-01T12:05:00.000Z" {
		t.Errorf("last used at %s", got)
	}
}

package http

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func login(username, password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, username, password)
}

func TestSetup(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	call := func(body string) *httptest.ResponseRecorder {
		return request(t, s, "POST", "/api/v1/admin/auth/setup", body, nil)
	}
	wantError(t, call(`{"token":"","username":"ada","password":"correct horse"}`), 401, "bad_setup_token")
	wantError(t, call(`{"token":"`+testSetupToken[1:]+`","username":"ada","password":"correct horse"}`), 401, "bad_setup_token")
	wantError(t, call(`{"token":"`+testSetupToken+`","username":"ada","password":"short"}`), 422, "invalid")
	wantError(t, call(`{"token":"`+testSetupToken+`","username":"","password":"correct horse"}`), 422, "invalid")
	wantError(t, request(t, s, "POST", "/api/v1/admin/auth/login", login("ada", "correct horse"), nil), 401, "bad_credentials")
	done := call(`{"token":"` + testSetupToken + `","username":"ada","password":"correct horse"}`)
	wantStatus(t, done, 201)
	if got := field(t, done, "user.role"); got != "owner" {
		t.Errorf("the first user is %s", got)
	}
	if got := field(t, done, "expires_at"); got != "2026-03-02T12:00:00.000Z" {
		t.Errorf("expires_at is %s", got)
	}
	wantError(t, call(`{"token":"`+testSetupToken+`","username":"eve","password":"correct horse"}`), 409, "already_set_up")
	wantError(t, call(`{"token":"","username":"eve","password":"correct horse"}`), 409, "already_set_up")
	me := request(t, s, "GET", "/api/v1/admin/auth/me", "", bearer(field(t, done, "token")))
	wantStatus(t, me, 200)
	if strings.Contains(me.Body.String(), "argon2id") {
		t.Errorf("me shows the hash: %s", me.Body)
	}
	wantStatus(t, request(t, s, "GET", "/api/v1/admin/apps/default", "", bearer(field(t, done, "token"))), 200)
}

func TestAnInstanceWithoutASetupTokenAcceptsNone(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.config.SetupToken = ""
	w := request(t, s, "POST", "/api/v1/admin/auth/setup", `{"token":"","username":"ada","password":"correct horse"}`, nil)
	wantError(t, w, 401, "bad_setup_token")
}

func TestSetupRaceMakesOneOwner(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	const callers = 100
	statuses := make([]int, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			body := fmt.Sprintf(`{"token":%q,"username":"user%d","password":"correct horse"}`, testSetupToken, i)
			statuses[i] = request(t, s, "POST", "/api/v1/admin/auth/setup", body, nil).Code
		})
	}
	group.Wait()
	made := 0
	for _, status := range statuses {
		switch status {
		case 201:
			made++
		case 409:
		default:
			t.Errorf("status %d", status)
		}
	}
	if made != 1 {
		t.Errorf("%d owners were made", made)
	}
}

func TestLoginAndLogout(t *testing.T) {
	t.Parallel()
	s, first := newOwnedServer(t)
	w := request(t, s, "POST", "/api/v1/admin/auth/login", login(testUsername, testPassword), nil)
	wantStatus(t, w, 200)
	second := bearer(field(t, w, "token"))
	if second["Authorization"] == first["Authorization"] {
		t.Fatal("the token was not rotated at login")
	}
	wantStatus(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", second), 200)
	wantStatus(t, request(t, s, "POST", "/api/v1/admin/auth/logout", "", second), 204)
	wantError(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", second), 401, "unauthorized")
	wantStatus(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", first), 200)
}

func TestUnknownUserAndWrongPasswordLookTheSame(t *testing.T) {
	t.Parallel()
	s, _ := newOwnedServer(t)
	headers := map[string]string{"X-Request-Id": "same"}
	wrong := request(t, s, "POST", "/api/v1/admin/auth/login", login(testUsername, "wrong password"), headers)
	unknown := request(t, s, "POST", "/api/v1/admin/auth/login", login("nobody", "wrong password"), headers)
	wantError(t, wrong, 401, "bad_credentials")
	if !bytes.Equal(wrong.Body.Bytes(), unknown.Body.Bytes()) || fmt.Sprint(wrong.Header()) != fmt.Sprint(unknown.Header()) {
		t.Errorf("wrong password: %v %s\nunknown user: %v %s", wrong.Header(), wrong.Body, unknown.Header(), unknown.Body)
	}
}

func TestSessionSlidesAndEnds(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	me := func() int { return request(t, s, "GET", "/api/v1/admin/auth/me", "", owner).Code }
	for range 3 { // each use moves the end, so three times 23 hours pass
		s.clock.advance(23 * time.Hour)
		if got := me(); got != 200 {
			t.Fatalf("status %d within the session's life", got)
		}
	}
	s.clock.advance(24 * time.Hour)
	if got := me(); got != 401 {
		t.Errorf("status %d after 24 hours without use", got)
	}
}

func TestSessionIsWrittenAtMostEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	use := func() int64 {
		wantStatus(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", owner), 200)
		return s.store.WriterStats().Operations
	}
	before := use()
	s.clock.advance(4*time.Minute + 59*time.Second)
	if after := use(); after != before {
		t.Errorf("a use within five minutes wrote %d times", after-before)
	}
	s.clock.advance(time.Second)
	if after := use(); after <= before {
		t.Error("a use after five minutes did not move the session's end")
	}
}

func TestPasswordChangeEndsAllSessions(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	change := func(body string) *httptest.ResponseRecorder {
		return request(t, s, "POST", "/api/v1/admin/auth/password", body, owner)
	}
	wantError(t, change(`{"current_password":"wrong horse","new_password":"another horse"}`), 403, "wrong_password")
	wantError(t, change(`{"current_password":"correct horse","new_password":"short"}`), 422, "invalid")
	w := change(`{"current_password":"correct horse","new_password":"another horse"}`)
	wantStatus(t, w, 200)
	wantStatus(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", owner), 401)
	wantStatus(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", bearer(field(t, w, "token"))), 200)
	wantStatus(t, request(t, s, "POST", "/api/v1/admin/auth/login", login(testUsername, testPassword), nil), 401)
	wantStatus(t, request(t, s, "POST", "/api/v1/admin/auth/login", login(testUsername, "another horse"), nil), 200)
}

func TestLoginThrottlePerAccount(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	try := func(username, password string) *httptest.ResponseRecorder {
		return request(t, s, "POST", "/api/v1/admin/auth/login", login(username, password), nil)
	}
	for _, spelling := range []string{"ada", "ADA", "ada", "Ada", "ada"} {
		wantStatus(t, try(spelling, "wrong password"), 401)
	}
	refused := try("ada", testPassword)
	wantError(t, refused, 429, "too_many_requests")
	if got := refused.Header().Get("Retry-After"); got != "12" {
		t.Errorf("Retry-After is %q, want the 12 s until the next of 5 a minute", got)
	}
	wantStatus(t, request(t, s, "GET", "/api/v1/admin/auth/me", "", owner), 200)
	wantStatus(t, try("someone", "wrong password"), 401)
	s.clock.advance(12 * time.Second)
	for range 10 { // a right password is never slowed down by itself
		wantStatus(t, try("ada", testPassword), 200)
	}
}

// A stolen session is no way to guess the password faster than by signing in.
func TestGuessingTheCurrentPasswordIsThrottled(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	change := func(current string) *httptest.ResponseRecorder {
		return request(t, s, "POST", "/api/v1/admin/auth/password", `{"current_password":"`+current+`","new_password":"another horse"}`, owner)
	}
	for range attemptsPerAccount {
		wantError(t, change("wrong horse"), 403, "wrong_password")
	}
	before := s.hasher.done.Load()
	refused := change(testPassword)
	wantError(t, refused, 429, "too_many_requests")
	if got := refused.Header().Get("Retry-After"); got != "12" {
		t.Errorf("Retry-After is %q, want the 12 s until the next of 5 a minute", got)
	}
	if hashes := s.hasher.done.Load() - before; hashes != 0 {
		t.Errorf("a refused guess cost %d hashes", hashes)
	}
	wantError(t, request(t, s, "POST", "/api/v1/admin/auth/login", login(testUsername, testPassword), nil), 429, "too_many_requests")
	s.clock.advance(12 * time.Second)
	wantStatus(t, change(testPassword), 200)
}

// Attempts that are refused, from however many addresses, make nobody's empty
// bucket be forgotten.
func TestRefusedAttemptsPushOutNoBucket(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(newTestClock().now)
	source := netip.MustParseAddr("198.51.100.1")
	for i := range attemptsPerAddress {
		if err := throttle.attempt(fmt.Sprint("user", i/attemptsPerAccount), source); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	elsewhere := netip.MustParseAddr("203.0.0.0")
	for range throttleEntries {
		if elsewhere = elsewhere.Next(); throttle.attempt("USER0", elsewhere) == nil {
			t.Fatal("a sixth attempt for one account was let through")
		}
	}
	for i := range throttleEntries {
		if throttle.attempt(fmt.Sprint("name", i), source) == nil {
			t.Fatal("the address's empty bucket was forgotten")
		}
	}
	if throttle.attempt("user0", elsewhere) == nil {
		t.Error("the account's empty bucket was forgotten")
	}
}

func TestAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	token := strings.TrimPrefix(owner["Authorization"], "Bearer ")
	for header, status := range map[string]int{
		"Bearer " + token: 200, "bearer " + token: 200, "BEARER  " + token: 200,
		token: 401, "Bearer" + token: 401, "Token " + token: 401, "Bearer " + token + "x": 401,
		"Bearer " + token[:len(token)-1]: 401, "Bearer " + strings.ToUpper(token): 401, "Bearer pis_": 401,
		"Bearer pis_" + strings.Repeat("A", 43): 401,
	} {
		w := request(t, s, "GET", "/api/v1/admin/auth/me", "", map[string]string{"Authorization": header})
		if w.Code != status {
			t.Errorf("Authorization: %s gives %d, want %d", header, w.Code, status)
		}
		if status == 401 && w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("401 without WWW-Authenticate: %v", w.Header())
		}
	}
	twice := httptest.NewRequest("GET", "/api/v1/admin/auth/me", nil)
	twice.Header["Authorization"] = []string{owner["Authorization"], owner["Authorization"]}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, twice)
	if w.Code != 401 {
		t.Errorf("two Authorization headers give %d", w.Code)
	}
}

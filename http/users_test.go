package http

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"picloud/store"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	made := request(t, s, "POST", adminPrefix+"admins", `{"username":"bob","password":"correct horse","role":"member"}`, owner)
	wantStatus(t, made, 201)
	bob, me := "admins/"+field(t, made, "id"), "admins/"+field(t, request(t, s, "GET", adminPrefix+"auth/me", "", owner), "id")
	play(t, s, owner, []scenario{
		{"list", "GET", "admins?limit=1", "", 200, map[string]string{"items.username": testUsername, "items.password_hash": "<absent>"}},
		{"show", "GET", bob, "", 200, map[string]string{"username": "bob", "role": "member", "active": "true", "last_login_at": "null"}},
		{"taken", "POST", "admins", `{"username":"bob","password":"correct horse","role":"member"}`, 409, map[string]string{"error.code": "username_taken"}},
		{"short password", "POST", "admins", `{"username":"eve","password":"short","role":"member"}`, 422, map[string]string{"error.details.field": "password"}},
		{"no role", "POST", "admins", `{"username":"eve","password":"correct horse"}`, 422, map[string]string{"error.code": "invalid_role"}},
		{"no name", "POST", "admins", `{"password":"correct horse","role":"member"}`, 422, map[string]string{"error.code": "invalid_username"}},
		{"promote", "PATCH", bob, `{"role":"admin"}`, 200, map[string]string{"role": "admin"}},
		{"odd role", "PATCH", bob, `{"role":"boss"}`, 422, map[string]string{"error.code": "invalid_role"}},
		{"rename", "PATCH", bob, `{"username":"rob"}`, 400, map[string]string{"error.code": "unknown_field"}},
		{"own password", "PATCH", me, `{"password":"another horse"}`, 422, map[string]string{"error.details.field": "password"}},
		{"last owner demoted", "PATCH", me, `{"role":"admin"}`, 409, map[string]string{"error.code": "last_owner"}},
		{"last owner deactivated", "PATCH", me, `{"active":false}`, 409, map[string]string{"error.code": "last_owner"}},
		{"last owner deleted", "DELETE", me, "", 409, map[string]string{"error.code": "last_owner"}},
		{"one owner", "GET", "instance/stats", "", 200, map[string]string{"active_owners": "1", "warnings": "[]"}},
		{"second owner", "PATCH", bob, `{"role":"owner"}`, 200, map[string]string{"role": "owner"}},
		{"two owners", "GET", "instance/stats", "", 200, map[string]string{"active_owners": "2", "warnings.code": "several_owners"}},
		{"delete", "DELETE", bob, "", 204, nil},
		{"gone", "GET", bob, "", 404, nil},
		{"nobody", "PATCH", "admins/" + missingID, `{}`, 404, nil},
		{"no id", "GET", "admins/bob", "", 404, nil},
	})
}

// Admins manage everyone but owners; keys manage members only, whoever's they
// are, and set nobody's password: with it a key would sign in and carry more.
func TestWhoTouchesWhichUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, admin := w.newUser(store.RoleOwner), w.newUser(store.RoleAdmin)
	for name, c := range map[string]struct {
		headers map[string]string
		highest store.Role
	}{
		"an owner":       {w.session(owner), store.RoleOwner},
		"an admin":       {w.session(admin), store.RoleAdmin},
		"an owner's key": {w.key(owner, scopesJSON("instance:admin")), store.RoleMember},
		"an admin's key": {w.key(admin, scopesJSON("instance:admin")), store.RoleMember},
	} {
		for role, refusal := range map[store.Role]string{store.RoleMember: "", store.RoleAdmin: "sessions_only", store.RoleOwner: "owners_only"} {
			user, member := w.newUser(role).ID.String(), w.newUser(store.RoleMember).ID.String()
			for _, call := range [][3]string{
				{"POST", "", fmt.Sprintf(`{"username":"%s makes %s","password":"correct horse","role":%q}`, name, role, role)},
				{"PATCH", "/" + member, fmt.Sprintf(`{"role":%q}`, role)}, {"PATCH", "/" + user, `{"password":"another horse"}`},
				{"PATCH", "/" + user, `{"active":false}`}, {"PATCH", "/" + user, `{"role":"member","password":"another horse"}`}, {"DELETE", "/" + user, ""},
			} {
				got := request(t, w.testServer, call[0], adminPrefix+"admins"+call[1], call[2], c.headers)
				allowed := role.Level() <= c.highest.Level()
				if c.highest == store.RoleMember && role == store.RoleMember && call[0] == "PATCH" && strings.Contains(call[2], "password") {
					allowed, refusal = false, "sessions_only" // a key sets nobody's password
				}
				if allowed && got.Code >= 300 || !allowed && (got.Code != 403 || field(t, got, "error.code") != refusal) {
					t.Errorf("%s to %s: %s %s: %d %s", name, role, call[0], call[2], got.Code, got.Body)
				}
			}
		}
	}
}

func TestAPasswordSetByAnAdminEndsSessions(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	made := request(t, s, "POST", adminPrefix+"admins", `{"username":"bob","password":"correct horse","role":"member"}`, owner)
	signIn := func(password string) *httptest.ResponseRecorder {
		return request(t, s, "POST", adminPrefix+"auth/login", login("bob", password), nil)
	}
	old := bearer(field(t, signIn("correct horse"), "token"))
	wantStatus(t, request(t, s, "PATCH", adminPrefix+"admins/"+field(t, made, "id"), `{"password":"another horse"}`, owner), 200)
	wantStatus(t, request(t, s, "GET", adminPrefix+"auth/me", "", old), 401)
	wantStatus(t, request(t, s, "GET", adminPrefix+"auth/me", "", owner), 200)
	wantStatus(t, signIn("correct horse"), 401)
	wantStatus(t, signIn("another horse"), 200)
}

// A sign-in that stores the password under new parameters ends nobody's session.
func TestRehashKeepsSessions(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	weak, err := argon2id.CreateHash(testPassword, &argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	user, err := s.store.UserByName(context.Background(), testUsername)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.RehashPassword(context.Background(), user.ID, user.PasswordHash, weak); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 { // who stores it first is not to turn the others away
		group.Go(func() {
			if w := request(t, s, "POST", adminPrefix+"auth/login", login(testUsername, testPassword), nil); w.Code != 200 {
				t.Errorf("sign-in: %d %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	if user, err = s.store.User(context.Background(), user.ID); err != nil || !strings.HasPrefix(user.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s: %v", user.PasswordHash, err)
	}
	wantStatus(t, request(t, s, "GET", adminPrefix+"auth/me", "", owner), 200)
}

package http

import (
	"context"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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

func TestMembersSeeTheirApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.newUser(store.RoleMember)
	headers := w.session(user)
	play(t, w.testServer, headers, []scenario{
		{"no app", "GET", "apps", "", 200, map[string]string{"items": "[]"}},
		{"no script", "GET", "scripts", "", 200, map[string]string{"items": "[]"}},
	})
	w.join(user, "alpha", store.AppAdmin)
	w.join(user, "beta", store.AppViewer)
	other := w.newUser(store.RoleMember)
	play(t, w.testServer, headers, []scenario{
		{"apps", "GET", "apps", "", 200, map[string]string{"items.slug": "alpha", "items.my_role": "app_admin"}},
		{"app", "GET", "apps/beta", "", 200, map[string]string{"my_role": "viewer"}},
		{"scripts", "GET", "scripts", "", 200, map[string]string{"items.name": "one"}},
		{"rename", "PATCH", "apps/alpha", `{"name":"A"}`, 200, map[string]string{"my_role": "app_admin"}},
		{"members", "GET", "apps/alpha/members", "", 200, map[string]string{"items.username": user.Username, "items.role": "app_admin", "items.user_id": user.ID.String()}},
		{"invite by name", "PUT", "apps/alpha/members/" + other.Username, `{"role":"viewer"}`, 200, map[string]string{"user_id": other.ID.String(), "role": "viewer"}},
		{"promote by id", "PUT", "apps/alpha/members/" + other.ID.String(), `{"role":"editor"}`, 200, map[string]string{"username": other.Username, "role": "editor"}},
		{"odd role", "PUT", "apps/alpha/members/" + other.Username, `{"role":"owner"}`, 422, map[string]string{"error.code": "invalid_role"}},
		{"nobody", "PUT", "apps/alpha/members/nobody", `{"role":"viewer"}`, 404, nil},
		{"take out", "DELETE", "apps/alpha/members/" + other.Username, "", 204, nil},
		{"again", "DELETE", "apps/alpha/members/" + other.Username, "", 404, nil},
	})
	if got := field(t, request(t, w.testServer, "GET", adminPrefix+"apps?limit=1", "", headers), "next_cursor"); got == "<absent>" {
		t.Error("two apps fit a page of one")
	}
	bound := w.key(user, `"app":"beta",`+scopesJSON("script:read"))
	list := request(t, w.testServer, "GET", adminPrefix+"apps", "", bound)
	if field(t, list, "items.slug") != "beta" || strings.Contains(list.Body.String(), "alpha") {
		t.Errorf("a key bound to beta lists %s", list.Body)
	}
}

// Of an app that one may not see, routes tell only that a path is taken.
func TestForeignRoutesAreOnlyTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	editor := w.newUser(store.RoleMember)
	w.join(editor, "alpha", store.AppEditor)
	headers, alpha, beta := w.session(editor), w.apps["alpha"], w.apps["beta"]
	taken := map[string]string{"error.code": "route_conflict", "error.details": "<absent>"}
	play(t, w.testServer, headers, []scenario{
		{"own conflict", "POST", "scripts/" + alpha.script + "/routes", `{"method":"GET","path":"/alpha"}`, 409, map[string]string{"error.details.conflicting_route.id": alpha.route}},
		{"foreign conflict", "POST", "scripts/" + alpha.script + "/routes", `{"method":"GET","path":"/beta"}`, 409, taken},
		{"moved there", "PATCH", "routes/" + alpha.route, `{"path":"/beta"}`, 409, taken},
		{"own check", "POST", "routes:check", `{"method":"GET","path":"/alpha"}`, 200, map[string]string{"ok": "false", "conflicting_route.id": alpha.route}},
		{"foreign check", "POST", "routes:check", `{"method":"GET","path":"/beta"}`, 200, map[string]string{"ok": "false", "conflicting_route": "null"}},
		{"own exception", "POST", "routes:check", `{"method":"GET","path":"/alpha","except":"` + alpha.route + `"}`, 200, map[string]string{"ok": "true"}},
		{"foreign exception", "POST", "routes:check", `{"method":"GET","path":"/beta","except":"` + beta.route + `"}`, 200, map[string]string{"ok": "false"}},
		{"own match", "POST", "routes:match", `{"method":"GET","url":"/alpha"}`, 200, map[string]string{"matched": "true", "route.id": alpha.route}},
		{"foreign match", "POST", "routes:match", `{"method":"GET","url":"/beta"}`, 200, map[string]string{"matched": "true", "route": "null"}},
	})
	same := map[string]string{"Authorization": headers["Authorization"], "X-Request-Id": "same"}
	move := func(script string) string {
		got := request(t, w.testServer, "PATCH", adminPrefix+"routes/"+alpha.route, `{"script_id":"`+script+`"}`, same)
		return fmt.Sprint(got.Code, got.Header(), got.Body)
	}
	if foreign, missing := move(beta.script), move(missingID); foreign != missing || !strings.HasPrefix(missing, "404") {
		t.Errorf("a route moved to a foreign script: %s\nto none: %s", foreign, missing)
	}
}

// A trigger starts a script of its own app; which there are in others, nobody
// learns by trying.
func TestForeignScriptsOfTriggersAreMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	editor := w.newUser(store.RoleMember)
	w.join(editor, "alpha", store.AppEditor)
	for name, caller := range map[string]map[string]string{"editor of alpha": w.session(editor), "owner": w.owner} {
		headers := map[string]string{"Authorization": caller["Authorization"], "X-Request-Id": "same"}
		for _, call := range [][3]string{
			{"POST", "apps/alpha/triggers/kv", `{"script_id":"%s","name":"new","kv":{"collection":"c"}}`},
			{"PATCH", "triggers/" + w.apps["alpha"].trigger, `{"script_id":"%s"}`},
		} {
			answer := func(script string) string {
				got := request(t, w.testServer, call[0], adminPrefix+call[1], fmt.Sprintf(call[2], script), headers)
				return fmt.Sprint(got.Code, got.Header(), got.Body)
			}
			foreign, missing := answer(w.apps["beta"].script), answer(missingID)
			if foreign != missing || !strings.HasPrefix(missing, "422") || !strings.Contains(missing, "other_app") {
				t.Errorf("%s: %s with a foreign script: %s\nwith none: %s", name, call[0], foreign, missing)
			}
		}
	}
}

func TestExecuteForThoseSignedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	script := w.made("apps/alpha/scripts", `{"name":"inner","source":"return 1","access":"authenticated"}`)
	viewer, stranger, owner := w.newUser(store.RoleMember), w.newUser(store.RoleMember), w.newUser(store.RoleOwner)
	w.join(viewer, "alpha", store.AppViewer)
	w.join(stranger, "beta", store.AppAdmin)
	for name, test := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"nobody":            {nil, 401},
		"viewer":            {w.session(viewer), 200},
		"owner":             {w.session(owner), 200},
		"stranger":          {w.session(stranger), 404},
		"key":               {w.key(viewer, scopesJSON("script:read")), 200},
		"key for the log":   {w.key(viewer, scopesJSON("log:read")), 403},
		"key of beta":       {w.key(owner, `"app":"beta",`+scopesJSON("app:admin")), 404},
		"key of alpha":      {w.key(owner, `"app":"alpha",`+scopesJSON("app:admin")), 200},
		"key for instances": {w.key(owner, scopesJSON("instance:admin")), 403},
	} {
		if got := request(t, w.testServer, "POST", "/api/v1/execute/"+script, "", test.headers); got.Code != test.status {
			t.Errorf("%s: %d, want %d: %s", name, got.Code, test.status, got.Body)
		}
	}
	if got := request(t, w.testServer, "POST", "/api/v1/execute/"+w.apps["alpha"].script, "", nil); got.Code != 200 {
		t.Errorf("an open script answers %d", got.Code)
	}
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

// What is taken away is gone for every request that begins afterwards, on
// connections and caches that are warm: 10,000 of them in the long form.
func TestWhatIsTakenAwayIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		path   string
		status int
		user   func() (store.User, map[string]string)
		take   func(user store.User, headers map[string]string)
	}{
		"revoke": {"apps/alpha", 401, w.ownersKey, func(user store.User, _ map[string]string) {
			keys, err := w.store.APIKeys(context.Background(), user.ID, store.PageRequest{})
			if err != nil || len(keys.Items) != 1 {
				t.Fatalf("%d keys, %v", len(keys.Items), err)
			}
			w.must("DELETE", "api-keys/"+keys.Items[0].ID.String(), "", w.session(user))
		}},
		"deactivate with a key":     {"apps/alpha", 401, w.ownersKey, w.patch(`{"active":false}`)},
		"deactivate with a session": {"apps/alpha", 401, w.admin, w.patch(`{"active":false}`)},
		"demote":                    {"admins", 403, w.admin, w.patch(`{"role":"member"}`)},
		"demote out of sight":       {"apps/alpha", 404, w.admin, w.patch(`{"role":"member"}`)},
		"set a password":            {"auth/me", 401, w.admin, w.patch(`{"password":"another horse"}`)},
		"delete":                    {"auth/me", 401, w.admin, func(user store.User, _ map[string]string) { w.must("DELETE", "admins/"+user.ID.String(), "", w.owner) }},
		"remove": {"apps/alpha/scripts", 404, w.memberOfAlpha, func(user store.User, _ map[string]string) {
			w.must("DELETE", "apps/alpha/members/"+user.Username, "", w.owner)
		}},
		"lower": {"apps/alpha/members", 403, w.memberOfAlpha, func(user store.User, _ map[string]string) { w.join(user, "alpha", store.AppViewer) }},
		"sign out": {"auth/me", 401, w.admin, func(_ store.User, headers map[string]string) {
			w.must("POST", "auth/logout", "", headers)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			user, headers := c.user()
			crowd := newCrowd(t, server.URL+adminPrefix+c.path, headers["Authorization"], c.status, rounds(400, 10_000))
			crowd.warmUp()
			c.take(user, headers)
			crowd.taken.Store(true)
			crowd.wait()
			if crowd.late.Load() > 0 || crowd.refused.Load() < int64(crowd.wanted) {
				t.Errorf("%d requests after it were let through, %d refused", crowd.late.Load(), crowd.refused.Load())
			}
		})
	}
}

func (w *world) must(method, path, body string, headers map[string]string) {
	w.t.Helper()
	if got := request(w.t, w.testServer, method, adminPrefix+path, body, headers); got.Code >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, got.Code, got.Body)
	}
}

func (w *world) patch(body string) func(store.User, map[string]string) {
	return func(user store.User, _ map[string]string) { w.must("PATCH", "admins/"+user.ID.String(), body, w.owner) }
}

func (w *world) ownersKey() (store.User, map[string]string) {
	user := w.newUser(store.RoleOwner)
	return user, w.key(user, scopesJSON("app:admin"))
}

func (w *world) admin() (store.User, map[string]string) {
	user := w.newUser(store.RoleAdmin)
	return user, w.session(user)
}

func (w *world) memberOfAlpha() (store.User, map[string]string) {
	user := w.newUser(store.RoleMember)
	w.join(user, "alpha", store.AppAdmin)
	return user, w.session(user)
}

// crowd calls one URL over 100 connections until, after taken, wanted requests
// were refused with the right status.
type crowd struct {
	t                   *testing.T
	url, authorization  string
	status, wanted      int
	client              *nethttp.Client
	taken               atomic.Bool
	warm, refused, late atomic.Int64
	group               sync.WaitGroup
}

const crowdSize = 100

func newCrowd(t *testing.T, url, authorization string, status, wanted int) *crowd {
	c := &crowd{t: t, url: url, authorization: authorization, status: status, wanted: wanted,
		client: &nethttp.Client{Transport: &nethttp.Transport{MaxIdleConnsPerHost: crowdSize, MaxConnsPerHost: crowdSize}}}
	for range crowdSize {
		c.group.Go(c.run)
	}
	return c
}

// run is one connection.
func (c *crowd) run() {
	for c.refused.Load() < int64(c.wanted) && c.late.Load() == 0 {
		after := c.taken.Load() // before the request begins
		status, err := c.call()
		switch {
		case err != nil || status != 200 && status != c.status:
			c.t.Errorf("status %d, %v", status, err)
			return
		case status == 200 && after:
			c.late.Add(1)
		case status == 200:
			c.warm.Add(1)
		case after:
			c.refused.Add(1)
		}
	}
}

func (c *crowd) call() (int, error) {
	request, err := nethttp.NewRequest("GET", c.url, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", c.authorization)
	response, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// warmUp waits until each connection has been let through about once.
func (c *crowd) warmUp() {
	for c.warm.Load() < crowdSize {
		if status, err := c.call(); err != nil || status != 200 {
			c.t.Fatalf("before anything was taken away: %d, %v", status, err)
		}
	}
}

func (c *crowd) wait() {
	c.group.Wait()
	c.client.CloseIdleConnections()
}

// A name may hold what paths give a meaning to; a client then escapes it.
func TestMembersOfAnyName(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	for _, name := range []string{"ada@example.com", "a/b", "50%", "a=b&c", "é?#"} {
		wantStatus(t, request(t, s, "POST", adminPrefix+"admins", `{"username":"`+name+`","password":"correct horse battery","role":"member"}`, owner), 201)
		member := adminPrefix + "apps/default/members/" + url.QueryEscape(name)
		set := request(t, s, "PUT", member, `{"role":"viewer"}`, owner)
		if wantStatus(t, set, 200); field(t, set, "username") != name {
			t.Errorf("%q became a member as %s", name, set.Body)
		}
		wantStatus(t, request(t, s, "DELETE", member, "", owner), 204)
	}
}

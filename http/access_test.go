package http

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"picloud/store"
)

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

const crowdSize = 100

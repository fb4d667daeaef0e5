package http

import (
	"fmt"
	"strings"
	"testing"

	"picloud/store"
)

// changes is one call for each route that changes something; {x} stands for
// what the world has made. A route without one fails the test.
var changes = map[string]struct{ path, body, target string }{
	"POST auth/login":                {"auth/login", `{"username":"ada","password":"correct horse"}`, "user ada"},
	"POST auth/logout":               {"auth/logout", "", "user {caller}"},
	"POST auth/password":             {"auth/password", `{"current_password":"correct horse","new_password":"another horse"}`, "user {caller}"},
	"POST admins":                    {"admins", `{"username":"new","password":"correct horse","role":"member"}`, "user new"},
	"PATCH admins/:id":               {"admins/{user}", `{"role":"admin","active":true}`, "user {username}"},
	"DELETE admins/:id":              {"admins/{user}", "", "user {username}"},
	"POST api-keys":                  {"api-keys", `{"name":"k","scopes":["script:read"]}`, "api_key k"},
	"DELETE api-keys/:id":            {"api-keys/{key}", "", "api_key own"},
	"POST apps":                      {"apps", `{"slug":"gamma"}`, "app gamma"},
	"PATCH apps/:app":                {"apps/alpha", `{"name":"A"}`, "app alpha"},
	"PUT apps/:app/sandbox":          {"apps/alpha/sandbox", `{"lifted":true,"accept_risk":true}`, "app alpha"},
	"DELETE apps/:app":               {"apps/alpha?force=true", "", "app alpha"},
	"POST apps/:app/import":          {"apps/alpha/import", `{"files":{"app.toml":"description = 'x'","scripts/new.lua":"return 1"}}`, "app alpha"},
	"PUT apps/:app/members/:user":    {"apps/alpha/members/{user}", `{"role":"viewer"}`, "member {username}"},
	"DELETE apps/:app/members/:user": {"apps/alpha/members/{member}", "", "member {membername}"},
	"PUT apps/:app/secrets/:name":    {"apps/alpha/secrets/TOKEN", `{"value":"a new value"}`, "secret TOKEN"},
	"DELETE apps/:app/secrets/:name": {"apps/alpha/secrets/SPARE", "", "secret SPARE"},
	"POST apps/:app/scripts":         {"apps/alpha/scripts", `{"name":"two","source":"return 2"}`, "script two"},
	"PATCH scripts/:id":              {"scripts/{script}", `{"description":"x"}`, "script one"},
	"DELETE scripts/:id":             {"scripts/{idle}", "", "script idle"},
	"POST scripts/:id/rollback":      {"scripts/{script}/rollback", `{"version":1}`, "script one"},
	"POST scripts/:id/routes":        {"scripts/{script}/routes", `{"method":"GET","path":"/new"}`, "route GET /new"},
	"POST scripts/:id/grants":        {"scripts/{script}/grants", `{"host":"fd00::1","port":80}`, "grant [fd00::1]:80"},
	"DELETE grants/:id":              {"grants/{grant}", "", "grant printer.local:631"},
	"PATCH routes/:id":               {"routes/{route}", `{"path":"/moved"}`, "route GET /moved"},
	"DELETE routes/:id":              {"routes/{route}", "", "route GET /alpha"},
	"POST apps/:app/triggers/:kind":  {"apps/alpha/triggers/topic", `{"script_id":"{script}","name":"t","topic":{"filter":"a"}}`, "trigger t"},
	"PATCH triggers/:id":             {"triggers/{trigger}", `{"enabled":false}`, "trigger kept"},
	"DELETE triggers/:id":            {"triggers/{trigger}", "", "trigger kept"},
	"POST dead-letters/:id/replay":   {"dead-letters/{letter}/replay", "{}", "dead_letter "},
	"POST dead-letters/:id/resolve":  {"dead-letters/{letter}/resolve", `{"note":"n"}`, "dead_letter "},

	"POST instance/backup": {"instance/backup", "", "instance "},

	"PUT apps/:app/kv/:collection/:key":     {"apps/alpha/kv/c/new", `{"value":1}`, "kv c"},
	"DELETE apps/:app/kv/:collection/:key":  {"apps/alpha/kv/c/old", "", "kv c"},
	"POST apps/:app/docs/:collection":       {"apps/alpha/docs/d", `{"data":{}}`, "document d"},
	"PUT apps/:app/docs/:collection/:id":    {"apps/alpha/docs/d/old", `{"data":{"a":2}}`, "document d"},
	"DELETE apps/:app/docs/:collection/:id": {"apps/alpha/docs/d/old", "", "document d"},
}

// dataAction reports whether a change is counted by collection; its entry names
// no single thing.
func dataAction(route string) bool {
	return strings.Contains(route, "/kv/") || strings.Contains(route, "/docs/")
}

// Every route that changes something leaves exactly one entry: who, with which
// key, what, from where; and none when it is refused.
func TestEveryChangeIsAudited(t *testing.T) {
	t.Parallel()
	for _, route := range newTestServer(t).adminRoutes() {
		name := route.method + " " + route.path
		if route.action == changesNothing || route.path == "auth/setup" { // of that, below
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, known := changes[name]
			if !known {
				t.Fatalf("no call for %s is known here", name)
			}
			w := newWorld(t)
			fill, caller := w.auditedCaller()
			headers := map[string]string{"Authorization": caller["Authorization"], "X-Request-Id": "the-call"}
			before := w.auditLength()
			refused := request(t, w.testServer, route.method, adminPrefix+fill.Replace(c.path), `{"no such field":1}`, nil)
			if refused.Code < 400 || w.auditLength() != before {
				t.Fatalf("a refused call (%d) made %d entries", refused.Code, w.auditLength()-before)
			}
			done := request(t, w.testServer, route.method, adminPrefix+fill.Replace(c.path), fill.Replace(c.body), headers)
			if done.Code >= 300 {
				t.Fatalf("status %d: %s", done.Code, done.Body)
			}
			if made := w.auditLength() - before; made != 1 {
				t.Errorf("%d entries, want 1", made)
			}
			list := request(t, w.testServer, "GET", adminPrefix+"audit?action="+route.action+"&limit=1", "", w.owner)
			got := fmt.Sprintf("%s %s by %s from %s in %s", field(t, list, "items.target.kind"), field(t, list, "items.target.name"),
				field(t, list, "items.username"), field(t, list, "items.address"), field(t, list, "items.request_id"))
			who := fill.Replace("{caller}")
			if route.needs == public {
				who = testUsername
			}
			if want := fill.Replace(c.target) + " by " + who + " from 192.0.2.1 in the-call"; got != want {
				t.Errorf("the entry says %s, want %s", got, want)
			}
			if id := field(t, list, "items.target.id"); len(id) != 36 && !dataAction(route.path) && !strings.HasPrefix(c.target, "secret ") { // it has its name alone
				t.Errorf("the target's id is %s", id)
			}
			if inApp := strings.Contains(c.path, "apps/") || strings.HasPrefix(c.path, "scripts") || strings.HasPrefix(c.path, "routes") || strings.HasPrefix(c.path, "grants"); inApp && field(t, list, "items.app_id") != w.apps["alpha"].id {
				t.Errorf("the app is %s", field(t, list, "items.app_id"))
			}
		})
	}
}

// auditedCaller makes what the calls above name, and who calls.
func (w *world) auditedCaller() (*strings.Replacer, map[string]string) {
	w.t.Helper()
	user, member := w.newUser(store.RoleMember), w.newUser(store.RoleMember)
	w.join(member, "alpha", store.AppViewer)
	wantStatus(w.t, request(w.t, w.testServer, "POST", adminPrefix+"admins", `{"username":"caller","password":"correct horse","role":"owner"}`, w.owner), 201)
	caller := bearer(field(w.t, request(w.t, w.testServer, "POST", adminPrefix+"auth/login", login("caller", "correct horse"), nil), "token"))
	key := mint(w.t, w.testServer, caller, `{"name":"own","scopes":["script:read"]}`)
	a := w.apps["alpha"]
	wantStatus(w.t, request(w.t, w.testServer, "PUT", adminPrefix+"apps/alpha/secrets/SPARE", `{"value":"spare value"}`, w.owner), 200)
	for path, body := range map[string]string{"kv/c/old": `{"value":1}`, "docs/d": `{"id":"old","data":{"a":1}}`} {
		method := "PUT"
		if strings.HasPrefix(path, "docs") {
			method = "POST"
		}
		if made := request(w.t, w.testServer, method, adminPrefix+"apps/alpha/"+path, body, w.owner); made.Code >= 300 {
			w.t.Fatalf("%s: %s", path, made.Body)
		}
	}
	return strings.NewReplacer("{trigger}", a.trigger, "{letter}", a.letter, "{grant}", a.grant,
		"{user}", user.ID.String(), "{username}", user.Username, "{member}", member.ID.String(), "{membername}", member.Username,
		"{script}", a.script, "{route}", a.route, "{idle}", w.made("apps/alpha/scripts", `{"name":"idle","source":"return 1"}`),
		"{key}", field(w.t, key, "id"), "{caller}", "caller"), caller
}

func (w *world) auditLength() int {
	w.t.Helper()
	list := request(w.t, w.testServer, "GET", adminPrefix+"audit?limit=200", "", w.owner)
	return strings.Count(list.Body.String(), `"number"`)
}

func TestTheFirstOwnerIsAudited(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{{"setup", "GET", "audit", "", 200, map[string]string{
		"items.action": "set_up", "items.username": testUsername, "items.target.kind": "user", "items.details": `{"role":"owner"}`, "items.times": "1"}}})
}

func TestFailedSignInsAreAudited(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	for _, name := range []string{testUsername, testUsername, "my secret password"} {
		wantStatus(t, request(t, s, "POST", adminPrefix+"auth/login", login(name, "wrong password"), nil), 401)
	}
	wantStatus(t, request(t, s, "POST", adminPrefix+"auth/password", `{"current_password":"wrong password","new_password":"another horse"}`, owner), 403)
	list := request(t, s, "GET", adminPrefix+"audit?action=sign_in_failed", "", owner)
	if got := fmt.Sprint(strings.Count(list.Body.String(), `"number"`), field(t, list, "items.target.name"), field(t, list, "items.address")); got != "2192.0.2.1" {
		t.Errorf("the audit says %s", list.Body)
	}
	if strings.Contains(list.Body.String(), "my secret") || !strings.Contains(list.Body.String(), `"times":3`) {
		t.Errorf("the audit says %s", list.Body)
	}
}

func TestAuditFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(w.newUser(store.RoleOwner), scopesJSON("instance:admin"))
	wantStatus(t, request(t, w.testServer, "POST", adminPrefix+"apps", `{"slug":"made-by-key"}`, key), 201)
	alpha := w.apps["alpha"]
	play(t, w.testServer, w.owner, []scenario{
		{"key", "GET", "audit?limit=1", "", 200, map[string]string{"items.action": "create_app", "items.target.name": "made-by-key"}},
		{"target", "GET", "audit?target=" + alpha.script, "", 200, map[string]string{"items.action": "create_script"}},
		{"app", "GET", "audit?app=" + alpha.id, "", 200, map[string]string{"items.action": "create_trigger"}},
		{"until", "GET", "audit?until=2020-01-01T00:00:00Z", "", 200, map[string]string{"items": "[]"}},
		{"odd action", "GET", "audit?action=dance", "", 400, map[string]string{"error.details.field": "action"}},
		{"odd user", "GET", "audit?user=ada", "", 400, map[string]string{"error.details.field": "user"}},
		{"odd time", "GET", "audit?since=today", "", 400, map[string]string{"error.details.field": "since"}},
		{"odd cursor", "GET", "audit?cursor=x", "", 400, map[string]string{"error.code": "invalid_cursor"}},
	})
	list := request(t, w.testServer, "GET", adminPrefix+"audit?limit=1", "", w.owner)
	if id := field(t, list, "items.key_id"); len(id) != 36 {
		t.Errorf("the key is %s", id)
	}
	if next := field(t, list, "next_cursor"); next == "<absent>" {
		t.Error("there is no next page")
	} else if page := request(t, w.testServer, "GET", adminPrefix+"audit?limit=1&cursor="+next, "", w.owner); field(t, page, "items.number") == field(t, list, "items.number") {
		t.Error("the next page is the same")
	}
}

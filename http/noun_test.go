package http

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestApps(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{
		{"list", "GET", "apps", "", 200, map[string]string{"items.slug": "default", "items.my_role": "app_admin"}},
		{"create", "POST", "apps", `{"slug":"home","name":"Home"}`, 201, map[string]string{"slug": "home", "my_role": "app_admin", "description": ""}},
		{"same slug", "POST", "apps", `{"slug":"home","name":"Other"}`, 409, map[string]string{"error.code": "slug_taken"}},
		{"bad slug", "POST", "apps", `{"slug":"No Good","name":"x"}`, 422, map[string]string{"error.code": "invalid_slug"}},
		{"show", "GET", "apps/home", "", 200, map[string]string{"name": "Home"}},
		{"page one", "GET", "apps?limit=1", "", 200, map[string]string{"items.slug": "default"}},
		{"limit 0", "GET", "apps?limit=0", "", 400, map[string]string{"error.details.field": "limit"}},
		{"limit 201", "GET", "apps?limit=201", "", 400, map[string]string{"error.code": "bad_parameter"}},
		{"bad cursor", "GET", "apps?cursor=!!", "", 400, map[string]string{"error.code": "invalid_cursor"}},
		{"rename", "PATCH", "apps/home", `{"name":"House"}`, 200, map[string]string{"name": "House", "slug": "home"}},
		{"new slug", "PATCH", "apps/home", `{"slug":"house"}`, 200, map[string]string{"slug": "house"}},
		{"old slug", "GET", "apps/home", "", 404, map[string]string{"error.code": "not_found"}},
		{"script in it", "POST", "apps/house/scripts", `{"name":"a","source":"return 1"}`, 201, nil},
		{"not empty", "DELETE", "apps/house", "", 409, map[string]string{"error.code": "app_not_empty"}},
		{"odd force", "DELETE", "apps/house?force=yes", "", 400, map[string]string{"error.details.field": "force"}},
		{"by force", "DELETE", "apps/house?force=true", "", 204, nil},
		{"gone", "GET", "apps/house", "", 404, nil},
		{"unknown id", "GET", "apps/01890a5d-ac96-774b-bcce-b302099a8057", "", 404, nil},
	})
}

// newScript makes a script in the app default and returns its id.
func newScript(t testing.TB, s *testServer, owner map[string]string, name, source string) string {
	t.Helper()
	w := request(t, s, "POST", adminPrefix+"apps/default/scripts", fmt.Sprintf(`{"name":%q,"source":%q}`, name, source), owner)
	wantStatus(t, w, 201)
	return field(t, w, "id")
}

func TestScripts(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	id := newScript(t, s, owner, "greet", "return 1")
	one := "scripts/" + id
	play(t, s, owner, []scenario{
		{"show", "GET", one, "", 200, map[string]string{
			"name": "greet", "kind": "endpoint", "access": "open", "version": "1", "enabled": "true", "source": "return 1",
			"timeout_ms": "null", "limits.instructions": "null", "imports": "[]"}},
		{"same name", "POST", "apps/default/scripts", `{"name":"greet","source":"return 2"}`, 409, map[string]string{"error.code": "name_taken"}},
		{"syntax", "POST", "apps/default/scripts", `{"name":"bad","source":"local x = 1\nreturn ="}`, 422,
			map[string]string{"error.code": "syntax_error", "error.details.line": "2"}},
		{"kind", "POST", "apps/default/scripts", `{"name":"bad","source":"","kind":"page"}`, 422, map[string]string{"error.details.field": "kind"}},
		{"access", "POST", "apps/default/scripts", `{"name":"bad","source":"","access":"all"}`, 422, map[string]string{"error.details.field": "access"}},
		{"ceiling", "POST", "apps/default/scripts", `{"name":"bad","source":"","limits":{"instructions":2000000000}}`, 422,
			map[string]string{"error.code": "limit_over_ceiling"}},
		{"missing module", "POST", "apps/default/scripts", `{"name":"bad","source":"return require('nothing')"}`, 422, map[string]string{"error.code": "missing_module"}},
		{"list omits source", "GET", "apps/default/scripts", "", 200, map[string]string{"items.name": "greet", "items.source": "<absent>"}},
		{"all", "GET", "scripts", "", 200, map[string]string{"items.name": "greet"}},
		{"save", "PATCH", one, `{"source":"return 2","version":1}`, 200, map[string]string{"version": "2", "source": "return 2"}},
		{"stale", "PATCH", one, `{"source":"return 3","version":1}`, 409, map[string]string{"error.code": "stale_version"}},
		{"bad save", "PATCH", one, `{"source":"return ("}`, 422, map[string]string{"error.code": "syntax_error"}},
		{"set limits", "PATCH", one, `{"timeout_ms":500,"limits":{"instructions":1000,"sdk_calls":5}}`, 200,
			map[string]string{"timeout_ms": "500", "limits.instructions": "1000", "limits.sdk_calls": "5"}},
		{"one limit back", "PATCH", one, `{"limits":{"sdk_calls":null}}`, 200,
			map[string]string{"timeout_ms": "500", "limits.instructions": "1000", "limits.sdk_calls": "null"}},
		{"all back", "PATCH", one, `{"timeout_ms":null,"limits":null}`, 200, map[string]string{"timeout_ms": "null", "limits.instructions": "null"}},
		{"limit unknown", "PATCH", one, `{"limits":{"disk":1}}`, 400, map[string]string{"error.details.field": "limits.disk"}},
		{"limit type", "PATCH", one, `{"limits":{"sdk_calls":"5"}}`, 400, map[string]string{"error.details.field": "limits.sdk_calls"}},
		{"timeout type", "PATCH", one, `{"timeout_ms":"5"}`, 400, map[string]string{"error.details.field": "timeout_ms"}},
		{"switch off", "PATCH", one, `{"enabled":false}`, 200, map[string]string{"enabled": "false"}},
		{"versions", "GET", one + "/versions", "", 200, map[string]string{"items.created_by": testUsername}},
		{"version", "GET", one + "/versions/1", "", 200, map[string]string{"source": "return 1"}},
		{"no version", "GET", one + "/versions/99", "", 404, nil},
		{"odd version", "GET", one + "/versions/x", "", 404, nil},
		{"rollback", "POST", one + "/rollback", `{"version":1}`, 200, map[string]string{"source": "return 1", "version": "7"}},
		{"rollback to none", "POST", one + "/rollback", `{"version":99}`, 404, nil},
		{"check good", "POST", "scripts:check", `{"source":"return 1"}`, 200, map[string]string{"diagnostics": "[]"}},
		{"check suspicious", "POST", "scripts:check", `{"source":"return 1,\n json.encodee(2)"}`, 200, map[string]string{
			"diagnostics.severity": "error", "diagnostics.code": "unknown_name", "diagnostics.line": "2", "diagnostics.column": "7",
			"diagnostics.message": "json has no \"encodee\"; did you mean encode?"}},
		{"check bad", "POST", "scripts:check", `{"source":"x ="}`, 200,
			map[string]string{"diagnostics.severity": "error", "diagnostics.code": "syntax_error", "diagnostics.line": "1"}},
		{"delete", "DELETE", one, "", 204, nil},
		{"gone", "GET", one, "", 404, nil},
		{"no id", "GET", "scripts/greet", "", 404, nil},
	})
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "greet", "return 1")
	routes := "scripts/" + script + "/routes"
	made := request(t, s, "POST", adminPrefix+routes, `{"method":"GET","path":"/users/:id"}`, owner)
	wantStatus(t, made, 201)
	one := "routes/" + field(t, made, "id")
	play(t, s, owner, []scenario{
		{"list", "GET", routes, "", 200, map[string]string{"items.path_kind": "param", "items.host_kind": "any", "items.dispatch_mode": "sync"}},
		{"list app", "GET", "apps/default/routes", "", 200, map[string]string{"items.path": "/users/:id"}},
		{"conflict", "POST", routes, `{"method":"ANY","path":"/users/:name"}`, 409,
			map[string]string{"error.code": "route_conflict", "error.details.conflicting_route.path": "/users/:id"}},
		{"reserved", "POST", routes, `{"method":"GET","path":"/admin/x"}`, 422, map[string]string{"error.code": "reserved_path"}},
		{"no slash", "POST", routes, `{"method":"GET","path":"x"}`, 422, map[string]string{"error.details.field": "path"}},
		{"async", "POST", routes, `{"method":"GET","path":"/x","dispatch_mode":"later"}`, 422, map[string]string{"error.code": "invalid"}},
		{"guard", "POST", routes, `{"method":"GET","path":"/x","verify":{}}`, 422, map[string]string{"error.details.field": "verify.provider"}},
		{"no script", "POST", "scripts/01890a5d-ac96-774b-bcce-b302099a8057/routes", `{"method":"GET","path":"/x"}`, 404, nil},
		{"check taken", "POST", "routes:check", `{"method":"GET","path":"/users/:x"}`, 200,
			map[string]string{"ok": "false", "conflicting_route.path": "/users/:id", "path_kind": "param"}},
		{"check itself", "POST", "routes:check", `{"method":"GET","path":"/users/:x","except":"` + field(t, made, "id") + `"}`, 200, map[string]string{"ok": "true"}},
		{"check free", "POST", "routes:check", `{"method":"GET","path":"/free/*"}`, 200, map[string]string{"ok": "true", "conflicting_route": "null"}},
		{"match", "POST", "routes:match", `{"method":"GET","url":"http://pi:8080/users/a%20b?x=1"}`, 200,
			map[string]string{"matched": "true", "params.id": "a b", "route.path": "/users/:id"}},
		{"match path", "POST", "routes:match", `{"method":"HEAD","url":"/users/7"}`, 200, map[string]string{"matched": "true", "params.id": "7"}},
		{"other method", "POST", "routes:match", `{"method":"POST","url":"/users/7"}`, 200, map[string]string{"matched": "false", "allow": `["GET","HEAD"]`}},
		{"no match", "POST", "routes:match", `{"method":"GET","url":"/nothing"}`, 200, map[string]string{"matched": "false", "route": "null", "allow": "[]"}},
		{"malformed", "POST", "routes:match", `{"method":"GET","url":"/a%zz"}`, 422, map[string]string{"error.details.field": "url"}},
		{"change path", "PATCH", one, `{"path":"/people/*"}`, 200, map[string]string{"path": "/people/*", "path_kind": "prefix", "method": "GET"}},
		{"match rest", "POST", "routes:match", `{"method":"GET","url":"/people/a/b"}`, 200, map[string]string{"rest": "a/b"}},
		{"script stays", "DELETE", "scripts/" + script, "", 409, map[string]string{"error.code": "has_dependents"}},
		{"delete", "DELETE", one, "", 204, nil},
		{"gone", "DELETE", one, "", 404, nil},
	})
}

func TestInvokeAndExecutions(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	echo := newScript(t, s, owner, "echo", `return {statusCode=201, headers={["content-type"]="text/html"}, body="<b>"..ctx.request.method.."</b>"}`)
	broken := newScript(t, s, owner, "broken", "error('boom-text')")
	play(t, s, owner, []scenario{
		{"any method", "POST", "scripts/" + echo + "/invoke", `{"request":{"method":"PROPFIND"}}`, 200, nil},
		{"run", "POST", "scripts/" + echo + "/invoke", `{"request":{"method":"PUT","path":"/x?y=1","headers":{"X-A":"1"},"body":{"a":1}}}`, 200,
			map[string]string{"response.status": "201", "response.body": "<b>PUT</b>", "execution.invocation_type": "test", "execution.status": "success"}},
		{"error", "POST", "scripts/" + broken + "/invoke", `{"request":{}}`, 200,
			map[string]string{"response.status": "502", "execution.status": "error", "execution.error.code": "script_error"}},
		{"event", "POST", "scripts/" + echo + "/invoke", `{"event":{"kind":"fax"}}`, 422, map[string]string{"error.code": "invalid"}},
		{"no method", "POST", "scripts/" + echo + "/invoke", `{"request":{"method":"BAD METHOD"}}`, 422, map[string]string{"error.details.field": "request.method"}},
		{"no method to match", "POST", "routes:match", `{"method":"BAD METHOD","url":"/"}`, 422, map[string]string{"error.details.field": "method"}},
		{"nothing", "POST", "scripts/" + echo + "/invoke", `{}`, 422, map[string]string{"error.details.field": "request"}},
		{"bad header", "POST", "scripts/" + echo + "/invoke", `{"request":{"headers":{"X":1}}}`, 400, map[string]string{"error.details.field": "request.headers.X"}},
		{"unknown", "POST", "scripts/" + echo + "/invoke", `{"request":{"verb":"GET"}}`, 400, map[string]string{"error.details.field": "request.verb"}},
	})
	if err := s.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	listed := request(t, s, "GET", adminPrefix+"apps/default/logs", "", owner)
	play(t, s, owner, []scenario{
		{"app", "GET", "apps/default/logs", "", 200, map[string]string{"items.script_id": broken}},
		{"script", "GET", "scripts/" + echo + "/logs", "", 200, map[string]string{"items.script_id": echo}},
		{"by status", "GET", "apps/default/logs?status=success", "", 200, map[string]string{"items.script_id": echo}},
		{"by text", "GET", "apps/default/logs?text=BOOM-text", "", 200, map[string]string{"items.script_id": broken}},
		{"until", "GET", "apps/default/logs?until=2020-01-01T00:00:00Z", "", 200, map[string]string{"items": "[]"}},
		{"one", "GET", "executions/" + field(t, listed, "items.id"), "", 200, map[string]string{"status": "error"}},
		{"bad status", "GET", "apps/default/logs?status=fine", "", 400, map[string]string{"error.details.field": "status"}},
		{"bad since", "GET", "apps/default/logs?since=yesterday", "", 400, map[string]string{"error.details.field": "since"}},
		{"none", "GET", "executions/01890a5d-ac96-774b-bcce-b302099a8057", "", 404, nil},
	})
}

// Every call with a body refuses what is not a JSON object of known fields.
func TestStrictBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, owner, things := w.testServer, w.owner, w.apps["alpha"]
	me := field(t, request(t, s, "GET", adminPrefix+"auth/me", "", owner), "id")
	for _, route := range s.adminRoutes() {
		if route.takes == nil || strings.HasSuffix(route.path, "/replay") {
			continue
		}
		most := maxControlBody
		switch {
		case strings.Contains(route.path, "/docs/"):
			most = maxDocumentBody
		case slices.Contains([]string{"apps/:app/scripts", "apps/:app/import", "scripts/:id", `scripts\:check`}, route.path):
			most = maxScriptBody
		}
		first, _, _ := strings.Cut(route.path, "/")
		id := things.ids()[first]
		switch {
		case first == "admins":
			id = me
		case id == "":
			id = "k" // of a document
		}
		path := adminPrefix + strings.NewReplacer(`\:`, ":", ":app", things.slug, ":collection", "c", ":key", "k", ":id", id).Replace(route.path)
		for _, test := range []struct {
			body, kind, code string
			status           int
		}{
			{`{"no_such_field":1}`, "", "unknown_field", 400}, {`[]`, "", "wrong_type", 400}, {`null`, "", "wrong_type", 400},
			{`{`, "", "bad_json", 400}, {`{} {}`, "", "bad_json", 400}, {"\xff", "", "bad_json", 400},
			{`{}`, "text/plain", "wrong_content_type", 415}, {`a=b`, "application/x-www-form-urlencoded", "wrong_content_type", 415},
			{`{}`, "application/json; charset=latin1", "wrong_content_type", 415},
			{`{"x":"` + strings.Repeat("a", most) + `"}`, "", "body_too_large", 413},
		} {
			headers := map[string]string{"Authorization": owner["Authorization"]}
			if test.kind != "" {
				headers["Content-Type"] = test.kind
			}
			w := request(t, s, route.method, path, test.body, headers)
			if w.Code != test.status || field(t, w, "error.code") != test.code {
				t.Errorf("%s %s with %.20q: %d %s, want %d %s", route.method, path, test.body, w.Code, w.Body, test.status, test.code)
			}
		}
	}
}

func TestWrongTypesAreNamed(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{
		{"string", "POST", "apps", `{"slug":5}`, 400, map[string]string{"error.code": "wrong_type", "error.details.field": "slug",
			"error.message": `field "slug" must be a string, not a number`}},
		{"object", "POST", "apps/default/scripts", `{"limits":[]}`, 400, map[string]string{"error.details.field": "limits",
			"error.message": `field "limits" must be an object, not a list`}},
		{"inner", "POST", "apps/default/scripts", `{"limits":{"call_depth":"5"}}`, 400, map[string]string{"error.details.field": "limits.call_depth",
			"error.message": `field "limits.call_depth" must be a whole number, not a string`}},
		{"fraction", "POST", "apps/default/scripts", `{"timeout_ms":1.5}`, 400, map[string]string{"error.details.field": "timeout_ms"}},
		{"inner unknown", "POST", "apps/default/scripts", `{"limits":{"x":1}}`, 400, map[string]string{"error.details.field": "limits.x"}},
		{"other case", "POST", "apps", `{"Slug":"x"}`, 400, map[string]string{"error.code": "unknown_field", "error.details.field": "Slug"}},
		{"bool", "POST", "auth/login", `{"username":true}`, 400, map[string]string{"error.details.field": "username"}},
		{"id", "POST", "routes:check", `{"method":"GET","path":"/x","except":"7"}`, 422, map[string]string{"error.details.field": "except"}},
	})
}

func TestGrants(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "lamp", "return 1")
	grants := "scripts/" + script + "/grants"
	made := request(t, s, "POST", adminPrefix+grants, `{"host":"Printer.LOCAL.","port":631}`, owner)
	wantStatus(t, made, 201)
	module := request(t, s, "POST", adminPrefix+"apps/default/scripts", `{"name":"lib","source":"return {}","kind":"module"}`, owner)
	bad := map[string]string{"error.code": "invalid_grant", "error.details.field": "host"}
	play(t, s, owner, []scenario{
		{"list", "GET", grants, "", 200, map[string]string{"items.host": "printer.local", "items.port": "631", "items.created_by": testUsername, "items.script_id": script}},
		{"again", "POST", grants, `{"host":"printer.local","port":631}`, 409, map[string]string{"error.code": "grant_exists"}},
		{"network", "POST", grants, `{"host":"192.168.1.77/24","port":80}`, 201, map[string]string{"host": "192.168.1.0/24"}},
		{"mapped", "POST", grants, `{"host":"::ffff:10.0.0.5","port":80}`, 201, map[string]string{"host": "10.0.0.5"}},
		{"loopback", "POST", grants, `{"host":"127.0.0.1","port":1880}`, 201, nil},
		{"unique local", "POST", grants, `{"host":"fd12::/64","port":80}`, 201, map[string]string{"host": "fd12::/64"}},
		{"internet", "POST", grants, `{"host":"93.184.216.34","port":80}`, 422, bad},
		{"everything", "POST", grants, `{"host":"0.0.0.0/0","port":80}`, 422, bad},
		{"wider than private", "POST", grants, `{"host":"192.0.0.0/8","port":80}`, 422, bad},
		{"metadata", "POST", grants, `{"host":"169.254.169.254","port":80}`, 422, bad},
		{"link-local", "POST", grants, `{"host":"fe80::1","port":80}`, 422, bad},
		{"zone", "POST", grants, `{"host":"fd00::1%eth0","port":80}`, 422, bad},
		{"unspecified", "POST", grants, `{"host":"0.0.0.0","port":80}`, 422, bad},
		{"number", "POST", grants, `{"host":"2130706433","port":80}`, 422, bad},
		{"short form", "POST", grants, `{"host":"127.1","port":80}`, 422, bad},
		{"hex", "POST", grants, `{"host":"0x7f.0x1","port":80}`, 422, bad},
		{"a URL", "POST", grants, `{"host":"http://printer.local","port":80}`, 422, bad},
		{"wildcard", "POST", grants, `{"host":"*.local","port":80}`, 422, bad},
		{"no host", "POST", grants, `{"port":80}`, 422, bad},
		{"no port", "POST", grants, `{"host":"printer.local"}`, 422, map[string]string{"error.details.field": "port"}},
		{"high port", "POST", grants, `{"host":"printer.local","port":65536}`, 422, map[string]string{"error.details.field": "port"}},
		{"port type", "POST", grants, `{"host":"printer.local","port":"80"}`, 400, map[string]string{"error.details.field": "port"}},
		{"module", "POST", "scripts/" + field(t, module, "id") + "/grants", `{"host":"printer.local","port":80}`, 422, map[string]string{"error.code": "not_an_endpoint"}},
		{"delete", "DELETE", "grants/" + field(t, made, "id"), "", 204, nil},
		{"gone", "DELETE", "grants/" + field(t, made, "id"), "", 404, nil},
		{"no id", "DELETE", "grants/printer", "", 404, nil},
		{"script goes with its grants", "DELETE", "scripts/" + script, "", 204, nil},
		{"none left", "GET", grants, "", 404, nil},
	})
	if left := len(s.store.Catalog().Grants); left != 0 {
		t.Errorf("%d scripts have grants", left)
	}
}

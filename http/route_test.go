package http

import "testing"

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

package http

import (
	"fmt"
	"testing"
)

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

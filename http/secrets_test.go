package http

import (
	"context"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{
		{"none", "GET", "apps/default/secrets", "", 200, map[string]string{"items": "[]"}},
		{"set", "PUT", "apps/default/secrets/API_KEY", `{"value":"` + guardSecret + `"}`, 200, map[string]string{"name": "API_KEY", "value": "<absent>", "sealed": "<absent>"}},
		{"list", "GET", "apps/default/secrets", "", 200, map[string]string{"items.name": "API_KEY", "items.value": "<absent>"}},
		{"empty", "PUT", "apps/default/secrets/API_KEY", `{"value":""}`, 422, map[string]string{"error.code": "invalid_value"}},
		{"no value", "PUT", "apps/default/secrets/API_KEY", `{}`, 422, map[string]string{"error.code": "invalid_value"}},
		{"odd name", "PUT", "apps/default/secrets/a%20b", `{"value":"x"}`, 422, map[string]string{"error.code": "invalid_name"}},
		{"odd field", "PUT", "apps/default/secrets/A", `{"secret":"x"}`, 400, map[string]string{"error.details.field": "secret"}},
		{"type", "PUT", "apps/default/secrets/A", `{"value":5}`, 400, map[string]string{"error.details.field": "value"}},
		{"other app", "PUT", "apps/nothing/secrets/A", `{"value":"x"}`, 404, nil},
		{"delete", "DELETE", "apps/default/secrets/API_KEY", "", 204, nil},
		{"gone", "DELETE", "apps/default/secrets/API_KEY", "", 404, nil},
	})
	if audit := request(t, s, "GET", adminPrefix+"audit", "", owner).Body.String(); strings.Contains(audit, "hunter2") || !strings.Contains(audit, `"name":"API_KEY"`) {
		t.Errorf("the audit is %s", audit)
	}
}

// The note of a run whose caller has gone has the path as the record has it.
func TestAnAbandonedRunShowsNoSecret(t *testing.T) {
	t.Parallel()
	s, owner, _ := guardedServer(t, `"local_only":false`)
	reads := newScript(t, s, owner, "reads", `return #secrets.get("TOKEN")`)
	route(t, s, owner, reads, "/token/:given", `"local_only":false`)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, "POST", "/token/"+guardSecret, nethttp.NoBody))
	noted := request(t, s, "GET", adminPrefix+"apps/default/abandoned-executions", "", owner).Body.String()
	if !strings.Contains(noted, `"path":"/token/«secret:TOKEN»"`) || strings.Contains(noted, "hunter2") {
		t.Errorf("the note is %s", noted)
	}
}

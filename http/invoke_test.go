package http

import (
	"context"
	"testing"
)

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

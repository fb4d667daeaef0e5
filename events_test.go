package main_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// page is a list of the control plane.
type page[T any] struct{ Items []T }

// eventually asks until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// An asynchronous route answers when the request is on the card; the script sees
// the request as it came, without the platform's credentials, also after the
// process was killed in between.
func TestAsynchronousRoutes(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	script := s.newScript("hook", `
		local r = ctx.request
		kv.collection("seen"):set(ctx.request_id, {r.method, r.path, r.raw_target, r.params.room, r.query.n, r.headers["x-device"],
			r.headers.authorization or "none", r.body.celsius, r.remote_ip, ctx.invocation_type, r.host})`, nil)
	slow := s.newScript("slow", `kv.collection("slow"):incr("runs") local n = 0 while true do n = n + 1 end`, map[string]any{"timeout_ms": 5000, "limits": map[string]any{"instructions": 1000000000}})
	for path, target := range map[string]string{"/hook/:room": script, "/slow": slow} {
		route := map[string]any{"method": "POST", "path": path, "dispatch_mode": "async", "dedupe": map[string]any{"from": "query:id"}}
		s.must(s.call("POST", "/api/v1/admin/scripts/"+target+"/routes", route, nil), 201)
	}
	post := func(path, id string) {
		t.Helper()
		request, err := http.NewRequest("POST", s.url+path, strings.NewReader(`{"celsius":21.5}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Device", "shelly")
		request.Header.Set("X-Request-Id", id)
		request.Header.Set("Authorization", "Bearer "+s.token)
		a := s.must(s.do(request), 202)
		if !strings.Contains(a.body, `"delivery_id":"`) {
			t.Errorf("the answer is %s", a.body)
		}
	}
	post("/hook/hall%20way?n=1", "first")
	var entry struct{ Value []any }
	seen := func(id string) bool {
		return s.call("GET", "/api/v1/admin/apps/default/kv/seen/"+id, nil, &entry).status == 200
	}
	eventually(t, "the run", func() bool { return seen("first") })
	want := []any{"POST", "/hook/hall%20way", "/hook/hall%20way?n=1", "hall way", "1", "shelly", "none", 21.5, "127.0.0.1", "http", s.addr}
	for i, value := range want {
		if entry.Value[i] != value {
			t.Errorf("value %d is %v, want %v", i+1, entry.Value[i], value)
		}
	}
	// What was found out about the request when it came is in its run's record.
	var noted []string
	eventually(t, "the record", func() bool { return len(s.records(script, 0)) > 0 })
	for _, line := range s.records(script, 1)[0].Logs {
		noted = append(noted, line.Message)
	}
	if all := strings.Join(noted, "|"); len(noted) != 2 || !strings.Contains(all, "there is no id at query:id") || !strings.Contains(all, "Authorization") {
		t.Errorf("the record says %q", noted)
	}
	// Killed while the workers are busy: what was accepted runs after the start.
	for range 8 {
		post("/slow", "busy")
	}
	post("/hook/attic?n=2", "second")
	s.kill()
	again := startServer(t, s.dir)
	again.token = s.token
	s = again
	eventually(t, "the run after the kill", func() bool { return seen("second") })
	var waiting page[struct{ Event struct{ Kind, Path string } }]
	s.must(s.call("GET", "/api/v1/admin/apps/default/outbox", nil, &waiting), 200)
	for _, d := range waiting.Items {
		if d.Event.Kind != "request" || d.Event.Path != "/slow" {
			t.Errorf("pending is %+v", d)
		}
	}
}

// Triggers over the control plane: what is refused, and what becomes of one.
func TestTriggersInTheControlPlane(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	admin := "/api/v1/admin/"
	module := s.newScript("lib", `return {}`, map[string]any{"kind": "module"})
	script := s.newScript("handler", `if ctx.event.payload == "fail" then error("on purpose") end return ctx.event`, nil)
	s.newApp("other")
	other := s.newScriptIn("other", "foreign", "return 1", nil)
	for _, c := range []struct {
		name, kind string
		body       map[string]any
		status     int
		code       string
	}{
		{"a module", "topic", map[string]any{"script_id": module, "topic": map[string]any{"filter": "a"}}, 422, "not_an_endpoint"},
		{"another app's script", "topic", map[string]any{"script_id": other, "topic": map[string]any{"filter": "a"}}, 422, "other_app"},
		{"no rule", "topic", map[string]any{}, 422, "invalid_rule"},
		{"another kind's rule", "topic", map[string]any{"kv": map[string]any{"collection": "a"}}, 422, "invalid"},
		{"a bad filter", "topic", map[string]any{"topic": map[string]any{"filter": "a#"}}, 422, "invalid_topic"},
		{"an unknown kind", "fax", map[string]any{}, 422, "invalid_rule"},
		{"a bad schedule", "cron", map[string]any{"cron": map[string]any{"schedule": "61 * * * *"}}, 422, "bad_schedule"},
		{"a bad zone", "cron", map[string]any{"cron": map[string]any{"schedule": "@daily", "timezone": "Mars"}}, 422, "bad_schedule"},
		{"a bad collection", "kv", map[string]any{"kv": map[string]any{"collection": "a/b"}}, 422, "invalid_rule"},
		{"a bad op", "docs", map[string]any{"docs": map[string]any{"collection": "a", "ops": []string{"upsert"}}}, 422, "invalid_rule"},
		{"a bad policy", "topic", map[string]any{"topic": map[string]any{"filter": "a"}, "retry": map[string]any{"max_attempts": 0}}, 422, "invalid_retry"},
		{"a bad kind of dead letter", "dead_letter", map[string]any{"dead_letter": map[string]any{"kinds": []string{"dead_letter"}}}, 422, "invalid_rule"},
		{"an unknown field", "topic", map[string]any{"topic": map[string]any{"filter": "a", "qos": 1}}, 400, "unknown_field"},
		{"no such app", "", nil, 404, "not_found"},
	} {
		path := admin + "apps/default/triggers/" + c.kind
		if c.kind == "" {
			path, c.body = admin+"apps/nowhere/triggers/topic", map[string]any{}
		}
		if c.body["script_id"] == nil {
			c.body["script_id"] = script
		}
		c.body["name"] = "refused"
		if a := s.call("POST", path, c.body, nil); a.status != c.status || !strings.Contains(a.body, `"code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.body, c.status, c.code)
		}
	}
	var trigger struct {
		ID    string
		Retry struct {
			MaxAttempts int `json:"max_attempts"`
		}
		LastFiredAt *string `json:"last_fired_at"`
	}
	draft := map[string]any{"script_id": script, "name": "listen", "topic": map[string]any{"filter": "home/#"}, "retry": map[string]any{"max_attempts": 1}}
	s.must(s.call("POST", admin+"apps/default/triggers/topic", draft, &trigger), 201)
	s.must(s.call("POST", admin+"apps/default/triggers/topic", draft, nil), 409)
	s.must(s.call("DELETE", admin+"scripts/"+script, nil, nil), 409)
	s.must(s.call("PATCH", admin+"scripts/"+script, map[string]string{"kind": "module"}, nil), 409)
	s.must(s.call("PATCH", admin+"triggers/"+trigger.ID, map[string]any{"kv": map[string]any{"collection": "a"}}, nil), 422)

	var fired struct {
		Response  struct{ Body string }
		Execution struct {
			InvocationType string `json:"invocation_type"`
			TriggerID      string `json:"trigger_id"`
		}
	}
	s.must(s.call("POST", admin+"triggers/"+trigger.ID+"/fire", map[string]any{"event": map[string]any{"topic": "home/hall"}}, &fired), 200)
	if !strings.Contains(fired.Response.Body, `"test":true`) || !strings.Contains(fired.Response.Body, `"topic":"home/hall"`) ||
		fired.Execution.InvocationType != "trigger" || fired.Execution.TriggerID != trigger.ID {
		t.Errorf("fire gave %+v", fired)
	}
	publisher := s.newScript("publisher", `return topics.publish(ctx.request.query.topic, ctx.request.query.payload)`, nil)
	s.must(s.call("POST", "/api/v1/execute/"+publisher+"?topic=home/hall&payload=fail", nil, nil), 200)
	type letter struct {
		ID, State string
		Attempts  []struct{ Error string }
	}
	var letters page[letter]
	eventually(t, "the dead letter", func() bool {
		s.must(s.call("GET", admin+"apps/default/dead-letters", nil, &letters), 200)
		return len(letters.Items) == 1
	})
	if l := letters.Items[0]; l.State != "open" || len(l.Attempts) != 1 || !strings.Contains(l.Attempts[0].Error, "on purpose") {
		t.Errorf("the dead letter is %+v", l)
	}
	path := admin + "dead-letters/" + letters.Items[0].ID
	s.must(s.call("POST", path+"/resolve", map[string]string{"note": "known"}, nil), 200)
	s.must(s.call("POST", path+"/replay", nil, nil), 409)
	for filter, want := range map[string]int{"open,handler_failed": 0, "resolved,open": 1, "replayed": 0} {
		var found page[letter]
		if s.must(s.call("GET", admin+"apps/default/dead-letters?state="+filter, nil, &found), 200); len(found.Items) != want {
			t.Errorf("state=%s finds %+v", filter, found.Items)
		}
	}
	s.must(s.call("GET", admin+"apps/default/dead-letters?state=open,lost", nil, nil), 400)
	s.must(s.call("GET", path, nil, &letters.Items[0]), 200)
	if letters.Items[0].State != "resolved" {
		t.Errorf("the state is %s", letters.Items[0].State)
	}
	s.must(s.call("GET", admin+"triggers/"+trigger.ID, nil, &trigger), 200)
	if trigger.LastFiredAt == nil || trigger.Retry.MaxAttempts != 1 {
		t.Errorf("the trigger is %+v", trigger)
	}
	var preview struct{ Next, Local []string }
	s.must(s.call("POST", admin+"triggers:preview", map[string]string{"schedule": "30 2 * * *", "timezone": "Europe/Vienna"}, &preview), 200)
	if len(preview.Next) != 5 || !strings.Contains(preview.Local[0], "T02:30:00+0") {
		t.Errorf("the preview is %+v", preview)
	}
	s.must(s.call("DELETE", admin+"triggers/"+trigger.ID, nil, nil), 204)
	s.must(s.call("GET", admin+"triggers/"+trigger.ID, nil, nil), 404)
}

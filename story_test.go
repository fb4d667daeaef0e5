package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// execution is the part of a log record that the tests here read.
type execution struct {
	ID         string
	Status     string
	StatusCode int `json:"status_code"`
	Error      *struct {
		Code, Message string
		Line          int
	}
	Logs []struct{ Level, Message string }
	Request,
	Response *struct{ Body string }
}

// records returns a script's log records, newest first; there must be at least n.
func (s *server) records(script string, n int) []execution {
	s.t.Helper()
	var page struct{ Items []execution }
	s.must(s.call("GET", "/api/v1/admin/scripts/"+script+"/logs", nil, &page), 200)
	if len(page.Items) < n {
		s.t.Fatalf("script %s has %d log records, want %d", script, len(page.Items), n)
	}
	return page.Items
}

// TestStory is a new user's first hour: claim, sign in, write, call, break,
// read the log, roll back, stop.
func TestStory(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	claimAndSignIn(t, s)

	s.newApp("garden")
	script := s.newScriptIn("garden", "greeting", `return {hello = ctx.request.params.name}`, nil)
	route := s.newRoute(script, "GET", "/greet/:name")
	expect(t, s.call("GET", "/greet/Ada", nil, nil), 200, `{"hello":"Ada"}`)
	expect(t, s.call("POST", "/greet/Ada", nil, nil), 405, "")
	expect(t, s.call("GET", "/greet", nil, nil), 404, "")

	breakAndRepair(t, s, script)

	s.must(s.call("DELETE", "/api/v1/admin/scripts/"+script, nil, nil), 409)
	s.must(s.call("DELETE", "/api/v1/admin/routes/"+route, nil, nil), 200, 204)
	expect(t, s.call("GET", "/greet/Ada", nil, nil), 404, "")
	s.must(s.call("DELETE", "/api/v1/admin/scripts/"+script, nil, nil), 200, 204)
	s.must(s.call("DELETE", "/api/v1/admin/apps/garden", nil, nil), 200, 204)
	if err := s.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// claimAndSignIn shows that nothing answers without a credential, that the
// setup link works once, and that a sign-in gives a working session.
func claimAndSignIn(t *testing.T, s *server) {
	t.Helper()
	s.must(s.call("GET", "/api/v1/admin/apps", nil, nil), 401)
	wrong := map[string]string{"token": "wrong", "username": "eve", "password": "correct horse battery"}
	s.must(s.call("POST", "/api/v1/admin/auth/setup", wrong, nil), 401, 403)
	s.claim()
	wrong["token"] = s.setup
	s.must(s.call("POST", "/api/v1/admin/auth/setup", wrong, nil), 409, 403, 404)

	first := s.token
	var session struct{ Token string }
	s.must(s.call("POST", "/api/v1/admin/auth/login", map[string]string{"username": "ada", "password": "correct horse battery"}, &session), 200)
	s.must(s.call("POST", "/api/v1/admin/auth/logout", nil, nil), 200, 204)
	s.must(s.call("GET", "/api/v1/admin/auth/me", nil, nil), 401)
	if session.Token == first {
		t.Error("a sign-in must give a session of its own")
	}
	s.token = session.Token
	s.must(s.call("GET", "/api/v1/admin/auth/me", nil, nil), 200)
}

// breakAndRepair saves a syntax error (refused), then a version that fails,
// finds its line in the log, and rolls back.
func breakAndRepair(t *testing.T, s *server, script string) {
	t.Helper()
	path := "/api/v1/admin/scripts/" + script
	refused := s.must(s.call("PATCH", path, map[string]string{"source": "local x =\nreturn"}, nil), 422)
	if !strings.Contains(refused.body, `"line":2`) {
		t.Errorf("a syntax error must name its line: %s", refused.body)
	}
	s.must(s.call("PATCH", path, map[string]string{"source": "-- a note\nreturn ctx.request.nothing.at.all"}, nil), 200)
	broken := s.call("GET", "/greet/Ada", nil, nil)
	if broken.status != 502 || !strings.Contains(broken.body, "script_error") || strings.Contains(broken.body, "nothing") {
		t.Errorf("a failing script must answer 502 with the code and no Lua message: %d %s", broken.status, broken.body)
	}
	newest := s.records(script, 2)[0]
	if newest.Status != "error" || newest.Error == nil || newest.Error.Line != 2 {
		t.Errorf("the record of the failure must name line 2: %+v", newest)
	}
	s.must(s.call("POST", path+"/rollback", map[string]int{"version": 1}, nil), 200)
	expect(t, s.call("GET", "/greet/Ada", nil, nil), 200, `{"hello":"Ada"}`)
}

func expect(t *testing.T, a answer, status int, body string) {
	t.Helper()
	if a.status != status || (body != "" && a.body != body) {
		t.Errorf("%s: %d %s, want %d %s", a.what, a.status, a.body, status, body)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", a.what)
	}
}

// TestNothingIsLostAcrossARestart stops the server with SIGTERM while scripts
// run: each gets its answer, and the next start knows everything.
func TestNothingIsLostAcrossARestart(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	slow := s.newScript("slow", `local t = os.clock() while os.clock() - t < 1 do end return "done"`, map[string]any{
		"limits": map[string]any{"instructions": 1_000_000_000},
	})
	s.newRoute(slow, "GET", "/slow")

	const callers = 4
	answers := make(chan error, callers)
	for range callers {
		go func() {
			response, err := http.Get(s.url + "/slow")
			if err == nil {
				response.Body.Close()
				if response.StatusCode != 200 {
					err = fmt.Errorf("status %d", response.StatusCode)
				}
			}
			answers <- err
		}()
	}
	waitUntilBusy(t, s, callers)
	if err := s.stop(); err != nil {
		t.Errorf("the server ended with %v; its log:\n%s", err, s.log)
	}
	for range callers {
		if err := <-answers; err != nil {
			t.Errorf("a running script lost its caller: %v", err)
		}
	}

	again := startServer(t, s.dir)
	if again.setup != "" {
		t.Error("a claimed instance must not print a setup link")
	}
	again.token = s.token
	if got := len(again.records(slow, callers)); got != callers {
		t.Errorf("%d records after the restart, want %d", got, callers)
	}
}

// waitUntilBusy waits until the server's processor time shows the callers' scripts at work.
func waitUntilBusy(t *testing.T, s *server, callers int) {
	t.Helper()
	start := processorTime(t, s.cmd.Process.Pid)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if processorTime(t, s.cmd.Process.Pid)-start > time.Duration(callers)*50*time.Millisecond {
			return
		}
	}
	t.Fatal("the scripts did not start")
}

// TestExecuteAndTestRun calls a script by its id and as a test run.
func TestExecuteAndTestRun(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	script := s.newScript("sum", `return {sum = ctx.request.body.a + ctx.request.body.b, kind = ctx.invocation_type}`, nil)
	expect(t, s.call("POST", "/api/v1/execute/"+script, map[string]int{"a": 2, "b": 3}, nil), 200, `{"sum":5,"kind":"execute"}`)

	request := map[string]any{"method": "POST", "path": "/any", "headers": map[string]string{"content-type": "application/json"}, "body": `{"a":4,"b":5}`}
	var run struct {
		Response  struct{ Status int }
		Execution execution
	}
	s.must(s.call("POST", "/api/v1/admin/scripts/"+script+"/invoke", map[string]any{"request": request}, &run), 200)
	if run.Response.Status != 200 || run.Execution.Status != "success" {
		b, err := json.Marshal(run)
		t.Errorf("test run: %s %v", b, err)
	}

	// A test run sees what the script's own route makes of the path, and nothing of another script's.
	greet := s.newScript("greet", `return (ctx.request.params.name or "nobody") .. ctx.request.rest`, nil)
	s.newRoute(greet, "GET", "/greet/:name")
	for id, want := range map[string]string{greet: "Ada", s.newScript("other", `return (ctx.request.params.name or "nobody")`, nil): "nobody"} {
		var seen struct{ Response struct{ Body string } }
		request := map[string]any{"method": "GET", "path": "/greet/Ada?x=1"}
		s.must(s.call("POST", "/api/v1/admin/scripts/"+id+"/invoke", map[string]any{"request": request}, &seen), 200)
		if seen.Response.Body != want {
			t.Errorf("a test run answers %q, want %q", seen.Response.Body, want)
		}
	}
}

package http

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serveScript saves an endpoint with one route and returns the script's id.
func serveScript(t *testing.T, s *testServer, owner map[string]string, route, source string) string {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"source":%q}`, strings.Map(nameRune, route), source)
	script := request(t, s, "POST", adminPrefix+"apps/default/scripts", body, owner)
	wantStatus(t, script, 201)
	id := field(t, script, "id")
	method, path, _ := strings.Cut(route, " ")
	saved := request(t, s, "POST", adminPrefix+"scripts/"+id+"/routes", fmt.Sprintf(`{"method":%q,"path":%q}`, method, path), owner)
	wantStatus(t, saved, 201)
	return id
}

func nameRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '_'
}

const echoRequest = `
local r = ctx.request
local params = (r.params.id or "") .. "," .. (r.params.post or "")
return table.concat({ r.method, r.path, r.raw_target, r.host, r.scheme, r.remote_ip, params, r.rest, r.body_raw }, "|")
`

func TestWhatAScriptSees(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "ANY /users/:id/posts/:post", echoRequest)
	serveScript(t, s, owner, "GET /files/*", echoRequest)
	for _, c := range []struct{ method, target, body, want string }{
		{"GET", "/users/7/posts/a%2Fb?x=1", "", "GET|/users/7/posts/a%2Fb|/users/7/posts/a%2Fb?x=1|example.com|http|192.0.2.1|7,a/b||"},
		{"BREW", "/users/ä:1/posts/..", "tea", "BREW|/users/ä:1/posts/..|/users/ä:1/posts/..|example.com|http|192.0.2.1|ä:1,..||tea"},
		{"GET", "/files//a%20b/../&K=1", "", "GET|/files//a%20b/../&K=1|/files//a%20b/../&K=1|example.com|http|192.0.2.1|,|/a b/../&K=1|"},
		{"GET", "http://pi.local/files/x?y", "", "GET|/files/x|http://pi.local/files/x?y|pi.local|http|192.0.2.1|,|x|"},
		{"GET", "/files/x?a=1&t=" + someKey, "", "GET|/files/x|/files/x?a=1|example.com|http|192.0.2.1|,|x|"},
	} {
		w := request(t, s, c.method, c.target, c.body, nil)
		if w.Code != 200 || w.Body.String() != c.want {
			t.Errorf("%s %s: %d\n got %s\nwant %s", c.method, c.target, w.Code, w.Body, c.want)
		}
	}
}

func TestUserRouteErrors(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /ok", `return "ok"`)
	serveScript(t, s, owner, "GET /fails", `error("the secret reason")`)
	disabled := serveScript(t, s, owner, "GET /off", `return 1`)
	wantStatus(t, request(t, s, "PATCH", adminPrefix+"scripts/"+disabled, `{"enabled":false}`, owner), 200)
	for _, c := range []struct {
		method, target string
		headers        map[string]string
		status         int
		code           string
	}{
		{"GET", "/none", nil, 404, "not_found"},
		{"GET", "/ok/", nil, 404, "not_found"},
		{"POST", "/ok", nil, 405, "method_not_allowed"},
		{"TRACE", "/ok", nil, 405, "method_not_allowed"},
		{"GET", "/off", nil, 503, "script_disabled"},
		{"GET", "/fails", nil, 502, "script_error"},
		{"GET", "/ok", map[string]string{"Service-Worker": "script"}, 403, "forbidden"},
	} {
		w := request(t, s, c.method, c.target, "", c.headers)
		wantError(t, w, c.status, c.code)
		if got := w.Header()[headerPolicy]; !cmp.Equal(got, sandboxPolicy) {
			t.Errorf("%s %s has the policy %q", c.method, c.target, got)
		}
		if allow := w.Header().Get("Allow"); (c.status == 405) != (allow == "GET, HEAD") {
			t.Errorf("%s %s: Allow is %q", c.method, c.target, allow)
		}
		if strings.Contains(w.Body.String(), "secret reason") {
			t.Errorf("the answer shows what the script said: %s", w.Body)
		}
		if id := field(t, w, "error.details.execution_id"); c.code == "script_error" && len(id) != 36 {
			t.Errorf("the execution id is %q", id)
		}
	}
}

func TestBodyOverTheCapNeverReachesTheScript(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	s.config.MaxBodyBytes = 10
	serveScript(t, s, owner, "POST /in", `return #ctx.request.body_raw`)
	if w := request(t, s, "POST", "/in", "0123456789", nil); w.Body.String() != "10" {
		t.Errorf("at the cap: %d %s", w.Code, w.Body)
	}
	wantError(t, request(t, s, "POST", "/in", "0123456789a", nil), 413, "body_too_large")
	chunked := httptest.NewRequest("POST", "/in", io.MultiReader(strings.NewReader("0123456789"), strings.NewReader("a")))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, chunked)
	wantError(t, w, 413, "body_too_large")
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /page", `return { statusCode = 201, headers = { ["X-A"] = "1" }, body = "12345" }`)
	w := request(t, s, "HEAD", "/page", "", nil)
	if w.Code != 201 || w.Body.Len() != 0 || w.Header().Get("X-A") != "1" || w.Header().Get("Content-Length") != "5" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

// A policy of the script's own comes beside the sandbox, for that response alone.
func TestAScriptCannotTakeTheSandboxBack(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /own", `return { statusCode = 200, headers = {
		["content-security-policy"] = { "sandbox allow-same-origin", "default-src *" } }, body = "x" }`)
	serveScript(t, s, owner, "GET /plain", `return "x"`)
	want := append(slices.Clone(sandboxPolicy), "sandbox allow-same-origin", "default-src *")
	for range 2 {
		if got := request(t, s, "GET", "/own", "", nil).Header()[headerPolicy]; !cmp.Equal(got, want) {
			t.Errorf("the policies are %q", got)
		}
	}
	if got := request(t, s, "GET", "/plain", "", nil).Header()[headerPolicy]; !cmp.Equal(got, sandboxPolicy) || len(sandboxPolicy) != 1 {
		t.Errorf("another response has %q", got)
	}
}

func TestExecute(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	id := serveScript(t, s, owner, "GET /x", `return ctx.invocation_type .. ctx.request.method .. (ctx.request.headers.authorization or "-")`)
	path := "/api/v1/execute/" + id
	for _, method := range []string{"GET", "POST", "PURGE"} {
		w := request(t, s, method, path, "", owner)
		if w.Body.String() != "execute"+method+"-" || !cmp.Equal(w.Header()[headerPolicy], sandboxPolicy) {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
	for _, unknown := range []string{"x", "01890000-0000-7000-8000-000000000000", strings.ReplaceAll(id, "-", ""), "{" + id + "}"} {
		wantError(t, request(t, s, "GET", "/api/v1/execute/"+unknown, "", nil), 404, "not_found")
	}
	module := request(t, s, "POST", adminPrefix+"apps/default/scripts", `{"name":"part","kind":"module","source":"return {}"}`, owner)
	wantError(t, request(t, s, "GET", "/api/v1/execute/"+field(t, module, "id"), "", nil), 404, "not_found")
	wantStatus(t, request(t, s, "PATCH", adminPrefix+"scripts/"+id, `{"access":"authenticated"}`, owner), 200)
	wantError(t, request(t, s, "GET", path, "", nil), 401, "unauthorized")
	wantStatus(t, request(t, s, "GET", path, "", owner), 200)
	wantStatus(t, request(t, s, "GET", "/x", "", nil), 200) // access concerns execute only
	wantStatus(t, request(t, s, "PATCH", adminPrefix+"scripts/"+id, `{"enabled":false}`, owner), 200)
	wantError(t, request(t, s, "GET", path, "", owner), 503, "script_disabled")
}

func TestRunOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /slow", `local n = 0 for i = 1, 1000000 do n = n + 1 end return n`)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(gone, "GET", "/slow", nil))
	if w.Code != 200 || w.Body.String() != "1000000" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestExpectContinue(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	s.config.MaxBodyBytes = 100
	serveScript(t, s, owner, "POST /in", `return ctx.request.body_raw`)
	web := httptest.NewServer(s)
	defer web.Close()
	for _, c := range []struct {
		length int
		first  int
	}{{5, 100}, {101, 413}} {
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /in HTTP/1.1\r\nHost: pi\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", c.length)
		reader := bufio.NewReader(conn)
		response, err := nethttp.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != c.first {
			t.Fatalf("%d bytes: %v %v", c.length, response, err)
		}
		if c.first != 100 {
			continue
		}
		fmt.Fprint(conn, "hello")
		if response, err = nethttp.ReadResponse(reader, nil); err != nil || drain(t, response.Body) != "hello" {
			t.Errorf("after the body: %v %v", response, err)
		}
	}
}

// A chain of scripts that call each other ends; what is no count of PiCloud's
// counts nothing.
func TestChainsOfCallsEnd(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := serveScript(t, s, owner, "ANY /round", `return ctx.request.method`)
	for _, path := range []string{"/round", "/api/v1/execute/" + script} {
		for hops, status := range map[string]int{"": 200, "0": 200, "8": 200, "9": 508, "100": 508, "-1": 200, "x": 200, "99999999999999999999": 200} {
			answer := request(t, s, "POST", path, "", map[string]string{"Picloud-Hops": hops})
			if answer.Code != status {
				t.Errorf("%s after %q hops: %d %s", path, hops, answer.Code, answer.Body)
			}
			if status == 508 && field(t, answer, "error.code") != "loop_stopped" {
				t.Errorf("%s", answer.Body)
			}
		}
	}
}

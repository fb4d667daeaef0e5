package http

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

const guardSecret = "hunter2-hunter2-hunter2"

// guardedServer has a secret called TOKEN and a script behind POST /hook with
// the guards of a JSON object. The script counts its runs in what it logs.
func guardedServer(t testing.TB, guards string) (s *testServer, owner map[string]string, script string) {
	t.Helper()
	s, owner = newOwnedServer(t)
	wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/secrets/TOKEN", `{"value":"`+guardSecret+`"}`, owner), 200)
	script = newScript(t, s, owner, "hook", `print("ran") return { statusCode = 201, headers = { ["X-Run"] = ctx.execution_id }, body = { got = ctx.request.body_raw } }`)
	route(t, s, owner, script, "/hook", guards)
	return s, owner, script
}

// route binds POST path with guards, which is the inside of a JSON object.
func route(t testing.TB, s *testServer, owner map[string]string, script, path, guards string) string {
	t.Helper()
	made := request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes", `{"method":"POST","path":"`+path+`",`+guards+`}`, owner)
	wantStatus(t, made, 201)
	return field(t, made, "id")
}

func signGitHub(body string) map[string]string {
	mac := hmac.New(sha256.New, []byte(guardSecret))
	mac.Write([]byte(body))
	return map[string]string{"X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))}
}

// executions returns the newest records of a script.
func executions(t *testing.T, s *testServer, script string) []store.Execution {
	t.Helper()
	if err := s.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	page, err := s.store.Executions(context.Background(), store.ExecutionFilter{Script: uuid.MustParse(script)}, store.PageRequest{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

// wantRecord checks the newest record of a script.
func wantRecord(t *testing.T, s *testServer, script string, status store.ExecutionStatus, code string) store.Execution {
	t.Helper()
	newest := executions(t, s, script)[0]
	got := ""
	if newest.Error != nil {
		got = newest.Error.Code
	}
	if newest.Status != status || got != code {
		t.Errorf("the record says %s %q, want %s %q", newest.Status, got, status, code)
	}
	return newest
}

func TestVerifyGuard(t *testing.T) {
	t.Parallel()
	s, _, script := guardedServer(t, `"verify":{"provider":"github","secret":"TOKEN"}`)
	good := request(t, s, "POST", "/hook", `{"a":1}`, signGitHub(`{"a":1}`))
	wantStatus(t, good, 201)
	wantRecord(t, s, script, store.StatusSuccess, "")
	for name, c := range map[string]struct {
		body   string
		header map[string]string
	}{
		"no signature":   {`{"a":1}`, nil},
		"another body":   {`{"a":2}`, signGitHub(`{"a":1}`)},
		"another secret": {`{"a":1}`, map[string]string{"X-Hub-Signature-256": "sha256=" + strings.Repeat("0", 64)}},
	} {
		w := request(t, s, "POST", "/hook", c.body, c.header)
		wantError(t, w, 401, "bad_signature")
		record := wantRecord(t, s, script, store.StatusRejected, "bad_signature")
		if record.StatusCode != 401 || record.Request.Body != "" || record.Request.BodyBytes != len(c.body) || len(record.Logs) != 0 {
			t.Errorf("%s: the record is %+v", name, record)
		}
		if field(t, w, "error.details.execution_id") != record.ID.String() || strings.Contains(w.Body.String(), "fit") {
			t.Errorf("%s: the sender is told %s", name, w.Body)
		}
	}
}

func TestVerifyGuardAndTheClock(t *testing.T) {
	t.Parallel()
	s, _, script := guardedServer(t, `"verify":{"provider":"stripe","secret":"TOKEN","tolerance_s":60}`)
	signed := func(at time.Time) map[string]string {
		mac := hmac.New(sha256.New, []byte(guardSecret))
		fmt.Fprintf(mac, "%d.{}", at.Unix())
		return map[string]string{"Stripe-Signature": fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))}
	}
	wantStatus(t, request(t, s, "POST", "/hook", "{}", signed(s.clock.now().Add(-time.Minute))), 201)
	for _, offset := range []time.Duration{-61 * time.Second, 61 * time.Second} {
		wantError(t, request(t, s, "POST", "/hook", "{}", signed(s.clock.now().Add(offset))), 409, "stale_webhook")
		wantRecord(t, s, script, store.StatusRejected, "stale_webhook")
	}
	s.unsynchronised.Store(true)
	wantStatus(t, request(t, s, "POST", "/hook", "{}", signed(s.clock.now().Add(-time.Hour))), 201)
	record := wantRecord(t, s, script, store.StatusSuccess, "")
	if len(record.Logs) != 2 || record.Logs[0].Level != "warn" || !strings.Contains(record.Logs[0].Message, "clock is not synchronised") {
		t.Errorf("the record's lines are %+v", record.Logs)
	}
	wantError(t, request(t, s, "POST", "/hook", "{ }", signed(s.clock.now())), 401, "bad_signature")
}

func TestTokenAndBasicGuards(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"verify":{"provider":"token","secret":"TOKEN"}`)
	route(t, s, owner, script, "/query", `"verify":{"provider":"token","secret":"TOKEN","in":"query:k"}`)
	route(t, s, owner, script, "/form", `"verify":{"provider":"token","secret":"TOKEN","in":"form:PASSKEY"}`)
	wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/secrets/LOGIN", `{"value":"ada:`+guardSecret+`"}`, owner), 200)
	route(t, s, owner, script, "/basic", `"verify":{"provider":"basic","secret":"LOGIN"}`)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		path, body string
		header     map[string]string
		status     int
	}{
		{"/hook", "", bearer(guardSecret), 201},
		{"/hook", "", bearer(guardSecret + "x"), 401},
		{"/query?k=" + guardSecret, "", nil, 201},
		{"/query?k=x&k=" + guardSecret + "&b", "", nil, 201},
		{"/query?K=" + guardSecret, "", nil, 401},
		{"/form", "a=b&PASSKEY=" + guardSecret, form, 201},
		{"/form", "a=b&PASSKEY=x", form, 401},
		{"/basic", "", map[string]string{"Authorization": "Basic YWRhOmh1bnRlcjItaHVudGVyMi1odW50ZXIy"}, 201},
		{"/basic", "", nil, 401},
	} {
		w := request(t, s, "POST", c.path, c.body, c.header)
		if w.Code != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.path, c.body, w.Code, c.status, w.Body)
		}
		challenge := w.Header().Get("WWW-Authenticate")
		if basic := strings.HasPrefix(challenge, "Basic "); c.status == 401 && basic != (c.path == "/basic") {
			t.Errorf("%s: the challenge is %q", c.path, challenge)
		}
		// Whatever came of it, the record does not show the secret.
		if text := fmt.Sprintf("%+v %+v", executions(t, s, script)[0].Request, executions(t, s, script)[0].Response); strings.Contains(text, "hunter2") {
			t.Errorf("%s: the record is %s", c.path, text)
		}
	}
}

// A guard whose secret was tampered with lets nobody in.
func TestAGuardFailsClosed(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"verify":{"provider":"token","secret":"TOKEN"}`)
	wantStatus(t, request(t, s, "POST", "/hook", "", bearer(guardSecret)), 201)
	wantError(t, request(t, s, "DELETE", adminPrefix+"apps/default/secrets/TOKEN", "", owner), 409, "has_dependents")
	wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/secrets/TOKEN", `{"value":"another"}`, owner), 200)
	wantError(t, request(t, s, "POST", "/hook", "", bearer(guardSecret)), 401, "bad_signature")
	wantStatus(t, request(t, s, "POST", "/hook", "", bearer("another")), 201)
	wantError(t, request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes",
		`{"method":"POST","path":"/x","verify":{"provider":"token","secret":"NOTHING"}}`, owner), 422, "missing_secret")
}

func TestLocalOnlyGuard(t *testing.T) {
	t.Parallel()
	s, _, script := guardedServer(t, `"local_only":true`)
	call := func(address, forwarded string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/hook", strings.NewReader("x"))
		r.RemoteAddr = address
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for address, local := range map[string]bool{
		"127.0.0.1:1": true, "192.168.1.9:1": true, "10.0.0.1:1": true, "172.16.0.1:1": true, "169.254.1.1:1": true, "[::1]:1": true,
		"[fe80::1%eth0]:1": true, "[fd00::1]:1": true, "[::ffff:192.168.1.9]:1": true,
		"172.32.0.1:1": false, "8.8.8.8:1": false, "100.64.0.1:1": false, "[2001:db8::1]:1": false, "[::ffff:8.8.8.8]:1": false, "0.0.0.0:1": false, "odd": false,
	} {
		if w := call(address, ""); (w.Code == 201) != local {
			t.Errorf("%s: %d", address, w.Code)
		} else if !local {
			wantError(t, w, 403, "not_local")
		}
	}
	// A tunnel on this machine, which nobody has declared a proxy.
	wantError(t, call("127.0.0.1:1", "192.168.1.9"), 403, "not_local")
	if record := wantRecord(t, s, script, store.StatusRejected, "not_local"); !strings.Contains(record.Error.Message, "PICLOUD_TRUSTED_PROXIES") {
		t.Errorf("the record says %s", record.Error.Message)
	}
}

func TestRateLimitGuard(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"rate_limit":{"per_minute":6,"burst":2}`)
	route(t, s, owner, script, "/all", `"rate_limit":{"per_minute":60,"burst":1,"key":"route"}`)
	from := func(path, address string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, nethttp.NoBody)
		r.RemoteAddr = address + ":1"
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	wantStatus(t, from("/hook", "10.0.0.1"), 201)
	wantStatus(t, from("/hook", "10.0.0.1"), 201)
	w := from("/hook", "10.0.0.1")
	wantError(t, w, 429, "rate_limited")
	if w.Header().Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %s", w.Header().Get("Retry-After"))
	}
	wantRecord(t, s, script, store.StatusRejected, "rate_limited")
	wantStatus(t, from("/hook", "10.0.0.2"), 201)
	s.clock.advance(10 * time.Second)
	wantStatus(t, from("/hook", "10.0.0.1"), 201)
	wantStatus(t, from("/all", "10.0.0.1"), 201)
	wantError(t, from("/all", "10.0.0.2"), 429, "rate_limited")
}

// A change elsewhere does not give a route a fresh limit.
func TestLimitsOutliveChangesOfOtherRoutes(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"rate_limit":{"per_minute":1,"burst":1}`)
	wantStatus(t, request(t, s, "POST", "/hook", "", nil), 201)
	route(t, s, owner, script, "/other", `"local_only":true`)
	wantError(t, request(t, s, "POST", "/hook", "", nil), 429, "rate_limited")
}

func TestAFloodOfRefusalsLeavesFewRecords(t *testing.T) {
	t.Parallel()
	s, _, script := guardedServer(t, `"verify":{"provider":"github","secret":"TOKEN"}`)
	for range refusalsAtOnce + 50 {
		wantStatus(t, request(t, s, "POST", "/hook", "x", nil), 401)
	}
	if stats := s.store.ExecutionLogStats(); stats.Recorded != refusalsAtOnce {
		t.Errorf("%d records, want %d", stats.Recorded, refusalsAtOnce)
	}
	s.clock.advance(3 * time.Minute)
	wantStatus(t, request(t, s, "POST", "/hook", "x", nil), 401)
	if record := wantRecord(t, s, script, store.StatusRejected, "bad_signature"); !strings.Contains(record.Error.Message, "50 requests before") {
		t.Errorf("the record says %s", record.Error.Message)
	}
}

// Guards cost a route without them nothing: as many allocations as before.
func TestUnguardedRoutesPayNothing(t *testing.T) {
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "hello", "return 1")
	route(t, s, owner, script, "/plain", `"local_only":false`)
	routes := s.routes.current.Load()
	plain := routes.table.Lookup("POST", "pi", "/plain").Value
	if allocations := testing.AllocsPerRun(100, func() { routes.guardOf(plain) }); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
	if routes.guardOf(plain) != nil || len(routes.guards) != 0 {
		t.Error("a route without guards has some")
	}
}

// BenchmarkUserRoute is a request of a route without guards, and one with a
// signature.
func BenchmarkUserRoute(b *testing.B) {
	for name, guards := range map[string]string{"plain": `"local_only":false`, "github": `"verify":{"provider":"github","secret":"TOKEN"}`} {
		b.Run(name, func(b *testing.B) {
			s, _, _ := guardedServer(b, guards)
			header := nethttp.Header{}
			for name, value := range signGitHub("{}") {
				header.Set(name, value)
			}
			var failed atomic.Int64
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/hook", strings.NewReader("{}"))
				r.Header = header
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, r); w.Code != 201 {
					failed.Add(1)
				}
			}
			if failed.Load() > 0 {
				b.Errorf("%d requests failed", failed.Load())
			}
		})
	}
}

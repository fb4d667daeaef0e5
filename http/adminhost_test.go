package http

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"picloud/store"
)

const testAdminHost = "admin.pi.local"

// newSplitServer is a server in split mode with a script at every path.
func newSplitServer(t *testing.T) (*testServer, map[string]string) {
	t.Helper()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "ANY /*", `return "script"`)
	serveScript(t, s, owner, "ANY /", `return "script"`)
	s.config.AdminHost = testAdminHost
	return s, owner
}

func TestSplitModeKeepsTheHostsApart(t *testing.T) {
	t.Parallel()
	s, owner := newSplitServer(t)
	atAdmin := []string{"http://admin.pi.local", "http://ADMIN.Pi.Local", "http://admin.pi.local.", "http://admin.pi.local:8080", "http://admin.pi.local.:80"}
	elsewhere := []string{"http://pi.local", "http://xadmin.pi.local", "http://admin.pi.local.evil.example", "http://127.0.0.1:8080", "http://admin", "http://admin.pi.local.."}
	for path, at := range map[string][2]int{ // status at the admin host, elsewhere
		"/api/v1/admin/auth/me": {200, 404},
		"/api/v2/x":             {404, 404},
		"/api/v1/execute/x":     {404, 404},
		"/api":                  {404, 404},
		"/admin/":               {200, 404},
		"/admin":                {302, 404},
		"/version":              {200, 404},
		"/metrics":              {200, 404},
		"/healthz":              {200, 200},
		"/readyz":               {200, 200},
		"/":                     {302, 200},
		"/hello":                {404, 200},
		"//api":                 {404, 200},
		"/a/b/c":                {404, 200},
	} {
		for _, base := range atAdmin {
			w := request(t, s, "GET", base+path, "", owner)
			if w.Code != at[0] || w.Body.String() == "script" {
				t.Errorf("%s%s: %d %s", base, path, w.Code, w.Body)
			}
		}
		for _, base := range elsewhere {
			w := request(t, s, "GET", base+path, "", owner)
			script := at[0] != at[1] && at[1] == 200
			if w.Code != at[1] || (w.Body.String() == "script") != script {
				t.Errorf("%s%s: %d %s", base, path, w.Code, w.Body)
			}
			if policy := w.Header()[headerPolicy]; script && policy != nil {
				t.Errorf("%s%s bears %q", base, path, policy)
			}
			if code := w.Code; code == 404 {
				wantError(t, w, 404, "not_found")
			}
		}
	}
}

// A script run by its id answers on the admin's origin, so the sandbox and the
// narrow cookies hold there.
func TestSplitModeKeepsExecuteInTheSandbox(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	const source = `return { statusCode = 200, headers = { ["Set-Cookie"] = "a=1; Path=/" }, body = "x" }`
	id := serveScript(t, s, owner, "GET /cookie", source)
	s.config.AdminHost = testAdminHost
	path := "/api/v1/execute/" + id
	executed := request(t, s, "GET", "http://"+testAdminHost+path, "", owner)
	if !cmp.Equal(executed.Header()[headerPolicy], sandboxPolicy) || onlyCookie(t, executed) != "a=1; Path="+path {
		t.Errorf("execute: %d %v", executed.Code, executed.Header())
	}
	routed := request(t, s, "GET", "http://pi.local/cookie", "", nil)
	if routed.Header()[headerPolicy] != nil || onlyCookie(t, routed) != "a=1; Path=/" {
		t.Errorf("route: %d %v", routed.Code, routed.Header())
	}
	wantError(t, request(t, s, "GET", "http://pi.local/cookie", "", map[string]string{"Service-Worker": " Script"}), 403, "forbidden")
}

func TestCheckAdminHost(t *testing.T) {
	t.Parallel()
	good := []string{"admin.pi.local", "pi", "ADMIN.pi.local.", "192.168.1.4", "[fd00::4]", "my_pi.local"}
	bad := []string{"", "admin.pi.local:80", "http://admin", "admin/x", "*.pi.local", "a b", "[::1]:80", "[::1", "::1", "a..b", "é.local"}
	for _, host := range slices.Concat(good, bad) {
		if err := CheckAdminHost(host); (err == nil) != slices.Contains(good, host) {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestSandboxIsLiftedByAnOwnerAfterAWarning(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /page", `return "x"`)
	policy := func(path string) []string { return request(t, s, "GET", path, "", nil).Header()[headerPolicy] }
	change := adminPrefix + "apps/default/sandbox"
	wantError(t, request(t, s, "PUT", change, `{"lifted":true}`, owner), 422, "risk_not_accepted")
	if got := policy("/page"); !cmp.Equal(got, sandboxPolicy) {
		t.Errorf("before: %q", got)
	}
	w := request(t, s, "PUT", change, `{"lifted":true,"accept_risk":true}`, owner)
	wantStatus(t, w, 200)
	if field(t, w, "sandbox_lifted") != "true" || policy("/page") != nil {
		t.Errorf("lifted: %s %q", w.Body, policy("/page"))
	}
	if got := policy("/nothing"); !cmp.Equal(got, sandboxPolicy) {
		t.Errorf("a path of no app: %q", got)
	}
	if got := rules[sandboxLift]; got != (rule{store.RoleOwner, store.AppAdmin, noKey}) {
		t.Errorf("the sandbox may be lifted by %+v", got)
	}
	wantStatus(t, request(t, s, "PUT", change, `{"lifted":false}`, owner), 200)
	if got := policy("/page"); !cmp.Equal(got, sandboxPolicy) {
		t.Errorf("after: %q", got)
	}
}

// What the platform says is for its own page and for programs alone.
func TestAnswersOfThePlatformAreGuarded(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	for _, path := range []string{"/healthz", "/readyz", "/version", "/metrics", "/api/v2", adminPrefix + "apps", adminPrefix + "none"} {
		header := request(t, s, "GET", path, "", owner).Header()
		for name, want := range guardHeaders {
			if !cmp.Equal(header[name], want) {
				t.Errorf("%s: %s is %q", path, name, header[name])
			}
		}
		if got := header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, got)
		}
	}
}

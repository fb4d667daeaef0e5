package http

import (
	"crypto/rand"
	"crypto/tls"
	nethttp "net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// signInByCookie signs in as the page does and returns the Set-Cookie line.
func signInByCookie(t *testing.T, s *testServer) string {
	t.Helper()
	w := request(t, s, "POST", adminPrefix+"auth/login",
		`{"username":"`+testUsername+`","password":"`+testPassword+`","cookie":true}`, nil)
	wantStatus(t, w, 200)
	if got := field(t, w, "token"); got != "<absent>" {
		t.Errorf("the answer shows the token %s beside the cookie", got)
	}
	return onlyCookie(t, w)
}

func onlyCookie(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 1 {
		t.Fatalf("%d cookies were set: %q", len(lines), lines)
	}
	return lines[0]
}

// pair is the name and value of a Set-Cookie line.
func pair(line string) string {
	pair, _, _ := strings.Cut(line, ";")
	return pair
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	s, _ := newOwnedServer(t)
	first, second := signInByCookie(t, s), signInByCookie(t, s)
	want := "; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict; Priority=High"
	if got := strings.TrimPrefix(first, pair(first)); got != want || !strings.HasPrefix(first, "picloud_session=pis_") {
		t.Errorf("the cookie is %s", first)
	}
	if pair(first) == pair(second) {
		t.Error("the session was not rotated at login")
	}
	me := func(cookie string) int {
		return request(t, s, "GET", adminPrefix+"auth/me", "", map[string]string{"Cookie": cookie}).Code
	}
	for cookie, status := range map[string]int{
		pair(first): 200, "a=1; " + pair(first) + "; b=2": 200, pair(first) + "; " + pair(first): 200,
		"picloud_session=": 401, "picloud_session=pis_": 401, "picloud_session=" + someKey: 401, "picloud_session=" + someSession: 401,
		strings.ToUpper(pair(first)): 401, "__Host-" + pair(first): 401, "x" + pair(first): 401,
		pair(first) + "; " + pair(second): 400,
	} {
		if got := me(cookie); got != status {
			t.Errorf("Cookie: %s gives %d, want %d", cookie, got, status)
		}
	}
	wantError(t, request(t, s, "POST", adminPrefix+"auth/logout", "", map[string]string{"Cookie": pair(first)}), 415, "wrong_content_type")
	out := request(t, s, "POST", adminPrefix+"auth/logout", "{}", map[string]string{"Cookie": pair(first)})
	wantStatus(t, out, 204)
	if got := onlyCookie(t, out); !strings.HasPrefix(got, "picloud_session=; Path=/; Max-Age=0;") {
		t.Errorf("logout answers %s", got)
	}
	if me(pair(first)) != 401 || me(pair(second)) != 200 {
		t.Error("logout ended another session than its own")
	}
}

func TestCookieOfSetupAndPasswordChange(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	setup := request(t, s, "POST", adminPrefix+"auth/setup",
		`{"token":"`+testSetupToken+`","username":"ada","password":"correct horse","cookie":true}`, nil)
	wantStatus(t, setup, 201)
	old := map[string]string{"Cookie": pair(onlyCookie(t, setup))}
	changed := request(t, s, "POST", adminPrefix+"auth/password", `{"current_password":"correct horse","new_password":"another horse"}`, old)
	wantStatus(t, changed, 200)
	if field(t, setup, "token") != "<absent>" || field(t, changed, "token") != "<absent>" {
		t.Errorf("a token is shown: %s %s", setup.Body, changed.Body)
	}
	fresh := map[string]string{"Cookie": pair(onlyCookie(t, changed))}
	wantStatus(t, request(t, s, "GET", adminPrefix+"auth/me", "", old), 401)
	wantStatus(t, request(t, s, "GET", adminPrefix+"auth/me", "", fresh), 200)
}

// Over TLS, here or at a trusted proxy, only the name that no neighbour can
// plant is set and taken.
func TestCookieOverTLS(t *testing.T) {
	t.Parallel()
	s, _ := newOwnedServer(t)
	plain := pair(signInByCookie(t, s))
	s.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	over := func(secure func(*nethttp.Request), method, path, body, cookie string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, adminPrefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		secure(r)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for name, secure := range map[string]func(*nethttp.Request){
		"TLS":           func(r *nethttp.Request) { r.TLS = &tls.ConnectionState{} },
		"trusted proxy": func(r *nethttp.Request) { r.Header.Set("X-Forwarded-Proto", "https") },
	} {
		w := over(secure, "POST", "auth/login", `{"username":"ada","password":"correct horse","cookie":true}`, "")
		line := onlyCookie(t, w)
		if !strings.HasPrefix(line, "__Host-picloud_session=") || !strings.Contains(line, "; Secure;") || !strings.Contains(line, "; Path=/;") {
			t.Errorf("%s: the cookie is %s", name, line)
		}
		if got := over(secure, "GET", "auth/me", "", pair(line)).Code; got != 200 {
			t.Errorf("%s: its own cookie gives %d", name, got)
		}
		if got := over(secure, "GET", "auth/me", "", plain).Code; got != 401 {
			t.Errorf("%s: a plain cookie gives %d", name, got)
		}
	}
	untrusted := func(r *nethttp.Request) {
		r.RemoteAddr = "192.0.2.9:1"
		r.Header.Set("X-Forwarded-Proto", "https")
	}
	if got := over(untrusted, "GET", "auth/me", "", plain).Code; got != 200 {
		t.Errorf("a stranger's X-Forwarded-Proto counted: %d", got)
	}
}

// A browser adds the cookie by itself, so it counts only for the page's own
// calls; a bearer token is never added by itself.
func TestCookieNeedsTheSameOrigin(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	cookie := pair(signInByCookie(t, s))
	for _, c := range []struct {
		method, site, origin, contentType string
		status                            int
	}{
		{"GET", "", "", "", 200},
		{"GET", "same-origin", "", "", 200},
		{"GET", "none", "", "", 200},
		{"GET", "same-site", "", "", 403},
		{"GET", "cross-site", "", "", 403},
		{"GET", "invented", "", "", 403},
		{"POST", "", "", "application/json", 201},
		{"POST", "same-origin", "http://example.com", "application/json", 201},
		{"POST", "", "http://example.com", "application/json; charset=utf-8", 201},
		{"POST", "", "http://example.com:81", "application/json", 403},
		{"POST", "", "http://evil.example", "application/json", 403},
		{"POST", "", "null", "application/json", 403},
		{"POST", "same-site", "", "application/json", 403},
		{"POST", "cross-site", "http://example.com", "application/json", 403},
		{"POST", "same-origin", "", "text/plain", 415},
		{"POST", "same-origin", "", "application/x-www-form-urlencoded", 415},
		{"POST", "same-origin", "", "", 415},
		{"DELETE", "same-origin", "", "", 415},
		{"DELETE", "cross-site", "", "application/json", 403},
	} {
		send := func(credential map[string]string) *httptest.ResponseRecorder {
			path, body := "apps", ""
			switch c.method {
			case "POST":
				body = `{"slug":"app-` + strings.ToLower(rand.Text()) + `"}`
			case "DELETE":
				path = "apps/nothing"
			}
			headers := map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin, "Content-Type": c.contentType}
			for name, value := range headers {
				if value == "" {
					delete(headers, name)
				}
			}
			for name, value := range credential {
				headers[name] = value
			}
			r := httptest.NewRequest(c.method, adminPrefix+path, strings.NewReader(body))
			for name, value := range headers {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		if w := send(map[string]string{"Cookie": cookie}); w.Code != c.status {
			t.Errorf("%+v with the cookie: %d %s", c, w.Code, w.Body)
		}
		if w := send(owner); w.Code == 403 || w.Code == 401 {
			t.Errorf("%+v with a token: %d %s", c, w.Code, w.Body)
		}
	}
}

func TestTwoCredentials(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	cookie := pair(signInByCookie(t, s))
	token := strings.TrimPrefix(cookie, "picloud_session=")
	for authorization, status := range map[string]int{
		"Bearer " + token:        200,
		owner["Authorization"]:   400,
		"Bearer " + someSession:  400,
		"Bearer " + someKey:      400,
		"Bearer nothing":         401,
		"Token " + token:         401,
		"Basic YWRhOnBhc3N3b3Jk": 200, // a proxy's own password, asked for in front
	} {
		w := request(t, s, "GET", adminPrefix+"auth/me", "", map[string]string{"Cookie": cookie, "Authorization": authorization})
		if w.Code != status {
			t.Errorf("the cookie and %s: %d %s", authorization, w.Code, w.Body)
		}
		if w.Code == 400 && field(t, w, "error.code") != "different_credentials" {
			t.Errorf("the cookie and %s: %s", authorization, w.Body)
		}
	}
}

package http

import (
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func httptestRequest(peer, forwarded string) *nethttp.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = peer
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	return r
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "br, gzip": true, "gzip;q=0": false, "gzip; q=0.000": false,
		"gzip;q=0.1": true, "*": true, "*;q=0": false, "gzip;q=0, *": false, "*, gzip;q=0": false, "identity": false,
		"gzip;q=x": false, "gzip;q=2": false, "gzipped": false, "deflate, *;q=0.5": true,
	} {
		if got := accepts([]string{header}, "gzip"); got != want {
			t.Errorf("Accept-Encoding %q accepts gzip: %v", header, got)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.page = fstest.MapFS{
		"index.html":           {Data: []byte(`<a href="./assets/app-1.js">`)},
		"index.html.gz":        {Data: []byte("index gzipped")},
		"favicon.svg":          {Data: []byte("<svg>")},
		"assets/app-1.js":      {Data: []byte("plain")},
		"assets/app-1.js.br":   {Data: []byte("brotli")},
		"assets/app-1.js.gz":   {Data: []byte("gzipped")},
		"assets/style-1.css":   {Data: []byte("css")},
		"assets/style-1.weird": {Data: []byte("?")},
	}
	for _, test := range []struct {
		path, accept, body, encoding, kind, cache string
		status                                    int
	}{
		{"/admin/", "", `<a href="./assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/", "gzip", "index gzipped", "gzip", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/apps", "", `<a href="./assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/apps/default", "gzip", `<a href="../assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/apps/default/?a=/b/c", "gzip", `<a href="../../assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/apps/a%2Fb/v1.2", "", `<a href="../../assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/apps//x", "", `<a href="../../assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/" + strings.Repeat("a/", maxPageDepth+1), "", "", "", "application/json", "no-store", 404},
		{"/admin/favicon.svg", "", "<svg>", "", "image/svg+xml", "no-cache", 200},
		{"/admin/assets/app-1.js", "", "plain", "", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/admin/assets/app-1.js", "gzip, br", "brotli", "br", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/admin/assets/app-1.js", "gzip, br;q=0", "gzipped", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/admin/assets/style-1.css", "gzip, br", "css", "", "text/css; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/admin/assets/style-1.weird", "", "?", "", "application/octet-stream", "public, max-age=31536000, immutable", 200},
		{"/admin/assets/gone.js", "", "", "", "application/json", "no-store", 404},
		{"/admin/assets", "", `<a href="./assets/app-1.js">`, "", "text/html; charset=utf-8", "no-cache", 200},
		{"/admin/none.png", "", "", "", "application/json", "no-store", 404},
		{"/admin/assets/../index.html", "", "", "", "application/json", "no-store", 404},
		{"/admin/apps/../../secret", "", "", "", "application/json", "no-store", 404},
		{"/admin/../secret.txt", "", "", "", "application/json", "no-store", 404},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			w := request(t, s, method, test.path, "", map[string]string{"Accept-Encoding": test.accept})
			header := w.Header()
			if w.Code != test.status || header.Get("Content-Encoding") != test.encoding ||
				header.Get("Content-Type") != test.kind || header.Get("Cache-Control") != test.cache {
				t.Errorf("%s %s (%s): %d %v", method, test.path, test.accept, w.Code, header)
			}
			if want := test.body; test.status == 200 && (method == "GET") != (w.Body.String() == want) {
				t.Errorf("%s %s (%s): body %q", method, test.path, test.accept, w.Body)
			}
			for _, field := range pageHeaders {
				if header.Get(field[0]) != field[1] {
					t.Errorf("%s has %s: %q", test.path, field[0], header.Get(field[0]))
				}
			}
		}
	}
	w := request(t, s, "GET", "/admin", "", nil)
	if w.Code != 302 || w.Header().Get("Location") != "/admin/" {
		t.Errorf("/admin: %d %v", w.Code, w.Header())
	}
	wantStatus(t, request(t, s, "POST", "/admin/", `{}`, nil), 405)
}

// A worker has its own policy from its own answer; nothing else below /admin may
// run WebAssembly.
func TestPagePolicies(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.page = fstest.MapFS{
		"index.html": {}, "assets/app-1.js": {}, "assets/worker/formatter-1.js": {}, "assets/formatter-1.wasm": {},
	}
	for path, wasm := range map[string]bool{
		"/admin/": false, "/admin/assets/worker/": false, "/admin/assets/app-1.js": false, "/admin/assets/formatter-1.wasm": false,
		"/admin/assets/worker/gone.js": false, "/admin/assets/worker/formatter-1.js": true,
	} {
		policies := request(t, s, "GET", path, "", nil).Header()[headerPolicy]
		if len(policies) != 1 || strings.Contains(policies[0], "'wasm-unsafe-eval'") != wasm || strings.Contains(policies[0], "'unsafe-eval'") {
			t.Errorf("%s has the policies %q", path, policies)
		}
	}
	if kind := request(t, s, "GET", "/admin/assets/formatter-1.wasm", "", nil).Header().Get("Content-Type"); kind != "application/wasm" {
		t.Errorf("a .wasm file has the type %q", kind)
	}
}

func TestSystemPaths(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	health := request(t, s, "GET", "/healthz", "", nil)
	if health.Code != 200 || health.Body.String() != "ok" {
		t.Errorf("healthz: %d %q", health.Code, health.Body)
	}
	ready := request(t, s, "GET", "/readyz", "", nil)
	if ready.Code != 200 || ready.Body.String() != "ready\nclock: synchronised\n" {
		t.Errorf("readyz: %d %q", ready.Code, ready.Body)
	}
	version := request(t, s, "GET", "/version", "", nil)
	want := `{"product":"0.1.0","sdk":"1.0","api":1,"schema":` + field(t, version, "schema") + `,"wire":1,"public_base_url":""}` + "\n"
	if version.Body.String() != want {
		t.Errorf("version: %s, want %s", version.Body, want)
	}
	wantStatus(t, request(t, s, "POST", "/version", `{}`, nil), 405)
	s.stopping.Store(true)
	stopping := request(t, s, "GET", "/readyz", "", nil)
	wantError(t, stopping, 503, "unavailable")
	if stopping.Header().Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

// The bare address leads to the page until a script takes it; in split mode it
// tells nobody where the page is.
func TestTheBareAddressLeadsToThePage(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	for _, method := range []string{"GET", "HEAD"} {
		answer := request(t, s, method, "/?from=phone", "", nil)
		if place := answer.Header().Get("Location"); answer.Code != 302 || place != "/admin/" {
			t.Errorf("%s / answers %d and leads to %q", method, answer.Code, place)
		}
	}
	wantStatus(t, request(t, s, "POST", "/", "", nil), 404)
	wantStatus(t, request(t, s, "GET", "/x", "", nil), 404)
	s.config.AdminHost = testAdminHost
	wantStatus(t, request(t, s, "GET", "/", "", nil), 404)
	s.config.AdminHost = ""
	serveScript(t, s, owner, "GET /", `return "script"`)
	wantStatus(t, request(t, s, "GET", "/", "", nil), 200)
}

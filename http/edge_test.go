package http

import (
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestReservedPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/api": true, "/api/": true, "/api/v1/x": true, "/admin": true, "/admin/x/y": true, "/healthz": true,
		"/healthz/x": true, "/readyz": true, "/version": true, "/metrics": true,
		"/": false, "": false, "*": false, "api/x": false, "/apis": false, "/Api": false, "/adminx": false,
		"//api": false, "/x/api": false, "/healthz2": false, "/versions": false,
	} {
		if got := reservedPath(path); got != want {
			t.Errorf("reservedPath(%q) is %v", path, got)
		}
	}
}

func TestRequestIDOnEveryAnswer(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	for _, path := range []string{"/healthz", "/admin/", "/admin", "/api/v9", "/api/v1/admin/apps", "/admin/assets/none.js"} {
		w := request(t, s, "GET", path, "", nil)
		if id := w.Header().Get("X-Request-Id"); len(id) != 32 {
			t.Errorf("%s has the request id %q", path, id)
		}
	}
	for given, kept := range map[string]bool{
		"a": true, "A.b_c-9": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, "a b": false, "a\u00e9": false, "<script>": false, "a/b": false,
	} {
		w := request(t, s, "GET", "/healthz", "", map[string]string{"X-Request-Id": given})
		if got := w.Header().Get("X-Request-Id"); (got == given) != kept {
			t.Errorf("id %q was answered with %q", given, got)
		}
	}
}

func TestPanicIsA500WithNothingInIt(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.echo.GET("/healthz/panic", func(echo.Context) error { panic("secret-cause") })
	w := request(t, s, "GET", "/healthz/panic", "", map[string]string{"X-Request-Id": "this-one"})
	wantError(t, w, 500, "internal")
	if got := field(t, w, "error.details.request_id"); got != "this-one" {
		t.Errorf("details.request_id is %q", got)
	}
	if strings.Contains(w.Body.String(), "secret-cause") {
		t.Errorf("the answer shows the cause: %s", w.Body)
	}
	if got := strings.Count(s.log.String(), "msg=\"request failed\""); got != 1 {
		t.Errorf("logged %d times:\n%s", got, s.log)
	}
	if !strings.Contains(s.log.String(), "secret-cause") || !strings.Contains(s.log.String(), "this-one") {
		t.Errorf("the log lacks the cause or the id:\n%s", s.log)
	}
}

func TestAbortCutsTheConnection(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.echo.GET("/healthz/abort", func(echo.Context) error { panic(nethttp.ErrAbortHandler) })
	defer func() {
		if recover() != nethttp.ErrAbortHandler {
			t.Error("the server's own panic did not pass")
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/healthz/abort", nil))
}

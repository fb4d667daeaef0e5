package egress_test

import (
	"net/http"
	"testing"

	"picloud/runtime/egress"
)

// local is a client that may call this machine.
func local(t testing.TB) *egress.Client {
	return newClient(t, egress.Config{Version: "1.2.3", AllowPrivate: true})
}

func serve(t testing.TB, handler http.HandlerFunc) string {
	return "http://" + newTrap(t, "127.0.0.1:0", handler).Addr().String()
}

func request(t testing.TB, method, target string) *egress.Request {
	t.Helper()
	u, err := egress.ParseURL(target)
	if err != nil {
		t.Fatal(err)
	}
	return &egress.Request{Method: method, URL: u, Header: http.Header{}, Redirects: 5, Caller: egress.Caller{App: "app", Script: "script-id", Hops: 2}}
}

func TestEveryCallSaysWhoMakesIt(t *testing.T) {
	t.Parallel()
	var got http.Header
	target := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Clone(); ok(w, r) })
	if _, err := call(t, local(t), request(t, "GET", target)); err != nil {
		t.Fatal(err)
	}
	if got.Get("User-Agent") != "PiCloud/1.2.3 (script script-id)" || got.Get(egress.HopsHeader) != "3" {
		t.Errorf("%v", got)
	}
	own := request(t, "GET", target)
	own.Header.Set("User-Agent", "Weather/1 (ann@example.com)")
	if _, err := call(t, local(t), own); err != nil {
		t.Fatal(err)
	}
	if got.Get("User-Agent") != "Weather/1 (ann@example.com) PiCloud/1.2.3 (script script-id)" {
		t.Errorf("%v", got)
	}
}

// A proxy of the environment would dial in the guard's place.
func TestNoProxyFromTheEnvironment(t *testing.T) {
	proxy := newTrap(t, "127.0.0.1:0", ok)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://"+proxy.Addr().String())
	}
	if got := try(t, newClient(t, egress.Config{}), "GET", "http://10.0.0.1:8080/"); got != "blocked:private" || proxy.seen.Load() != 0 {
		t.Errorf("%s, %d connections to the proxy", got, proxy.seen.Load())
	}
}

package egress_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"picloud/runtime/egress"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Proto)) }))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	if got := try(t, local(t), "GET", server.URL); got != "tls" {
		t.Errorf("a certificate that nobody has signed: %s", got)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	trusting := newClient(t, egress.Config{AllowPrivate: true, RootCAs: roots})
	answer, err := call(t, trusting, request(t, "GET", server.URL))
	if err != nil || answer.Body != "HTTP/2.0" {
		t.Errorf("%v, %+v", err, answer)
	}
	names := newNameServer(t)
	named := newClient(t, egress.Config{AllowPrivate: true, RootCAs: roots, Resolver: names.resolver()})
	if got := try(t, named, "GET", "https://loop.test:"+server.Listener.Addr().(*net.TCPAddr).AddrPort().String()[len("127.0.0.1:"):]); got != "tls" {
		t.Errorf("a certificate for another name: %s", got)
	}
	old := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	t.Cleanup(old.Close)
	if got := try(t, trusting, "GET", old.URL); got != "tls" {
		t.Errorf("TLS 1.1: %s", got)
	}
}

// What leads to a connection belongs to the app and the openings that it was
// dialled under: nobody else finds it in a pool.
func TestConnectionsAreNotShared(t *testing.T) {
	t.Parallel()
	server := newTrap(t, "127.0.0.1:0", ok)
	client := newClient(t, egress.Config{})
	open := openings(t, "127.0.0.1:"+server.port())
	as := func(app string, with []egress.Opening) string {
		asked := request(t, "GET", "http://"+server.Addr().String())
		asked.Caller = egress.Caller{App: app, Script: "s", Openings: with}
		_, err := call(t, client, asked)
		return category(err)
	}
	for i, step := range []struct {
		app  string
		with []egress.Opening
		want string
		seen int64
	}{
		{"one", open, "open", 1},
		{"one", open, "open", 1}, // reused
		{"one", nil, "blocked:loopback", 1},
		{"two", nil, "blocked:loopback", 1},
		{"two", openings(t, "10.0.0.1"), "blocked:loopback", 1},
		{"two", open, "open", 2},
		{"one", append(openings(t, "10.0.0.1"), open...), "open", 3},
		{"one", append(open, openings(t, "10.0.0.1")...), "open", 3}, // the same set
	} {
		if got := as(step.app, step.with); got != step.want || server.seen.Load() != step.seen {
			t.Errorf("step %d: %s with %d connections, want %s with %d", i, got, server.seen.Load(), step.want, step.seen)
		}
	}
}

package egress_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

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

func TestBodiesAreCapped(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer // 12 MiB of zeros in 56 KiB
	packed, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packed.Write(make([]byte, 12<<20)); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		for chunk := make([]byte, 32<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		most    int
		want    string
	}{
		{"under", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100)) }, 100, "open"},
		{"over by one", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 101)) }, 100, "too_large"},
		{"over, chunked", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(make([]byte, 101))
		}, 100, "too_large"},
		{"declared", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "99999999999") }, 0, "too_large"},
		{"gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, 0, "too_large"},
		{"endless", endless, 1 << 20, "too_large"},
		{"small cap of an endless one", endless, 10, "too_large"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("abc"))
			panic(http.ErrAbortHandler)
		}, 0, "closed"},
		{"broken gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("no gzip at all"))
		}, 0, "protocol"},
		{"huge header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Big", strings.Repeat("x", 70<<10)) }, 0, "too_large"},
		{"many headers", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 5000 {
				w.Header().Add(fmt.Sprintf("X-%d", i), strings.Repeat("x", 20))
			}
		}, 0, "too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked := request(t, "GET", serve(t, c.handler))
			asked.MaxBytes = c.most
			if _, err := call(t, local(t), asked); category(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	large := request(t, "POST", serve(t, ok))
	large.Body, large.HasBody = strings.Repeat("x", egress.MaxBodyBytes+1), true
	if _, err := call(t, local(t), large); category(err) != "too_large" {
		t.Errorf("the request's body: %v", err)
	}
	head := request(t, "HEAD", serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "99999999999") }))
	if answer, err := call(t, local(t), head); err != nil || answer.Header.Get("Content-Length") != "99999999999" {
		t.Errorf("HEAD of something large: %v", err)
	}
}

// Whatever a server does slowly, the call ends with its deadline: before the
// connection is accepted, before the first byte, between the headers' bytes and
// between the body's.
func TestSlowServersEndWithTheDeadline(t *testing.T) {
	t.Parallel()
	raw := func(talk func(net.Conn)) string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() { defer func() { _ = conn.Close() }(); talk(conn) }()
			}
		}()
		return listener.Addr().String()
	}
	trickle := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			if _, err := conn.Read(make([]byte, 1024)); err != nil {
				return // an answer before the request is another fault
			}
			for i := 0; ; i++ {
				if _, err := conn.Write([]byte{text[min(i, len(text)-1)]}); err != nil {
					return
				}
				select {
				case <-t.Context().Done():
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}
	}
	silent := raw(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for name, target := range map[string]string{
		"silent":   "http://" + silent,
		"no TLS":   "https://" + silent,
		"headers":  "http://" + raw(trickle("HTTP/1.1 200 OK\r\nX-Slow: x")),
		"body":     "http://" + raw(trickle("HTTP/1.1 200 OK\r\n\r\nx")),
		"status":   "http://" + raw(trickle("HTTP/1.1 200 O")),
		"continue": "http://" + raw(trickle(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := local(t).Do(ctx, request(t, "GET", target))
			if category(err) != "timeout" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestServersThatSpeakNoHTTP(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"": "closed", "SSH-2.0-OpenSSH\r\n": "protocol", "HTTP/1.1 abc\r\n\r\n": "protocol", "HTTP/1.1 200 OK\r\nBad Header\r\n\r\n": "protocol",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": "protocol", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc": "closed",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef": "protocol", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n": "protocol",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 1024))
				_, _ = conn.Write([]byte(answer))
				_ = conn.Close()
			}
		}()
		got := try(t, local(t), "POST", "http://"+listener.Addr().String())
		if got != want {
			t.Errorf("%q: %s, want %s", answer, got, want)
		}
		_ = listener.Close()
		<-done
		if got := try(t, local(t), "GET", "http://"+listener.Addr().String()); got != "refused" {
			t.Errorf("nobody there: %s", got)
		}
	}
}

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

func TestRedirects(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	var seen []string
	note := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mutex.Lock()
		defer mutex.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s auth=%s cookie=%s key=%s plain=%s type=%s body=%s", r.Method, r.URL, r.Header.Get("Authorization"),
			r.Header.Get("Cookie"), r.Header.Get("X-Api-Key"), r.Header.Get("X-Plain"), r.Header.Get("Content-Type"), body))
	}
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { note(r); ok(w, r) })
	first := ""
	first = serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/keep":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/other":
			http.Redirect(w, r, other+"/end", http.StatusPermanentRedirect)
		case "/there-and-back":
			http.Redirect(w, r, strings.Replace(first, "127.0.0.1", "localhost", 1)+"/back", http.StatusFound)
		case "/back":
			http.Redirect(w, r, first+"/end", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		default:
			ok(w, r)
		}
	})
	run := func(method, path string, redirects int) (*egress.Response, error) {
		seen = nil
		asked := request(t, method, first+path)
		asked.Redirects = redirects
		asked.Header.Set("Cookie", "c=1")
		asked.Header.Set("X-Api-Key", "k")
		asked.Header.Set("X-Plain", "p")
		asked.Credentials = &egress.Credentials{User: "u", Password: "p"}
		if method == "POST" {
			asked.Body, asked.HasBody = "data", true
			asked.Header.Set("Content-Type", "text/plain")
		}
		return call(t, local(t), asked)
	}
	const secret = "auth=Basic dTpw cookie=c=1 key=k plain=p"
	const dropped = "auth= cookie= key= plain=p"
	for _, c := range []struct {
		method, path string
		want         []string
	}{
		{"POST", "/same", []string{"POST /same " + secret + " type=text/plain body=data", "GET /end " + secret + " type= body="}},
		{"POST", "/keep", []string{"POST /keep " + secret + " type=text/plain body=data", "POST /end " + secret + " type=text/plain body=data"}},
		{"POST", "/other", []string{"POST /other " + secret + " type=text/plain body=data", "POST /end " + dropped + " type=text/plain body=data"}},
		{"HEAD", "/same", []string{"HEAD /same " + secret + " type= body=", "HEAD /end " + secret + " type= body="}},
		{"GET", "/there-and-back", []string{"GET /there-and-back " + secret + " type= body=", "GET /back " + dropped + " type= body=", "GET /end " + dropped + " type= body="}},
	} {
		if _, err := run(c.method, c.path, 5); err != nil || strings.Join(seen, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s %s: %v\n%s\nwant\n%s", c.method, c.path, err, strings.Join(seen, "\n"), strings.Join(c.want, "\n"))
		}
	}
	if _, err := run("GET", "/round", 5); category(err) != "redirect" || len(seen) != 6 {
		t.Errorf("round and round: %v after %d requests", err, len(seen))
	}
	if answer, err := run("GET", "/same", 0); err != nil || answer.Status != 302 || answer.URL != first+"/same" {
		t.Errorf("followed although it should not be: %v %+v", err, answer)
	}
	if answer, err := run("GET", "/same", 1); err != nil || answer.URL != first+"/end" {
		t.Errorf("%v %+v", err, answer)
	}
	if answer, err := run("GET", "/nowhere", 5); err != nil || answer.Status != 302 {
		t.Errorf("a redirect without a target: %v", err)
	}
}

// Fifty hostile answers at once leave another app's call alone, and nothing behind.
func TestFiftyHostileAnswersAtOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hostile := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 1<<20))
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	client := local(t)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	failures := make(chan string, 50)
	for range 50 {
		all.Go(func() {
			asked := request(t, "GET", hostile)
			asked.Caller.App = "hostile"
			_, err := client.Do(ctx, asked)
			failures <- category(err)
		})
	}
	for range 20 {
		if _, err := call(t, client, request(t, "GET", serve(t, ok))); err != nil {
			t.Errorf("the other app: %v", err)
		}
	}
	cancel()
	all.Wait()
	close(release)
	for range 50 {
		if got := <-failures; got != "timeout" {
			t.Errorf("%s", got)
		}
	}
}

func TestHeadersThatScriptsMaySet(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a b", "a:b", "a\nb", "Host", "host", "Content-Length", "transfer-encoding", "Connection", "TE", "Trailer", "Upgrade", "Expect",
		"Proxy-Authorization", "PICLOUD-hops", "ä"} {
		if egress.CheckHeader(name, "x") == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, value := range []string{"a\r\nb: c", "a\nb", "a\rb", "a\x00b", "\x7f"} {
		if egress.CheckHeader("X-A", value) == nil {
			t.Errorf("%q was taken", value)
		}
	}
	if err := egress.CheckHeader("X-A", "some text, ä"); err != nil {
		t.Error(err)
	}
	many := http.Header{}
	for i := range 65 {
		many.Set(fmt.Sprintf("X-%d", i), "x")
	}
	if egress.CheckHeaders(many) == nil || egress.CheckHeaders(http.Header{"X": {strings.Repeat("x", 17<<10)}}) == nil {
		t.Error("too many headers were taken")
	}
	for method, fine := range map[string]bool{"GET": true, "REPORT": true, "CONNECT": false, "TRACE": false, "": false, "GE T": false, "GET\r\nX: y": false} {
		if (egress.CheckMethod(method) == nil) != fine {
			t.Errorf("method %q", method)
		}
	}
}

package egress_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/runtime/egress"
)

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

// talker is a server that speaks as talk does, once on each connection.
func talker(t *testing.T, talk func(net.Conn)) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer func() { _ = conn.Close() }(); talk(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	return listener
}

// Whatever a server does slowly, the call ends with its deadline: before the
// connection is accepted, before the first byte, between the headers' bytes and
// between the body's.
func TestSlowServersEndWithTheDeadline(t *testing.T) {
	t.Parallel()
	raw := func(talk func(net.Conn)) string { return talker(t, talk).Addr().String() }
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
		listener := talker(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte(answer))
		})
		got := try(t, local(t), "POST", "http://"+listener.Addr().String())
		if got != want {
			t.Errorf("%q: %s, want %s", answer, got, want)
		}
		_ = listener.Close()
		if got := try(t, local(t), "GET", "http://"+listener.Addr().String()); got != "refused" {
			t.Errorf("nobody there: %s", got)
		}
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

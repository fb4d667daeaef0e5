package http

import (
	"context"
	"errors"
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// fakeConn is one end of a pipe that says it comes from an address.
type fakeConn struct {
	net.Conn
	from net.Addr
}

func (c fakeConn) RemoteAddr() net.Addr { return c.from }

// fakeListener hands out the connections it is given.
type fakeListener struct{ incoming chan net.Conn }

func (l fakeListener) Accept() (net.Conn, error) {
	conn, ok := <-l.incoming
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (l fakeListener) Close() error   { close(l.incoming); return nil }
func (l fakeListener) Addr() net.Addr { return &net.TCPAddr{} }

func connFrom(address string) net.Conn {
	server, _ := net.Pipe()
	return fakeConn{server, &net.TCPAddr{IP: net.ParseIP(address), Port: 1}}
}

func TestConnectionLimits(t *testing.T) {
	t.Parallel()
	inner := fakeListener{make(chan net.Conn, 16)}
	listener := newConnections(Config{MaxConnections: 4, MaxConnectionsPerAddress: 2}).limit(inner)
	for _, from := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		inner.incoming <- connFrom(from)
	}
	var held []net.Conn
	accept := func(want string) {
		t.Helper()
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := peerAddress(conn.RemoteAddr().String()).String(); got != want {
			t.Fatalf("accepted %s, want %s", got, want)
		}
		held = append(held, conn)
	}
	accept("192.0.2.1")
	accept("192.0.2.1")
	accept("192.0.2.2") // the third of .1 was turned away
	_ = held[0].Close()
	_ = held[0].Close() // gives its slot back once
	inner.incoming <- connFrom("192.0.2.1")
	accept("192.0.2.1")
	inner.incoming <- connFrom("127.0.0.1")
	accept("127.0.0.1")
	blocked := make(chan error, 1)
	go func() { _, err := listener.Accept(); blocked <- err }()
	select {
	case err := <-blocked:
		t.Fatalf("a fifth connection was accepted: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-blocked; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func TestStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s.echo.GET("/healthz/slow", func(c echo.Context) error {
		close(entered)
		<-leave
		return c.String(200, "finished")
	})
	listener := listen(t)
	s.Start(listener)
	answer := make(chan string, 1)
	go func() {
		response, err := nethttp.Get("http://" + listener.Addr().String() + "/healthz/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(context.Background()) }()
	<-s.Done()
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("still accepting")
	}
	close(leave)
	if got := <-answer; got != "finished" {
		t.Errorf("the request in progress got %q", got)
	}
	if err := <-stopped; err != nil || s.Err() != nil {
		t.Errorf("Stop: %v, Err: %v", err, s.Err())
	}
}

func TestStopCancelsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	entered, cancelled := make(chan struct{}), make(chan struct{})
	s.echo.GET("/healthz/stuck", func(c echo.Context) error {
		close(entered)
		<-c.Request().Context().Done()
		close(cancelled)
		return nil
	})
	listener := listen(t)
	s.Start(listener)
	go func() {
		if response, err := nethttp.Get("http://" + listener.Addr().String() + "/healthz/stuck"); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop: %v", err)
	}
	<-cancelled
}

func TestOversizedHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	listener := listen(t)
	s.Start(listener)
	defer func() { _ = s.Stop(context.Background()) }()
	r, err := nethttp.NewRequest("GET", "http://"+listener.Addr().String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Long", strings.Repeat("a", 64<<10))
	response, err := nethttp.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 431 {
		t.Errorf("status %d for 64 KiB of headers", response.StatusCode)
	}
}

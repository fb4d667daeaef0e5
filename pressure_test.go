package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// long reports whether the long forms were asked for.
func long() bool { return os.Getenv("PICLOUD_TEST_LONG") != "" }

// clientFrom is a client with an address of its own on this machine, so that
// the limits for one address do not protect the server.
func clientFrom(n int) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(n/250), byte(1+n%250))}}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext}}
}

// watch asks a path again and again while something else goes on; each answer
// must be 200. The function it returns ends that and tells how many there were.
func (s *server) watch(path string) (stop func() int64) {
	ctx, cancel := context.WithCancel(context.Background())
	var answers atomic.Int64
	ended := make(chan struct{})
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			response, err := client.Get(s.url + path)
			if err != nil {
				s.t.Errorf("%s under pressure: %v", path, err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode != 200 {
				s.t.Errorf("%s under pressure: status %d", path, response.StatusCode)
			}
			answers.Add(1)
		}
	}()
	return func() int64 {
		cancel()
		<-ended
		client.CloseIdleConnections()
		return answers.Load()
	}
}

// watchMemory follows a server's memory until it is stopped; the function it
// returns tells the most that there was.
func (s *server) watchMemory(t *testing.T) (stop func() int) {
	done, most := make(chan struct{}), make(chan int)
	go func() {
		highest := 0
		for {
			highest = max(highest, s.footprint(t).resident)
			select {
			case <-done:
				most <- highest
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int { close(done); return <-most }
}

// TestLoginFlood has 500 clients guess passwords: memory stays bounded, others
// are served, and whoever knows the password gets in soon after.
func TestLoginFlood(t *testing.T) {
	s := startServer(t, "")
	fresh := s.footprint(t).resident
	s.claim()
	s.newRoute(s.newScript("hello", `return "hello"`, nil), "GET", "/hello")
	s.must(s.call("GET", "/hello", nil, nil), 200)
	base := s.footprint(t).resident
	duration := 2 * time.Second
	if long() {
		duration = 30 * time.Second
	}
	memory, route, health := s.watchMemory(t), s.watch("/hello"), s.watch("/healthz")
	var refused, throttled atomic.Int64
	var group sync.WaitGroup
	until := time.Now().Add(duration)
	for n := range 500 {
		group.Go(func() {
			client := clientFrom(n)
			defer client.CloseIdleConnections()
			for i := 0; time.Now().Before(until); i++ {
				body := fmt.Sprintf(`{"username":"user%d-%d","password":"wrong password"}`, n, i)
				response, err := client.Post(s.url+"/api/v1/admin/auth/login", "application/json", strings.NewReader(body))
				if err != nil {
					t.Errorf("a login in the flood: %v", err)
					return
				}
				_ = response.Body.Close()
				switch response.StatusCode {
				case 401:
					refused.Add(1)
				case 429:
					throttled.Add(1)
				default:
					t.Errorf("a login in the flood: status %d", response.StatusCode)
				}
			}
		})
	}
	group.Wait()
	ended := time.Now()
	most, answers, healthy := memory(), route(), health()
	waited := s.signInAgain(t, ended)
	t.Logf("%d refused, %d throttled; %d answers of a route and %d of healthz meanwhile; at most %d MiB, %d idle and %d when new; signed in %.1f s after",
		refused.Load(), throttled.Load(), answers, healthy, most>>20, base>>20, fresh>>20, waited.Seconds())
	if refused.Load() == 0 || throttled.Load() == 0 || answers == 0 || healthy == 0 {
		t.Error("the flood did not reach what it is to show")
	}
	if most > base+64<<20 {
		t.Errorf("memory rose by %d MiB, the bound is 64", (most-base)>>20)
	}
	if waited > 10*time.Second && long() {
		t.Errorf("the right password got in only after %s", waited)
	}
}

// signInAgain tries the right password until it is let in, and returns how
// long after a moment that was.
func (s *server) signInAgain(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	login := map[string]string{"username": "ada", "password": "correct horse battery"}
	for time.Since(since) < time.Minute {
		if s.call("POST", "/api/v1/admin/auth/login", login, nil).status == 200 {
			return time.Since(since)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("the right password is not let in")
	return time.Minute
}

// TestSlowClients holds heads, bodies and answers half-way: others are served,
// memory stays bounded, and all is given back.
func TestSlowClients(t *testing.T) {
	s := startServer(t, "")
	s.claim()
	// In an app of its own: one app's runs leave a quarter of the places free.
	s.newApp("other")
	s.newRoute(s.newScriptIn("other", "hello", `return "hello"`, nil), "GET", "/hello")
	s.newRoute(s.newScript("sink", `return #ctx.request.body_raw`, nil), "POST", "/sink")
	s.newRoute(s.newScript("large", `return ("x"):rep(4 * 1024 * 1024)`, nil), "GET", "/large")
	s.must(s.call("GET", "/large", nil, nil), 200)
	http.DefaultClient.CloseIdleConnections()
	before := s.footprint(t)
	memory, route := s.watchMemory(t), s.watch("/hello")

	heads := s.holdOpen(t, 150, "GET /hello HTTP/1.1\r\nHost: pi\r\nX-A: ")
	bodies := s.holdOpen(t, 100, "POST /sink HTTP/1.1\r\nHost: pi\r\nContent-Length: 1000\r\n\r\nabc")
	readers := s.holdOpen(t, 200, "GET /large HTTP/1.1\r\nHost: pi\r\n\r\n")
	for _, conn := range heads { // the server ends these by itself, five seconds after they came
		awaitEnd(t, conn)
	}
	if long() {
		for _, conn := range bodies {
			awaitEnd(t, conn)
		}
	}
	for _, conn := range append(bodies, readers...) {
		_ = conn.Close()
	}
	most, answers := memory(), route()
	t.Logf("%d answers meanwhile; %d MiB over %d MiB", answers, (most-before.resident)>>20, before.resident>>20)
	if answers == 0 {
		t.Error("nobody else was served")
	}
	// 200 answers of 4 MiB would be 800 MiB; 32 MiB of them wait, and as many
	// as run at once are being made.
	if most > before.resident+160<<20 {
		t.Errorf("memory rose by %d MiB", (most-before.resident)>>20)
	}
	before.resident = most // the runtime gives memory back to the kernel over minutes
	s.waitForFootprint(t, before)
}

// holdOpen opens connections, sends the same bytes on each and leaves them.
func (s *server) holdOpen(t *testing.T, count int, bytes string) []net.Conn {
	t.Helper()
	var held []net.Conn
	for range count {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, bytes); err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	return held
}

// awaitEnd waits until the server has ended a connection.
func awaitEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a slow client's connection is still open after a minute")
	}
}

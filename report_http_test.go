package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	httpConnections = 32
	httpRequests    = 40_000 // in one round
	httpRounds      = 7
)

// bareEchoVariable turns the test binary into the yardstick: an Echo server
// with one handler that returns the same bytes as the hello script.
const bareEchoVariable = "PICLOUD_TEST_BARE_ECHO"

const helloScript = `return {hello = ctx.request.query.name or "world"}`

// measureHTTP compares the real binary, answering a hello script with its log
// on, with a bare Echo handler in a process of its own.
func measureHTTP(t *testing.T) []figure {
	s := startServer(t, "")
	s.claim()
	s.newRoute(s.newScript("hello", helloScript, nil), "GET", "/hello")
	sample := s.must(s.call("GET", "/hello?name=Ada", nil, nil), 200)
	bareAddr, barePID := startBareEcho(t, sample)

	request := func(addr string) []byte {
		return []byte("GET /hello?name=Ada HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n")
	}
	round := func(addr string, pid int) (rate float64, cpu time.Duration) {
		before := processorTime(t, pid)
		elapsed := load(t, addr, request(addr), httpConnections, httpRequests)
		return httpRequests / elapsed.Seconds(), (processorTime(t, pid) - before) / httpRequests
	}
	round(bareAddr, barePID) // warm both up
	round(s.addr, s.cmd.Process.Pid)
	var ratios, more []float64
	for range httpRounds {
		bareRate, bareCPU := round(bareAddr, barePID)
		rate, cpu := round(s.addr, s.cmd.Process.Pid)
		t.Logf("bare %.0f/s %s, hello %.0f/s %s", bareRate, bareCPU, rate, cpu)
		ratios = append(ratios, rate/bareRate)
		more = append(more, float64(cpu-bareCPU)/float64(time.Microsecond))
	}
	ratio, extra := median(ratios), median(more)
	return []figure{
		{what: "requests/s of a hello script with its log, 32 connections, against a bare Echo handler", value: fmt.Sprintf("%.0f %%", 100*ratio), bar: "at least 60 %", reached: ratio >= 0.60},
		{what: "processor time of that request above the bare handler's", value: fmt.Sprintf("%.1f µs", extra), bar: "at most 10 µs", reached: extra <= 10},
	}
}

// startBareEcho runs the yardstick and returns its address and process id.
func startBareEcho(t *testing.T, sample answer) (addr string, pid int) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(executable, "-test.run=^$")
	command.Env = append(os.Environ(), bareEchoVariable+"="+sample.body,
		bareEchoVariable+"_CSP="+sample.header.Get("Content-Security-Policy"),
		bareEchoVariable+"_TYPE="+sample.header.Get("Content-Type"))
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	line := make([]byte, 64)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n])), command.Process.Pid
}

// serveBareEcho is the yardstick's whole program.
func serveBareEcho(body string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	policy, contentType := os.Getenv(bareEchoVariable+"_CSP"), os.Getenv(bareEchoVariable+"_TYPE")
	e := echo.New()
	e.GET("/hello", func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Request-Id", "0123456789abcdef0123456789abcdef")
		return c.Blob(http.StatusOK, contentType, []byte(body))
	})
	if _, err := fmt.Fprintln(os.Stdout, listener.Addr()); err != nil {
		return err
	}
	return http.Serve(listener, e)
}

// measureIdle starts the binary on a database with 100 scripts.
func measureIdle(t *testing.T) []figure {
	s := startServer(t, "")
	s.claim()
	for n := range 100 {
		name := fmt.Sprintf("script-%d", n)
		s.newRoute(s.newScript(name, helloScript, nil), "GET", "/"+name)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	var ready []float64
	var idle int64
	for range 5 {
		start := time.Now()
		again := startServer(t, s.dir)
		waitReady(t, again)
		ready = append(ready, float64(time.Since(start).Milliseconds()))
		again.must(again.call("GET", "/script-1", nil, nil), 200)
		time.Sleep(3 * time.Second) // idle is what is measured: there is no event to wait for
		idle = max(idle, processStatus(t, again.cmd.Process.Pid, "VmRSS"))
		if err := again.stop(); err != nil {
			t.Fatal(err)
		}
	}
	start := median(ready)
	return []figure{
		{what: "resident memory when idle, 100 scripts, after one request", value: fmt.Sprintf("%.1f MiB", float64(idle)/(1<<20)), bar: "at most 30 MiB", reached: idle <= 30<<20},
		{what: "from the start of the process to /readyz, 100 scripts in the database", value: fmt.Sprintf("%.0f ms", start), bar: "under 300 ms", reached: start < 300},
	}
}

// waitReady polls /readyz until it answers 200.
func waitReady(t *testing.T, s *server) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if response, err := http.Get(s.url + "/readyz"); err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatal("the server did not become ready")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

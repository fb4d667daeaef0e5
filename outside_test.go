package main_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// relay passes connections on to the server, as a router's port forwarding or a
// proxy does, so that the server cannot know its own address.
func relay(t *testing.T, to *atomic.Value) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to.Load().(string))
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return listener.Addr().String()
}

// A script that calls itself: not at the server's own address, and through a
// relay no more than the chain allows.
func TestAScriptThatCallsItself(t *testing.T) {
	t.Parallel()
	var to atomic.Value // the address of the server, once it is known
	way := relay(t, &to)
	s := startServer(t, "", "PICLOUD_HTTP_ALLOW=127.0.0.1", "PICLOUD_MAX_CONCURRENCY=64")
	to.Store(s.addr)
	s.claim()
	source := `local answer = http.get("http://ADDRESS/api/v1/execute/" .. ctx.script_id)
		if answer.status ~= 200 then return tostring(answer.status) .. answer.body.error.code end
		return "called " .. answer.body_raw`
	straight := s.newScript("straight", strings.Replace(source, "ADDRESS", s.addr, 1), nil)
	round := s.newScript("round", strings.Replace(source, "ADDRESS", way, 1), nil)

	var record struct {
		Execution struct {
			Error struct{ Message string }
			Logs  []struct {
				Level string
				Data  map[string]any
			}
		}
	}
	s.must(s.call("POST", "/api/v1/admin/scripts/"+straight+"/invoke", map[string]any{"request": map[string]any{"method": "GET", "path": "/"}}, &record), 200)
	if e := record.Execution; !strings.Contains(e.Error.Message, "blocked:picloud") || len(e.Logs) != 1 || e.Logs[0].Data["grantable"] != false {
		t.Errorf("%+v", e)
	}
	answer := s.call("GET", "/api/v1/execute/"+round, nil, nil)
	if want := strings.Repeat("called ", 8) + "508loop_stopped"; answer.body != want {
		t.Errorf("%d %s, want %s", answer.status, answer.body, want)
	}
}

// The chain also ends when a part of it does not wait: an asynchronous route,
// or a trigger that an event of the run has started.
func TestAScriptThatCallsItselfLater(t *testing.T) {
	t.Parallel()
	var to atomic.Value // the address of the server, once it is known
	way := relay(t, &to)
	s := startServer(t, "", "PICLOUD_HTTP_ALLOW=127.0.0.1")
	to.Store(s.addr)
	s.claim()
	later := s.newScript("later", `return http.get("http://`+way+`/later").status`, nil)
	s.must(s.call("POST", "/api/v1/admin/scripts/"+later+"/routes", map[string]string{"method": "GET", "path": "/later", "dispatch_mode": "async"}, nil), 201)
	publish := s.newScript("publish", `return topics.publish("round", 1)`, nil)
	start := s.newScript("start", `return http.get("http://`+way+`/api/v1/execute/`+publish+`").status`, nil)
	s.must(s.call("POST", "/api/v1/admin/apps/default/triggers/topic",
		map[string]any{"script_id": start, "name": "round", "topic": map[string]string{"filter": "round"}}, nil), 201)
	s.must(s.call("GET", "/later", nil, nil), 202)
	s.must(s.call("GET", "/api/v1/execute/"+publish, nil, nil), 200)
	for _, script := range []string{later, start} {
		var records []execution
		// Two links of the chain for each: the call, and what it leaves for later.
		const links = 5
		for deadline := time.Now().Add(time.Minute); len(records) < links || records[0].Error == nil; records = s.records(script, 0) {
			if time.Now().After(deadline) {
				t.Fatalf("after %d runs there is no end", len(records))
			}
			time.Sleep(10 * time.Millisecond) // the log is all that tells of such a run
		}
		if got := records[0].Error.Code; len(records) != links || got != "loop_stopped" {
			t.Errorf("%d records, the last with %q", len(records), got)
		}
	}
}

// hostileWorld answers with what no script should get: a gzip bomb, a body
// without end, headers without end, and nothing at all.
func hostileWorld(t *testing.T) string {
	t.Helper()
	world := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zeros := make([]byte, 64<<10)
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			for range 1 << 10 {
				if _, err := packed.Write(zeros); err != nil {
					return
				}
			}
		case "/endless":
			for {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		case "/headers":
			for i := range 1 << 12 {
				w.Header().Set(fmt.Sprint("X-", i), "0123456789012345678901234567890123456789")
			}
		default:
			<-r.Context().Done()
		}
	}))
	t.Cleanup(world.Close)
	return world.URL
}

var residentPeak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that the server has had resident, in MiB.
func (s *server) peak() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skip("no /proc here")
	}
	kilobytes, err := strconv.Atoi(residentPeak.FindStringSubmatch(string(status))[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return kilobytes >> 10
}

// Fifty calls at once to servers that answer without end or not at all: each
// ends in an error that names its reason, another app goes on, and memory stays
// within what scripts may have at once. One of each kind costs next to nothing.
func TestFiftyHostileAnswersLeaveOtherAppsAlone(t *testing.T) {
	t.Parallel()
	world := hostileWorld(t)
	s := startServer(t, "", "PICLOUD_HTTP_ALLOW="+strings.TrimPrefix(world, "http://"))
	s.claim()
	victim := s.newScript("victim", `local ok, message = pcall(http.get, "`+world+`" .. ctx.request.query.at) return message`, map[string]any{"timeout_ms": 1500})
	s.newApp("other")
	made := s.newScriptIn("other", "hello", "return 'hello'", nil)
	idle := s.peak()
	for at, want := range map[string]string{"/bomb": "too_large", "/endless": "too_large", "/headers": "too_large"} {
		if a := s.call("GET", "/api/v1/execute/"+victim+"?at="+at, nil, nil); !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", at, a.status, a.body)
		}
	}
	before := s.peak()
	if before-idle > 16 { // findings: S14; a body may have 4 MiB, the longest string, and is copied as it grows
		t.Errorf("the peak grew from %d to %d MiB", idle, before)
	}
	var calls sync.WaitGroup
	for i := range 50 {
		calls.Go(func() {
			at := []string{"/bomb", "/endless", "/silent", "/headers", "/silent"}[i%5]
			a := s.call("GET", "/api/v1/execute/"+victim+"?at="+at, nil, nil)
			if a.status == 200 && !strings.Contains(a.body, "too_large") || a.status != 200 && a.status != 503 && a.status != 504 {
				t.Errorf("%s: %d %s", at, a.status, a.body)
			}
		})
	}
	for range 50 {
		if a := s.call("GET", "/api/v1/execute/"+made, nil, nil); a.status != 200 || a.body != "hello" {
			t.Errorf("the other app: %d %s", a.status, a.body)
		}
	}
	calls.Wait()
	grown := s.peak() - before
	t.Logf("peak: %d MiB idle, %d after one call of each kind, %d after fifty at once", idle, before, before+grown)
	if grown > 96 { // six places of one app, each with a script of 16 MiB at most
		t.Errorf("the peak grew by %d MiB", grown)
	}
}

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// hostileServer is the server with every hostile script installed, and a plain one.
type hostileServer struct {
	*server
	scripts []*hostile
	base    int // resident bytes before the first hostile call
}

func startHostileServer(t *testing.T) *hostileServer {
	t.Helper()
	s := &hostileServer{server: startServer(t, ""), scripts: readHostile(t)}
	s.claim()
	s.installModules()
	for _, h := range s.scripts {
		h.id = s.newScript(h.name, h.source, h.limits)
		s.newRoute(h.id, "POST", "/hostile/"+h.name)
	}
	s.installProbe()
	for range 200 {
		s.must(s.probe(), http.StatusOK)
	}
	s.base = s.residentBytes()
	return s
}

func (s *hostileServer) installModules() {
	s.t.Helper()
	files, err := filepath.Glob("testdata/sandbox/modules/*.lua")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		s.newScript(strings.TrimSuffix(filepath.Base(file), ".lua"), string(source), map[string]any{"kind": "module"})
	}
}

// installProbe makes another app with a plain script, for other people's requests.
func (s *hostileServer) installProbe() {
	s.t.Helper()
	s.newApp("plain")
	script := s.newScriptIn("plain", "hello", `return {hello = ctx.request.query.name or "world", total = string.format("%d", 1 + 1)}`, nil)
	s.newRoute(script, "GET", "/plain/hello")
}

func (s *hostileServer) probe() answer {
	s.t.Helper()
	request, err := http.NewRequest("GET", s.url+"/plain/hello?name=ada", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(request)
}

// attack calls a hostile script once, from any goroutine.
func (s *hostileServer) attack(h *hostile) (answer, time.Duration, error) {
	request, err := http.NewRequest("POST", s.url+"/hostile/"+h.name, strings.NewReader(h.body))
	if err != nil {
		return answer{}, 0, err
	}
	if h.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{h.name, response.StatusCode, response.Header, string(body)}, time.Since(start), err
}

// residentBytes is the server's memory as the kernel counts it.
func (s *hostileServer) residentBytes() int { return s.processBytes("VmRSS:") }

func (s *hostileServer) processBytes(name string) int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatalf("the server has gone: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return kib << 10
}

// forgetPeak begins the kernel's count of the process's highest memory anew
// (proc_pid_clear_refs(5)).
func (s *hostileServer) forgetPeak() {
	s.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		s.t.Fatalf("the server has gone: %v", err)
	}
}

// checkPeak fails when the process held far more memory than at first since
// the last forgetPeak.
func (s *hostileServer) checkPeak(t *testing.T) {
	t.Helper()
	peak := s.processBytes("VmHWM:")
	t.Logf("peak %d MiB", peak>>20)
	if peak > s.base+peakSlack {
		t.Errorf("the process held up to %d MiB, %d MiB more than at first", peak>>20, (peak-s.base)>>20)
	}
}

// checkMemoryReturned fails unless the process's memory is back near its base.
// Meanwhile it may have been higher by the given bytes.
func (s *hostileServer) checkMemoryReturned(when string, slack int) {
	s.t.Helper()
	var now int
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if now = s.residentBytes(); now <= s.base+rssSlack {
			break
		}
		time.Sleep(100 * time.Millisecond) // the kernel tells nobody when it gets memory back
	}
	s.t.Logf("%s: resident %d MiB, at first %d MiB, peak %d MiB", when, now>>20, s.base>>20, s.processBytes("VmHWM:")>>20)
	if peak := s.processBytes("VmHWM:"); peak > s.base+slack {
		s.t.Errorf("%s: the process held up to %d MiB, %d MiB more than at first", when, peak>>20, (peak-s.base)>>20)
	}
	if now > s.base+rssSlack {
		s.t.Errorf("%s: the process holds %d MiB, %d MiB more than at first", when, now>>20, (now-s.base)>>20)
	}
}

// record is the part of an execution record that the tests read.
type record struct {
	Status     string
	StatusCode int `json:"status_code"`
	Error      *struct {
		Code, Message, Script, Traceback string
		Line                             int
	}
	Logs  []struct{ Message string }
	Usage struct {
		Instructions int64
		MemoryBytes  int64 `json:"memory_bytes"`
	}
}

// statusOfCode is the execution status of an error code.
func statusOfCode(code string) string {
	switch code {
	case "timeout", "instruction_limit", "memory_limit", "sdk_call_limit":
		return code
	default:
		return "error"
	}
}

// readRecord waits until the log buffer has been written.
func (s *hostileServer) readRecord(t *testing.T, id string) (record, bool) {
	t.Helper()
	var r record
	for range 100 {
		if a := s.call("GET", "/api/v1/admin/executions/"+id, nil, &r); a.status == http.StatusOK {
			return r, true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return r, false
}

// checkRecord fails unless the record of a failed run says what happened, and where.
func (s *hostileServer) checkRecord(t *testing.T, h *hostile, id string) {
	r, found := s.readRecord(t, id)
	switch {
	case !found:
		t.Errorf("%s: no record of execution %s", h.name, id)
		return
	case r.Error == nil:
		t.Errorf("%s: the record has no error: %+v", h.name, r)
		return
	}
	if !h.expects(answer{status: r.StatusCode, body: `{"error":{"code":"` + r.Error.Code + `"}}`}) {
		t.Errorf("%s: recorded as %d %s (%.200s), want %v", h.name, r.StatusCode, r.Error.Code, r.Error.Message, h.wants)
	}
	if want := statusOfCode(r.Error.Code); r.Status != want {
		t.Errorf("%s: recorded status %q, want %q", h.name, r.Status, want)
	}
	if !readable(r.Error.Message) || !strings.Contains(r.Error.Message, h.message) {
		t.Errorf("%s: recorded message %q (%d bytes), want a short readable one with %q",
			h.name, clip(r.Error.Message, 300), len(r.Error.Message), h.message)
	}
	if h.place && r.Error.Code != "invalid_response" && r.Error.Line < 1 {
		t.Errorf("%s: the record names no line: %q", h.name, clip(r.Error.Message, 300))
	}
	if len(r.Logs) > 200 || len(r.Error.Traceback) > 64<<10 {
		t.Errorf("%s: %d log lines, %d bytes of traceback", h.name, len(r.Logs), len(r.Error.Traceback))
	}
}

// readable reports whether a message is text of a bearable length.
func readable(message string) bool {
	return message != "" && len(message) <= 8<<10 && utf8.ValidString(message)
}

// checkServerLog fails when a script's control characters reached the server's
// own log, which people read in a terminal, or when one made a Go panic.
func (s *hostileServer) checkServerLog(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(s.log.String()) {
		if strings.ContainsFunc(strings.TrimRight(line, "\n"), unicode.IsControl) {
			t.Errorf("the server's log has control characters: %.300q", line)
		}
		if strings.Contains(line, "panic below a script") {
			t.Errorf("a script made Go panic: %.2000s", line)
		}
	}
}

package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// How the scripts of testdata/sandbox are judged.
const (
	// stopSlack is how much longer than its wall-clock limit a script may take.
	stopSlack = 100 * time.Millisecond
	// rssSlack is how far the process's memory may stay above where it began.
	rssSlack = 64 << 20
	// peakSlack is how far it may rise meanwhile: a Pi has a gigabyte for everything.
	peakSlack = 256 << 20
	// mixedPeakSlack is the same while all run together: one script's limit of 64
	// MiB and seven of 16, and as much again that is garbage already, because the
	// collector lets the heap grow to twice what lives.
	mixedPeakSlack = 2 * (64 + 7*16) << 20
	// probeP99 is how long a plain route may take while hostile scripts run.
	probeP99 = 500 * time.Millisecond
	// probeLongest is how long a single one may: devices give up after four seconds.
	probeLongest = 2 * time.Second
	// attempts is how often a late answer is asked for again: other programs on
	// the machine may delay one, but not every one of them.
	attempts = 3
	// hostileAtOnce is how many run together in the mixed round.
	hostileAtOnce = 8
	defaultWall   = 10 * time.Second
)

// hostile is one script of testdata/sandbox with what its header says.
type hostile struct {
	name    string
	source  string
	wants   []want         // -- want: 507 instruction_limit or 504 timeout
	limits  map[string]any // -- limits: timeout_ms=500 instructions=1000000
	wall    time.Duration
	message string // -- log: part of the recorded error message
	body    string // -- body: "[" * 100000
	place   bool   // the record names a line; false with -- line: none
	id      string
}

// want is one way a script may end: an error's code, or the body of a 200.
type want struct {
	status int
	text   string
}

func (w want) String() string { return strings.TrimSpace(fmt.Sprint(w.status, " ", w.text)) }

func (w want) met(a answer) bool {
	switch {
	case a.status != w.status:
		return false
	case w.status == http.StatusOK:
		return w.text == "" || a.body == w.text
	default:
		return codeOf(a) == w.text
	}
}

func (h *hostile) expects(a answer) bool {
	return slices.ContainsFunc(h.wants, func(w want) bool { return w.met(a) })
}

// failure is the part of an error answer that the tests read.
type failure struct {
	Error struct {
		Code    string
		Details struct {
			ExecutionID string `json:"execution_id"`
		}
	}
}

func failureOf(a answer) failure {
	var f failure
	if a.status >= 400 {
		json.Unmarshal([]byte(a.body), &f) // a body of another shape has no code
	}
	return f
}

func codeOf(a answer) string { return failureOf(a).Error.Code }

func readHostile(t *testing.T) []*hostile {
	t.Helper()
	files, err := filepath.Glob("testdata/sandbox/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	scripts := make([]*hostile, len(files))
	for i, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if scripts[i], err = parseHostile(strings.TrimSuffix(filepath.Base(file), ".lua"), string(source)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	if len(scripts) < 100 {
		t.Fatalf("only %d hostile scripts", len(scripts))
	}
	return scripts
}

func parseHostile(name, source string) (*hostile, error) {
	h := &hostile{name: name, source: source, limits: map[string]any{}, wall: defaultWall, place: true}
	var err error
	for line := range strings.Lines(source) {
		comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if !isComment {
			break
		}
		key, value, _ := strings.Cut(comment, ": ")
		switch key {
		case "want":
			h.wants, err = parseWants(value)
		case "limits":
			err = h.parseLimits(value)
		case "log":
			h.message = value
		case "line":
			h.place = value != "none"
		case "body":
			h.body, err = parseBody(value)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", comment, err)
		}
	}
	if len(h.wants) == 0 {
		return nil, fmt.Errorf("no want line")
	}
	return h, nil
}

func parseWants(value string) ([]want, error) {
	var wants []want
	for choice := range strings.SplitSeq(value, " or ") {
		number, text, _ := strings.Cut(choice, " ")
		status, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		wants = append(wants, want{status, text})
	}
	return wants, nil
}

func (h *hostile) parseLimits(value string) error {
	limits := map[string]int64{}
	for field := range strings.FieldsSeq(value) {
		name, number, _ := strings.Cut(field, "=")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return err
		}
		if name == "timeout_ms" {
			h.limits[name] = n
			h.wall = time.Duration(n) * time.Millisecond
			continue
		}
		limits[name] = n
	}
	if len(limits) > 0 {
		h.limits["limits"] = limits
	}
	return nil
}

// parseBody reads a sum of strings, each of which may be repeated: "[" * 3 + "1".
func parseBody(value string) (string, error) {
	var b strings.Builder
	for part := range strings.SplitSeq(value, " + ") {
		quoted, times, repeated := strings.Cut(part, " * ")
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return "", fmt.Errorf("%s: %w", quoted, err)
		}
		n := 1
		if repeated {
			if n, err = strconv.Atoi(times); err != nil {
				return "", err
			}
		}
		b.WriteString(strings.Repeat(text, n))
	}
	return b.String(), nil
}

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

// TestHostileScripts runs every script of testdata/sandbox against the real
// program: one by one, then together while a plain route is watched.
func TestHostileScripts(t *testing.T) {
	if !fileExists("/proc/self/status") {
		t.Skip("reads the server's memory from /proc")
	}
	s := startHostileServer(t)
	executions := map[string]*hostile{} // by execution id
	t.Run("alone", func(t *testing.T) {
		for _, h := range s.scripts {
			t.Run(h.name, func(t *testing.T) { s.attackAlone(t, h, executions) })
		}
	})
	s.checkMemoryReturned("after each script alone", peakSlack)
	t.Run("records", func(t *testing.T) {
		for id, h := range executions {
			s.checkRecord(t, h, id)
		}
	})
	t.Run("together", s.attackTogether)
	s.checkMemoryReturned("after all scripts together", mixedPeakSlack)
	s.checkServerLog(t)
	if err := s.stop(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (s *hostileServer) attackAlone(t *testing.T, h *hostile, executions map[string]*hostile) {
	var took []time.Duration
	s.forgetPeak()
	for range attempts {
		a, d, err := s.attack(h)
		if err != nil {
			t.Fatalf("the server did not answer: %v", err)
		}
		if !h.expects(a) {
			t.Errorf("answered %d %.300s after %v, want %v", a.status, a.body, d, h.wants)
		}
		if id := failureOf(a).Error.Details.ExecutionID; id != "" {
			executions[id] = h
		} else if a.status >= 500 {
			t.Errorf("the answer names no execution: %.300s", a.body)
		}
		took = append(took, d)
		if d <= h.wall+stopSlack {
			break
		}
	}
	if len(took) == attempts && took[attempts-1] > h.wall+stopSlack {
		t.Errorf("took %v, limit %v", took, h.wall)
	}
	s.checkPeak(t)
	if health := s.call("GET", "/healthz", nil, nil); health.status != http.StatusOK {
		t.Fatalf("healthz answers %d afterwards", health.status)
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

func clip(s string, n int) string { return s[:min(len(s), n)] }

// attackTogether keeps hostileAtOnce scripts running while another app's plain
// route is called without pause.
func (s *hostileServer) attackTogether(t *testing.T) {
	queue := make(chan *hostile)
	var attackers sync.WaitGroup
	for range hostileAtOnce {
		attackers.Go(func() {
			for h := range queue {
				s.attackAmongOthers(t, h)
			}
		})
	}
	var done atomic.Bool
	var took []time.Duration
	var prober sync.WaitGroup
	prober.Go(func() { took = s.probeUntil(t, &done) })
	for i, h := range s.scripts {
		if !testing.Short() || i%10 == 0 {
			queue <- h
		}
	}
	close(queue)
	attackers.Wait()
	done.Store(true)
	prober.Wait()
	checkProbes(t, took)
}

// attackAmongOthers allows for what running beside others may change: waiting
// in vain for a slot or for the turn of memory-heavy scripts, and the limit of
// the whole process.
func (s *hostileServer) attackAmongOthers(t *testing.T, h *hostile) {
	a, took, err := s.attack(h)
	crowd := slices.ContainsFunc([]want{{503, "busy"}, {504, "timeout"}, {507, "memory_limit"}}, func(w want) bool { return w.met(a) })
	switch {
	case err != nil:
		t.Errorf("%s: the server did not answer: %v", h.name, err)
	case !h.expects(a) && !crowd:
		t.Errorf("%s: answered %d %.300s after %v, want %v", h.name, a.status, a.body, took, h.wants)
	}
}

func (s *hostileServer) probeUntil(t *testing.T, done *atomic.Bool) []time.Duration {
	var took []time.Duration
	for !done.Load() {
		start := time.Now()
		response, err := http.Get(s.url + "/plain/hello?name=ada")
		if err != nil {
			t.Errorf("the plain route failed: %v", err)
			return took
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		took = append(took, time.Since(start))
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("the plain route answered %d %.300s (%v)", response.StatusCode, body, err)
			return took
		}
	}
	return took
}

func checkProbes(t *testing.T, took []time.Duration) {
	t.Helper()
	if len(took) < 50 {
		t.Errorf("only %d calls of the plain route", len(took))
		return
	}
	slices.Sort(took)
	p99, longest := took[len(took)*99/100], took[len(took)-1]
	t.Logf("plain route meanwhile: %d calls, p50 %v, p99 %v, longest %v", len(took), took[len(took)/2], p99, longest)
	if p99 > probeP99 {
		t.Errorf("the plain route's p99 is %v, want at most %v", p99, probeP99)
	}
	if longest > probeLongest {
		t.Errorf("one call of the plain route took %v, want at most %v", longest, probeLongest)
	}
}

package http

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"picloud/store"
)

// metric returns the value of the line that begins with name, -1 without one.
func metric(t *testing.T, page, name string) float64 {
	t.Helper()
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			value, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			return value
		}
	}
	return -1
}

// Each figure moves with what it counts.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	before := request(t, s, "GET", "/metrics", "", owner).Body.String()
	good := newScript(t, s, owner, "good", `kv.collection("c"):set("k", ctx.execution_id) return 1`)
	bad := newScript(t, s, owner, "bad", `error("no")`)
	for path, script := range map[string]string{"/good": good, "/bad": bad} {
		wantStatus(t, request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes", `{"method":"GET","path":"`+path+`"}`, owner), 201)
	}
	for range 3 {
		wantStatus(t, request(t, s, "GET", "/good", "", nil), 200)
	}
	wantStatus(t, request(t, s, "GET", "/bad", "", nil), 502)
	wantStatus(t, request(t, s, "GET", "/nothing", "", nil), 404)
	wantStatus(t, request(t, s, "POST", "/api/v1/execute/"+good, "", nil), 200)
	if err := s.store.FlushExecutions(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := request(t, s, "GET", "/metrics", "", owner).Body.String()
	for name, more := range map[string]float64{
		`picloud_http_requests_total{kind="scripts",status="2xx"}`: 3,
		`picloud_http_requests_total{kind="scripts",status="4xx"}`: 1,
		`picloud_http_requests_total{kind="scripts",status="5xx"}`: 1,
		`picloud_http_requests_total{kind="execute",status="2xx"}`: 1,
		`picloud_http_requests_total{kind="admin",status="2xx"}`:   4,
		`picloud_http_requests_total{kind="other",status="2xx"}`:   1, // the first look
		`picloud_executions_total{status="success"}`:               4,
		`picloud_executions_total{status="error"}`:                 1,
		`picloud_execution_duration_seconds_count`:                 5,
		`picloud_execution_duration_seconds_bucket{le="+Inf"}`:     5,
		`picloud_execution_memory_bytes_bucket{le="16777216"}`:     5,
		`picloud_execution_sdk_calls_total`:                        4,
		`picloud_cache_misses_total{cache="scripts"}`:              2,
		`picloud_cache_hits_total{cache="scripts"}`:                3,
		`picloud_log_records_written_total`:                        5,
		`picloud_argon2_hashes_total`:                              0,
	} {
		if got := metric(t, page, name) - metric(t, before, name); got != more {
			t.Errorf("%s rose by %v, want %v", name, got, more)
		}
	}
	for _, name := range []string{"picloud_execution_duration_seconds_sum", "picloud_execution_instructions_total", `picloud_writer_groups_total{durable="true"}`,
		"picloud_writer_syncs_total", "picloud_wal_bytes", `picloud_written_bytes_total{cause="scripts"}`, `picloud_written_bytes_total{cause="log"}`,
		`picloud_written_bytes_total{cause="admin"}`, `picloud_written_bytes_total{cause="start"}`,
		`picloud_script_written_bytes_total{script_id="` + good + `",app="default",script="good"}`,
		"picloud_gate_slots", "picloud_clock_synchronised"} {
		if got := metric(t, page, name); got <= 0 {
			t.Errorf("%s is %v", name, got)
		}
	}
	for _, name := range []string{"picloud_gate_running", "picloud_gate_waiting", "picloud_gate_aside", "picloud_gate_refused_total", "picloud_outbox_deliveries",
		"picloud_outbox_oldest_seconds", "picloud_dead_letters", "picloud_dead_letters_open", "picloud_dead_letters_dropped_total", "picloud_log_records_dropped_total",
		"picloud_argon2_running", "picloud_argon2_waiting", "picloud_argon2_refused_total", "picloud_cron_waits_for_clock"} {
		if got := metric(t, page, name); got != 0 {
			t.Errorf("%s is %v", name, got)
		}
	}
}

// The outbox and the dead letters are looked up when someone asks.
func TestMetricsOfQueues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.session(w.newUser(store.RoleOwner))
	s := w.testServer
	script := newScript(t, s, owner, "slow", "return 1")
	wantStatus(t, request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes", `{"method":"POST","path":"/later","dispatch_mode":"async"}`, owner), 201)
	before := request(t, s, "GET", "/metrics", "", owner).Body.String()
	wantStatus(t, request(t, s, "POST", "/later", `{"a":1}`, nil), 202)
	s.clock.advance(90 * time.Second)
	page := request(t, s, "GET", "/metrics", "", owner).Body.String()
	if got := metric(t, page, "picloud_outbox_deliveries") - metric(t, before, "picloud_outbox_deliveries"); got != 1 {
		t.Errorf("%v deliveries came", got)
	}
	if got := metric(t, page, "picloud_outbox_oldest_seconds"); got < 90 {
		t.Errorf("the oldest has waited for %v s", got)
	}
	if open := metric(t, page, "picloud_dead_letters_open"); open < 1 || open != metric(t, page, "picloud_dead_letters") {
		t.Errorf("%v dead letters are open; the world has some", open)
	}
}

// A line is a name, labels and a number (Prometheus' text format), each series once.
func TestMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	w := request(t, s, "GET", "/metrics", "", owner)
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("Content-Type is %q", kind)
	}
	line := regexp.MustCompile(`^[a-z_][a-z0-9_]*(\{[A-Za-z_]+="(?:[^"\\\n]|\\.)*"(?:, ?[A-Za-z_]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+$`)
	seen := map[string]bool{}
	for text := range strings.Lines(w.Body.String()) {
		text = strings.TrimSuffix(text, "\n")
		series := text[:strings.LastIndex(text, " ")]
		if !line.MatchString(text) || seen[series] {
			t.Errorf("odd or repeated: %q", text)
		}
		seen[series] = true
	}
	if len(seen) < 80 {
		t.Errorf("only %d series", len(seen))
	}
}

func TestWhoSeesMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, member := w.newUser(store.RoleOwner), w.newUser(store.RoleMember)
	for name, c := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"nobody":                 {nil, 401},
		"a member":               {w.session(member), 403},
		"an owner":               {w.session(owner), 200},
		"a key to read":          {w.key(owner, scopesJSON("instance:read")), 200},
		"a key to administer":    {w.key(owner, scopesJSON("instance:admin")), 200},
		"a key for scripts only": {w.key(owner, scopesJSON("script:read")), 403},
	} {
		if got := request(t, w.testServer, "GET", "/metrics", "", c.headers); got.Code != c.status {
			t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, c.status)
		}
	}
	w.config.MetricsOff = true
	wantStatus(t, request(t, w.testServer, "GET", "/metrics", "", w.session(owner)), 404)
}

package http

import (
	"encoding/json"
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
		"picloud_writer_syncs_total", "picloud_wal_bytes", "picloud_wal_used_bytes", "picloud_database_bytes", "picloud_disk_free_bytes", `picloud_written_bytes_total{cause="scripts"}`, `picloud_written_bytes_total{cause="log"}`,
		`picloud_written_bytes_total{cause="admin"}`, `picloud_written_bytes_total{cause="start"}`,
		`picloud_script_written_bytes_total{script_id="` + good + `",app="default",script="good"}`,
		"picloud_gate_slots", "picloud_clock_synchronised"} {
		if got := metric(t, page, name); got <= 0 {
			t.Errorf("%s is %v", name, got)
		}
	}
	for _, cause := range store.Causes {
		if got := metric(t, page, `picloud_written_bytes_total{cause="`+string(cause)+`"}`); got < 0 {
			t.Errorf("the cause %s is missing", cause)
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

// A line is a name, labels and a number (Prometheus' text format), each series
// once. All series of a family are in a row, below what it is and its type.
func TestMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	some := newScript(t, s, owner, "some", `kv.collection("c"):set("k", 1) return 1`)
	wantStatus(t, request(t, s, "GET", "/api/v1/execute/"+some, "", nil), 200)
	w := request(t, s, "GET", "/metrics", "", owner)
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("Content-Type is %q", kind)
	}
	line := regexp.MustCompile(`^([a-z_][a-z0-9_]*)(\{[A-Za-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:, ?[A-Za-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? -?[0-9.e+-]+$`)
	head := regexp.MustCompile(`^# HELP (\S+) (\S.*\.)\n# TYPE (\S+) (counter|gauge|histogram)\n`)
	seen, families, family := map[string]bool{}, map[string]bool{}, ""
	for page := w.Body.String(); page != ""; {
		if found := head.FindStringSubmatch(page); found != nil {
			if family = found[1]; family != found[3] || families[family] || (found[4] == "counter") != strings.HasSuffix(family, "_total") {
				t.Errorf("an odd or repeated head: %q", found[0])
			}
			families[family] = true
			page = page[len(found[0]):]
			continue
		}
		text, rest, _ := strings.Cut(page, "\n")
		page = rest
		found := line.FindStringSubmatch(text)
		series := text[:max(0, strings.LastIndex(text, " "))]
		if found == nil || seen[series] || strings.HasPrefix(text, "picloud_") && !strings.HasPrefix(found[1], family) {
			t.Errorf("odd, repeated or out of its family %s: %q", family, text)
		}
		seen[series] = true
	}
	if len(seen) < 80 || len(families) != len(metricHelp) {
		t.Errorf("only %d series in %d families, of which %d are described", len(seen), len(families), len(metricHelp))
	}
	if got, want := labelled([]string{"a", "back\\slash, \"quotes\", line\nend, é"}), `{a="back\\slash, \"quotes\", line\nend, é"}`; got != want {
		t.Errorf("a label is %s, want %s", got, want)
	}
}

// The overview's figures are those of the metrics.
func TestStatsAgreeWithMetrics(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	good := newScript(t, s, owner, "good", `kv.collection("c"):set("k", ctx.execution_id) return 1`)
	for range 3 {
		wantStatus(t, request(t, s, "GET", "/api/v1/execute/"+good, "", nil), 200)
	}
	if err := s.store.FlushExecutions(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := request(t, s, "GET", "/metrics", "", owner).Body.String()
	w := request(t, s, "GET", adminPrefix+"instance/stats", "", owner)
	var stats instanceStats
	if err := json.Unmarshal(w.Body.Bytes(), &stats); err != nil {
		t.Fatal(err)
	}
	for name, figure := range map[string]int64{
		`picloud_http_requests_total{kind="execute",status="2xx"}`: stats.Requests["execute"]["2xx"],
		`picloud_http_requests_total{kind="admin",status="2xx"}`:   stats.Requests["admin"]["2xx"],
		`picloud_executions_total{status="success"}`:               stats.Executions.ByStatus["success"],
		"picloud_execution_instructions_total":                     stats.Runs.Instructions,
		"picloud_execution_sdk_calls_total":                        stats.Runs.SDKCalls,
		"picloud_log_records_written_total":                        stats.Log.Written,
		"picloud_log_records_dropped_total":                        stats.Log.Dropped,
		"picloud_writer_operations_total":                          stats.Writer.Operations,
		`picloud_writer_groups_total{durable="true"}`:              stats.Writer.DurableGroups,
		`picloud_writer_groups_total{durable="false"}`:             stats.Writer.Groups - stats.Writer.DurableGroups,
		"picloud_writer_syncs_total":                               stats.Writer.Syncs,
		"picloud_checkpoints_total":                                stats.Writer.Checkpoints,
		"picloud_wal_used_bytes":                                   stats.Writer.WALUsedBytes,
		"picloud_wal_bytes":                                        stats.Database.WALBytes,
		"picloud_database_bytes":                                   stats.Database.FileBytes,
		`picloud_cache_hits_total{cache="scripts"}`:                stats.Caches["scripts"].Hits,
		`picloud_cache_misses_total{cache="scripts"}`:              stats.Caches["scripts"].Misses,
		`picloud_cache_hits_total{cache="data"}`:                   stats.Caches["data"].Hits,
		"picloud_argon2_hashes_total":                              stats.PasswordHashes.Done,
		"picloud_gate_slots":                                       stats.Gate.Slots,
		"picloud_outbox_deliveries":                                stats.Outbox.Deliveries,
		"picloud_dead_letters":                                     stats.DeadLetters.Kept,
		`picloud_written_bytes_total{cause="scripts"}`:             stats.WrittenBytes[store.CauseScripts],
		`picloud_written_bytes_total{cause="log"}`:                 stats.WrittenBytes[store.CauseLog],
	} {
		if got := metric(t, page, name); int64(got) != figure {
			t.Errorf("%s is %v, the stats say %d", name, got, figure)
		}
	}
	if stats.Runs.MemoryBytes == nil || stats.Runs.MemoryBytes.P50 <= 0 {
		t.Errorf("the memory of runs is %+v", stats.Runs.MemoryBytes)
	}
	if len(stats.WrittenByScript) != 1 || stats.WrittenByScript[0].Name != "good" || stats.WrittenByScript[0].Bytes !=
		int64(metric(t, page, `picloud_script_written_bytes_total{script_id="`+good+`",app="default",script="good"}`)) {
		t.Errorf("by script the stats say %+v", stats.WrittenByScript)
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

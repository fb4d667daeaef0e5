package http

import (
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/runtime"
	"picloud/store"
)

// A clock that nobody has set is shown where people look, and is no reason to
// be unready: a supervisor would restart what a restart does not mend.
func TestTheClockIsShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		synchronised         bool
		waits, line, warning string
	}{
		{true, "", "clock: synchronised", "<absent>"},
		{false, "", "clock: not synchronised with a time server", "<absent>"},
		{false, "no time server has set it yet", "clock: cron triggers wait: no time server has set it yet", "clock_doubtful"},
	} {
		s, owner := newOwnedServer(t)
		s.config.Clock = func() (bool, string) { return c.synchronised, c.waits }
		ready := request(t, s, "GET", "/readyz", "", nil)
		if ready.Code != 200 || ready.Body.String() != "ready\n"+c.line+"\n" {
			t.Errorf("readyz: %d %q, want the line %q", ready.Code, ready.Body, c.line)
		}
		if health := request(t, s, "GET", "/healthz", "", nil); health.Code != 200 || health.Body.String() != "ok" {
			t.Errorf("healthz: %d %q", health.Code, health.Body)
		}
		play(t, s, owner, []scenario{{"stats", "GET", "instance/stats", "", 200, map[string]string{
			"clock.synchronised": map[bool]string{true: "true", false: "false"}[c.synchronised], "clock.cron_waits": c.waits, "warnings.code": c.warning}}})
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	bounds := []float64{1, 2, 4}
	for _, c := range []struct {
		name   string
		counts []int64
		part   float64
		want   float64 // -1: none
	}{
		{"nothing ran", []int64{0, 0, 0, 0}, 0.5, -1},
		{"the middle of the first", []int64{10, 0, 0, 0}, 0.5, 0.5},
		{"the end of the first", []int64{10, 10, 0, 0}, 0.5, 1},
		{"in the second", []int64{10, 10, 0, 0}, 0.75, 1.5},
		{"over an empty one", []int64{10, 0, 10, 0}, 0.75, 3},
		{"beyond the last", []int64{1, 0, 0, 99}, 0.95, 4},
	} {
		got := quantile(runtime.Distribution{Bounds: bounds, Counts: c.counts}, c.part)
		if c.want < 0 && got != nil || c.want >= 0 && (got == nil || *got != c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestHistoryIsOfTheLastHour(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	start := clock.now()
	counts := func(n int64) instanceTotals {
		return instanceTotals{runs: 10 * n, failures: n, rejected: 2 * n, written: 4096 * n, durations: runtime.Distribution{Counts: []int64{n}}}
	}
	var h history
	h.add(start, counts(0))
	for minute := range int64(90) {
		clock.advance(time.Minute)
		h.add(clock.now(), counts(minute+1))
	}
	clock.advance(30 * time.Second)
	minutes, hour := h.read(clock.now(), counts(95))
	if len(minutes) != historyMinutes {
		t.Fatalf("%d minutes", len(minutes))
	}
	for i, minute := range minutes[:historyMinutes-1] {
		want := minuteOfRuns{At: store.TimeOf(start.Add(time.Duration(32+i) * time.Minute)), Runs: 10, Failures: 1, Rejected: 2}
		if minute != want {
			t.Errorf("minute %d is %+v, want %+v", i, minute, want)
		}
	}
	if last := minutes[historyMinutes-1]; last.Runs != 50 || last.At != store.TimeOf(clock.now()) {
		t.Errorf("the minute that goes on is %+v", last)
	}
	if hour.runs != 640 || hour.written != 64*4096 || hour.durations.Counts[0] != 64 {
		t.Errorf("the hour is %+v", hour)
	}
}

func TestStatsShowWhatRan(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	s.config.DevMode = true
	serveScript(t, s, owner, "GET /good", `return 1`)
	serveScript(t, s, owner, "GET /bad", `error("no")`)
	for range 3 {
		wantStatus(t, request(t, s, "GET", "/good", "", nil), 200)
	}
	wantStatus(t, request(t, s, "GET", "/bad", "", nil), 502)
	s.clock.advance(time.Hour)
	play(t, s, owner, []scenario{{"stats", "GET", "instance/stats", "", 200, map[string]string{
		"executions.runs": "4", "executions.failures": "1", "executions.error_rate": "0.25", "executions.rejected": "0",
		"executions.minutes.runs": "4", "uptime_s": "3600", "dev_mode": "true", "warnings.code": "dev_mode",
		"version.product": "0.1.0", "outbox.deliveries": "0", "dead_letters.open": "0", "gate.running": "0"}}})
	w := request(t, s, "GET", adminPrefix+"instance/stats", "", owner)
	for _, path := range []string{"executions.latency_ms.p50", "executions.latency_ms.p95", "executions.latency_ms.p99", "memory.resident_bytes", "memory.heap_bytes",
		"storage.database_bytes", "storage.wal_bytes", "storage.free_bytes", "storage.written_last_hour_bytes", "gate.slots"} {
		if value, err := strconv.ParseFloat(field(t, w, path), 64); err != nil || value <= 0 {
			t.Errorf("%s is %s", path, field(t, w, path))
		}
	}
}

// Lists say what ran last, also after a restart, without a look into the log
// for each row.
func TestListsShowTheLastRuns(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	good := serveScript(t, s, owner, "GET /good", `return 1`)
	bad := serveScript(t, s, owner, "GET /bad", `error("no")`)
	newScript(t, s, owner, "never", "return 1")
	lists := func(name string, runs, failures int) {
		t.Helper()
		if err := s.store.FlushExecutions(t.Context()); err != nil {
			t.Fatal(err)
		}
		recent := map[string]store.RecentRuns{}
		for _, list := range []string{"scripts", "apps/default/scripts"} {
			var page store.Page[scriptItem]
			if err := json.Unmarshal(request(t, s, "GET", adminPrefix+list, "", owner).Body.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				recent[item.ID.String()] = item.Recent
				if item.Name == "never" && item.Recent != (store.RecentRuns{}) {
					t.Errorf("%s: a script that never ran has %+v", name, item.Recent)
				}
			}
		}
		if got := recent[good]; got.Runs != runs || got.Failures != 0 || got.LastStatus != store.StatusSuccess || got.LastRunAt == nil {
			t.Errorf("%s: the good script has %+v", name, got)
		}
		if got := recent[bad]; got.Runs != failures || got.Failures != failures || got.LastStatus != store.StatusError {
			t.Errorf("%s: the bad script has %+v", name, got)
		}
		play(t, s, owner, []scenario{{name, "GET", "apps", "", 200, map[string]string{
			"items.recent.runs": strconv.Itoa(runs + failures), "items.recent.failures": strconv.Itoa(failures)}}})
	}
	call := func(path string, times int) {
		for range times {
			request(t, s, "GET", path, "", nil)
		}
	}
	call("/good", 3)
	call("/bad", 2)
	lists("read from the log", 3, 2)
	call("/bad", 1)
	call("/good", 70)
	lists("kept by the flush", 64, 3)
}

func TestSlowRoutesAreFlagged(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /quick", `return 1`)
	slow := serveScript(t, s, owner, "GET /slow", `return 1`)
	var routeID uuid.UUID
	for _, route := range s.store.Catalog().Routes {
		if route.Path == "/slow" {
			routeID = route.ID
		}
	}
	for range 30 {
		wantStatus(t, request(t, s, "GET", "/quick", "", nil), 200)
	}
	record := func(times int, ms float64) {
		for range times {
			s.store.RecordExecution(&store.Execution{ID: s.store.NewExecutionID(time.Now()), RouteID: routeID, AppID: s.store.Catalog().AppBySlug("default").ID,
				ScriptID: uuid.MustParse(slow), Status: store.StatusSuccess, DurationMS: ms})
		}
		if err := s.store.FlushExecutions(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	route := func() *httptest.ResponseRecorder {
		return request(t, s, "GET", adminPrefix+"scripts/"+slow+"/routes", "", owner)
	}
	record(19, 3000)
	if got := field(t, route(), "items.p95_ms"); got != "null" {
		t.Errorf("19 answers make a pace of %s", got)
	}
	record(1, 3000)
	if pace, code := field(t, route(), "items.p95_ms"), field(t, route(), "items.warnings.code"); pace != "3000" || code != "slow_route" {
		t.Errorf("a slow route has the pace %s and the warning %s", pace, code)
	}
	record(61, 10) // three slow ones are left among 64
	if pace, warnings := field(t, route(), "items.p95_ms"), field(t, route(), "items.warnings"); pace != "10" || warnings != "[]" {
		t.Errorf("a route that is quick again has the pace %s and the warnings %s", pace, warnings)
	}
	quick := field(t, request(t, s, "GET", adminPrefix+"apps/default/routes", "", owner), "items.p95_ms")
	if ms, err := strconv.ParseFloat(quick, 64); err != nil || ms <= 0 || ms > slowRouteMS {
		t.Errorf("a quick route has the pace %s", quick)
	}
}

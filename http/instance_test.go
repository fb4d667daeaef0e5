package http

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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

// The overview warns before a certificate ends, when it has, and when another
// cannot be used.
func TestTheCertificateIsWarnedOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		left    time.Duration
		failure string
		warning string
	}{
		{60 * 24 * time.Hour, "", "<absent>"},
		{13 * 24 * time.Hour, "", "certificate_expires"},
		{-time.Hour, "", "certificate_expired"},
		{60 * 24 * time.Hour, "the new one cannot be used", "certificate_failed"},
	} {
		s, owner := newOwnedServer(t)
		s.config.Certificate = func() CertificateState { return CertificateState{Ends: s.config.Now().Add(c.left), Failure: c.failure} }
		play(t, s, owner, []scenario{{"stats", "GET", "instance/stats", "", 200, map[string]string{"warnings.code": c.warning}}})
	}
}

// The figures move with what happens, and each minute holds what came in it.
func TestInstanceStats(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	good := newScript(t, s, owner, "good", `kv.collection("c"):set("k", ctx.execution_id) return 1`)
	bad := newScript(t, s, owner, "bad", `error("no")`)
	if err := s.config.History.Sample(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		wantStatus(t, request(t, s, "GET", "/api/v1/execute/"+good, "", nil), 200)
	}
	wantStatus(t, request(t, s, "GET", "/api/v1/execute/"+bad, "", nil), 502)
	s.clock.advance(time.Minute)
	if err := s.config.History.Sample(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stats instanceStats
	read := func(query string) {
		t.Helper()
		w := request(t, s, "GET", adminPrefix+"instance/stats"+query, "", owner)
		wantStatus(t, w, 200)
		stats = instanceStats{}
		if err := json.Unmarshal(w.Body.Bytes(), &stats); err != nil {
			t.Fatal(err)
		}
	}
	read("")
	if e := stats.Executions; e.Total != 4 || e.Failed != 1 || e.ByStatus[store.StatusError] != 1 {
		t.Errorf("executions: %+v", e)
	}
	if len(stats.Minutes) != 2 || stats.Minutes[0].Executions != 0 || stats.Minutes[0].Latency != nil {
		t.Fatalf("the first minute: %+v", stats.Minutes)
	}
	last := stats.Minutes[1]
	if last.Executions != 4 || last.Failed != 1 || last.Latency == nil || last.WrittenBytes <= 0 || last.At != stats.Now {
		t.Errorf("the last minute: %+v", last)
	}
	if stats.Latency == nil || stats.Latency.P99 < stats.Latency.P50 || stats.StartedAt >= stats.Now || stats.Gate.Slots < 1 {
		t.Errorf("stats: %+v", stats)
	}
	if stats.Memory.UsedBytes < 1<<20 || stats.Database.FileBytes+stats.Database.WALBytes <= 0 || stats.Database.FreeBytes <= 0 || stats.WrittenBytes[store.CauseScripts] <= 0 {
		t.Errorf("memory %+v, database %+v, written %v", stats.Memory, stats.Database, stats.WrittenBytes)
	}
	if read("?minutes=1"); len(stats.Minutes) != 1 || stats.Minutes[0].Executions != 4 {
		t.Errorf("one minute: %+v", stats.Minutes)
	}
	for _, odd := range []string{"0", "1441", "x", "1.5"} {
		wantError(t, request(t, s, "GET", adminPrefix+"instance/stats?minutes="+odd, "", owner), 400, "bad_parameter")
	}
}

func TestHistoryForgets(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	for range historyMinutes + 3 {
		s.clock.advance(time.Minute)
		if err := s.config.History.Sample(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	minutes := s.config.History.latest(2 * historyMinutes)
	if len(minutes) != historyMinutes || minutes[len(minutes)-1].At != store.TimeOf(s.clock.now()) {
		t.Errorf("%d minutes, the last at %v", len(minutes), minutes[len(minutes)-1].At)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	s.config.DevMode = true
	wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/sandbox", `{"lifted":true,"accept_risk":true}`, owner), 200)
	body := request(t, s, "GET", adminPrefix+"instance/stats", "", owner).Body.String()
	for _, code := range []string{"dev_mode", "sandbox_lifted"} {
		if !strings.Contains(body, `"code":"`+code+`"`) {
			t.Errorf("no warning %s in %s", code, body)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	addr := ":8080"
	s.config.Settings = []Setting{{Name: "PICLOUD_ADDR", Flag: "addr", Value: &addr, Default: ":8080", Source: "flag"}, {Name: "PICLOUD_SECRET_KEY", Source: "environment", Secret: true}}
	play(t, s, owner, []scenario{{"settings", "GET", "instance/settings", "", 200, map[string]string{"items.name": "PICLOUD_ADDR", "items.value": ":8080", "items.source": "flag"}}})
}

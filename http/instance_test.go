package http

import (
	"testing"
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

package main_test

import (
	"strings"
	"testing"
)

// TestSafeMode kills the server right after its start three times: the fourth
// start serves the page and the API, runs no trigger, and says why everywhere;
// an orderly restart runs what has waited.
func TestSafeMode(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	script := s.newScript("keep", `kv.collection("seen"):set("one", ctx.request.body)`, nil)
	s.must(s.call("POST", "/api/v1/admin/scripts/"+script+"/routes", map[string]string{"method": "POST", "path": "/later", "dispatch_mode": "async"}, nil), 201)
	token := s.token
	for range 3 {
		s.kill()
		s = startServer(t, s.dir)
		s.token = token
	}
	if log := s.log.String(); !strings.Contains(log, "SAFE MODE") {
		t.Errorf("the log does not say so:\n%s", log)
	}
	s.must(s.call("POST", "/later", 7, nil), 202)
	if ready := s.must(s.call("GET", "/readyz", nil, nil), 503); !strings.Contains(ready.body, "safe mode") {
		t.Errorf("/readyz says %s", ready.body)
	}
	var stats struct{ Warnings []struct{ Code string } }
	s.must(s.call("GET", "/api/v1/admin/instance/stats", nil, &stats), 200)
	if len(stats.Warnings) == 0 || stats.Warnings[0].Code != "safe_mode" {
		t.Errorf("the warnings are %+v", stats.Warnings)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	again := startServer(t, s.dir)
	again.token = token
	drain(again)
	again.must(again.call("GET", "/api/v1/admin/apps/default/kv/seen/one", nil, nil), 200)
}

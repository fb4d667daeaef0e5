package http

import (
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

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

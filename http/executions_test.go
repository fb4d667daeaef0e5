package http

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"picloud/store"
)

// Each filter of the log, alone and with others, in both lists.
func TestLogFilters(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	one, two := uuid.MustParse(newScript(t, s, owner, "one", "return 1")), uuid.MustParse(newScript(t, s, owner, "two", "return 1"))
	app := s.store.Catalog().Scripts[one].AppID
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	record := func(minute int, script uuid.UUID, status store.ExecutionStatus, path, query string) {
		at := noon.Add(time.Duration(minute) * time.Minute)
		s.store.RecordExecution(&store.Execution{ID: s.store.NewExecutionID(at), AppID: app, ScriptID: script, InvocationType: "http", Status: status, StartedAt: store.TimeOf(at),
			Request: &store.RecordedRequest{Method: "GET", Path: path, Query: query}})
	}
	record(0, one, store.StatusSuccess, "/sensor/kitchen", "temp=21")
	record(1, one, store.StatusError, "/sensor/hall", "temp=22")
	record(2, two, store.StatusTimeout, "/door", "who=Kitchen")
	record(3, two, store.StatusSuccess, "/door", "who=hall")
	for _, c := range []struct {
		query string
		want  []string // the paths, newest first
	}{
		{"", []string{"/door", "/door", "/sensor/hall", "/sensor/kitchen"}},
		{"status=error", []string{"/sensor/hall"}},
		{"status=success", []string{"/door", "/sensor/kitchen"}},
		{"status=rejected", []string{}},
		{"since=2026-03-01T12:02:00Z", []string{"/door", "/door"}},
		{"until=2026-03-01T12:01:00Z", []string{"/sensor/hall", "/sensor/kitchen"}},
		{"since=2026-03-01T12:01:00Z&until=2026-03-01T13:02:00%2B01:00", []string{"/door", "/sensor/hall"}},
		{"since=2026-03-01T12:03:00.001Z", []string{}},
		{"text=KITCHEN", []string{"/door", "/sensor/kitchen"}},
		{"text=" + url.QueryEscape("temp=2"), []string{"/sensor/hall", "/sensor/kitchen"}},
		{"text=" + url.QueryEscape("/Sensor/"), []string{"/sensor/hall", "/sensor/kitchen"}},
		{"text=hall&status=success", []string{"/door"}},
		{"script=" + two.String(), []string{"/door", "/door"}},
		{"script=" + two.String() + "&status=timeout&text=kitchen&since=2026-03-01T12:00:00Z", []string{"/door"}},
	} {
		if got := loggedPaths(t, s, owner, "apps/default/logs?"+c.query); cmp.Diff(c.want, got) != "" {
			t.Errorf("apps/default/logs?%s lists %q, want %q", c.query, got, c.want)
		}
		mine := slices.DeleteFunc(slices.Clone(c.want), func(path string) bool { return path == "/door" })
		if strings.HasPrefix(c.query, "script=") { // of an app's list alone
			continue
		}
		if got := loggedPaths(t, s, owner, "scripts/"+one.String()+"/logs?"+c.query); cmp.Diff(mine, got) != "" {
			t.Errorf("scripts/one/logs?%s lists %q, want %q", c.query, got, mine)
		}
	}
}

// loggedPaths are the paths of the requests that a list of executions shows.
func loggedPaths(t *testing.T, s *testServer, owner map[string]string, path string) []string {
	t.Helper()
	w := request(t, s, "GET", adminPrefix+path, "", owner)
	wantStatus(t, w, 200)
	var page store.Page[store.Execution]
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	paths := []string{}
	for _, execution := range page.Items {
		paths = append(paths, execution.Request.Path)
	}
	return paths
}

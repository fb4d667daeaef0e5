package http

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"picloud/http/routing"
	"picloud/store"
)

func TestRoutesAreCompiledOnlyWhenTheyChange(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	live := &liveRoutes{logger: slog.New(slog.NewTextHandler(&log, nil))}
	route := store.Route{ID: uuid.New(), Method: "GET", Path: "/a"}
	script := &store.Script{ID: uuid.New(), Enabled: true}
	route.ScriptID = script.ID
	catalog := func(routes ...store.Route) *store.Catalog {
		made := &store.Catalog{Scripts: map[uuid.UUID]*store.Script{script.ID: script}}
		for i := range routes {
			made.Routes = append(made.Routes, &routes[i])
		}
		return made
	}
	live.update(catalog(route))
	first := live.current.Load()

	disabled := *script
	disabled.Enabled = false
	script = &disabled
	live.update(catalog(route))
	second := live.current.Load()
	if second.table != first.table {
		t.Error("the same routes were compiled again")
	}
	if second.catalog.Scripts[script.ID].Enabled {
		t.Error("the change of the script is not seen")
	}

	moved := route
	moved.Path = "/b"
	live.update(catalog(moved))
	table := live.current.Load().table
	if table.Lookup("GET", "", "/a").Outcome != routing.NotFound || table.Lookup("GET", "", "/b").Outcome != routing.Found {
		t.Error("the changed route is not served")
	}

	broken := store.Route{ID: uuid.New(), Method: "GET", Path: "no slash"}
	live.update(catalog(broken, route))
	if live.current.Load().table.Lookup("GET", "", "/a").Outcome != routing.Found {
		t.Error("a bad route took a good one with it")
	}
	if !strings.Contains(log.String(), broken.ID.String()) {
		t.Errorf("the bad route is not named: %s", &log)
	}
}

func TestSavedRouteIsServedAtOnce(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	wantStatus(t, request(t, s, "GET", "/greet", "", nil), 404)
	serveScript(t, s, owner, "GET /greet", `return "hello"`)
	wantStatus(t, request(t, s, "GET", "/greet", "", nil), 200)
}

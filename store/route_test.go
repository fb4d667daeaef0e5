package store

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func never(Route, Route) bool { return false }

func samePath(a, b Route) bool {
	return a.Path == b.Path && a.Method == b.Method
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	one, two := testApp(t, s, "one"), testApp(t, s, "two")
	a, b := testScript(t, s, one.ID, "a", ScriptEndpoint), testScript(t, s, one.ID, "b", ScriptEndpoint)
	module, foreign := testScript(t, s, one.ID, "m", ScriptModule), testScript(t, s, two.ID, "a", ScriptEndpoint)
	draft := RouteDraft{Method: "GET", HostKind: "any", PathKind: "exact", Path: "/x", DispatchMode: "sync"}
	made := must[Route](t)(s.CreateRoute(t.Context(), a.ID, draft, samePath))
	if diff := cmp.Diff(made, must[Route](t)(s.Route(t.Context(), made.ID))); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
	_, err := s.CreateRoute(t.Context(), foreign.ID, draft, samePath)
	if diff := cmp.Diff(made, wantCode(t, err, KindConflict, "route_conflict").Details["conflicting_route"]); diff != "" {
		t.Errorf("the conflicting route:\n%s", diff)
	}
	_, err = s.CreateRoute(t.Context(), module.ID, draft, never)
	wantCode(t, err, KindInvalid, "not_an_endpoint")
	_, err = s.CreateRoute(t.Context(), s.newID(), draft, never)
	wantCode(t, err, KindNotFound, "not_found")
	draft.Path = "/y"
	other := must[Route](t)(s.CreateRoute(t.Context(), foreign.ID, draft, samePath))
	_, err = s.UpdateRoute(t.Context(), other.ID, RouteChange{Path: ptr("/x")}, samePath)
	wantCode(t, err, KindConflict, "route_conflict")
	_, err = s.UpdateRoute(t.Context(), other.ID, RouteChange{ScriptID: &a.ID}, samePath)
	wantCode(t, err, KindInvalid, "other_app")
	_, err = s.UpdateRoute(t.Context(), made.ID, RouteChange{ScriptID: &module.ID}, samePath)
	wantCode(t, err, KindInvalid, "not_an_endpoint")
	_, err = s.UpdateRoute(t.Context(), s.newID(), RouteChange{}, samePath)
	wantCode(t, err, KindNotFound, "not_found")
	moved := must[Route](t)(s.UpdateRoute(t.Context(), made.ID, RouteChange{ScriptID: &b.ID, Method: ptr("POST")}, samePath))
	if moved.ScriptID != b.ID || moved.Method != "POST" || moved.Path != "/x" {
		t.Errorf("after the change: %+v", moved)
	}
	byApp := must[Page[Route]](t)(s.Routes(t.Context(), RouteFilter{App: one.ID}, PageRequest{}))
	byScript := must[Page[Route]](t)(s.Routes(t.Context(), RouteFilter{Script: b.ID}, PageRequest{}))
	if diff := cmp.Diff([]Route{moved}, byApp.Items) + cmp.Diff([]Route{moved}, byScript.Items); diff != "" {
		t.Errorf("the lists:\n%s", diff)
	}
	_, err = s.Routes(t.Context(), RouteFilter{}, PageRequest{})
	wantCode(t, err, KindInvalid, "invalid_filter")
	noError(t, s.DeleteRoute(t.Context(), made.ID))
	wantCode(t, s.DeleteRoute(t.Context(), made.ID), KindNotFound, "not_found")
}

func TestOneRouteIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	one := testScript(t, s, testApp(t, s, "one").ID, "a", ScriptEndpoint)
	two := testScript(t, s, testApp(t, s, "two").ID, "a", ScriptEndpoint)
	for round := range 100 {
		var waiting sync.WaitGroup
		var errs [2]error
		for i, script := range []uuid.UUID{one.ID, two.ID} {
			waiting.Go(func() {
				_, errs[i] = s.CreateRoute(t.Context(), script, RouteDraft{Method: "GET", Path: fmt.Sprint("/", round)}, samePath)
			})
		}
		waiting.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v and %v, want one of the two", round, errs[0], errs[1])
		}
	}
}

package store

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestScriptRules(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := testApp(t, s, "one")
	for name, valid := range map[string]bool{"a": true, "A.b_c-9": true, strings.Repeat("x", 128): true,
		"": false, "a b": false, "a/b": false, "ä": false, strings.Repeat("x", 129): false} {
		_, err := s.CreateScript(t.Context(), app.ID, ScriptDraft{Name: name})
		if valid {
			noError(t, err)
		} else {
			wantCode(t, err, KindInvalid, "invalid_name")
		}
	}
	for _, c := range []struct {
		draft ScriptDraft
		kind  Kind
		code  string
	}{
		{ScriptDraft{Name: "a"}, KindConflict, "name_taken"},
		{ScriptDraft{Name: "x", Kind: "odd"}, KindInvalid, "invalid_kind"},
		{ScriptDraft{Name: "x", Access: "odd"}, KindInvalid, "invalid_access"},
		{ScriptDraft{Name: "kv", Kind: ScriptModule}, KindInvalid, "reserved_name"},
		{ScriptDraft{Name: "x", Imports: []string{"nowhere"}}, KindInvalid, "missing_module"},
		{ScriptDraft{Name: "x", Imports: []string{"json"}}, KindInvalid, "reserved_name"},
		{ScriptDraft{Name: "x", Imports: []string{"a"}}, KindInvalid, "missing_module"}, // an endpoint
		{ScriptDraft{Name: "x", Kind: ScriptModule, Imports: []string{"x"}}, KindInvalid, "module_cycle"},
	} {
		_, err := s.CreateScript(t.Context(), app.ID, c.draft)
		wantCode(t, err, c.kind, c.code)
	}
	must[Script](t)(s.CreateScript(t.Context(), app.ID, ScriptDraft{Name: "kv"}))
	_, err := s.CreateScript(t.Context(), s.newID(), ScriptDraft{Name: "x"})
	wantCode(t, err, KindNotFound, "not_found")
	must[Script](t)(s.CreateScript(t.Context(), testApp(t, s, "two").ID, ScriptDraft{Name: "a"}))
}

func TestDependents(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := testApp(t, s, "one")
	base := testScript(t, s, app.ID, "base", ScriptModule)
	middle := testScript(t, s, app.ID, "middle", ScriptModule, "base")
	top := testScript(t, s, app.ID, "top", ScriptEndpoint, "middle")
	route := must[Route](t)(s.CreateRoute(t.Context(), top.ID, RouteDraft{Method: "GET", Path: "/a"}, never))
	dependents := func(err error) []Dependent {
		t.Helper()
		list, _ := wantCode(t, err, KindConflict, "has_dependents").Details["dependents"].([]Dependent)
		return list
	}
	change := func(id uuid.UUID, c ScriptChange) error {
		_, err := s.UpdateScript(t.Context(), id, c)
		return err
	}
	want := []Dependent{{"script", middle.ID, "middle"}}
	for _, err := range []error{s.DeleteScript(t.Context(), base.ID), change(base.ID, ScriptChange{Name: ptr("other")}),
		change(base.ID, ScriptChange{Kind: ptr(ScriptEndpoint)})} {
		if diff := cmp.Diff(want, dependents(err)); diff != "" {
			t.Errorf("dependents of base:\n%s", diff)
		}
	}
	want = []Dependent{{"route", route.ID, "GET /a"}}
	for _, err := range []error{s.DeleteScript(t.Context(), top.ID), change(top.ID, ScriptChange{Kind: ptr(ScriptModule)})} {
		if diff := cmp.Diff(want, dependents(err)); diff != "" {
			t.Errorf("dependents of top:\n%s", diff)
		}
	}
	noError(t, change(top.ID, ScriptChange{Name: ptr("renamed")}))
	wantCode(t, change(base.ID, ScriptChange{Source: ptr(""), Imports: []string{"middle"}}), KindInvalid, "module_cycle")
	noError(t, s.DeleteRoute(t.Context(), route.ID))
	for _, id := range []uuid.UUID{top.ID, middle.ID, base.ID} {
		noError(t, s.DeleteScript(t.Context(), id))
	}
	wantCode(t, s.DeleteScript(t.Context(), base.ID), KindNotFound, "not_found")
}

func TestOneNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := testApp(t, s, "one")
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			_, err := s.CreateScript(t.Context(), app.ID, ScriptDraft{Name: "same"})
			errs <- err
		}()
	}
	made := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			made++
		} else {
			wantCode(t, err, KindConflict, "name_taken")
		}
	}
	if made != 1 || s.Catalog().ScriptByName(app.ID, "same") == nil {
		t.Errorf("%d scripts of one name", made)
	}
}

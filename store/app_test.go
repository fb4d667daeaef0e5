package store

import (
	"strings"
	"testing"
)

func TestAppRules(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	for slug, valid := range map[string]bool{"a": true, "a-1": true, strings.Repeat("x", 63): true,
		"": false, "A": false, "a_b": false, "ä": false, "a b": false, strings.Repeat("x", 64): false} {
		_, err := s.CreateApp(t.Context(), AppDraft{Slug: slug})
		if valid {
			noError(t, err)
		} else {
			wantCode(t, err, KindInvalid, "invalid_slug")
		}
	}
	_, err := s.CreateApp(t.Context(), AppDraft{Slug: "a"})
	wantCode(t, err, KindConflict, "slug_taken")
	a := *s.Catalog().AppBySlug("a")
	_, err = s.UpdateApp(t.Context(), a.ID, AppChange{Slug: ptr("a-1")})
	wantCode(t, err, KindConflict, "slug_taken")
	_, err = s.UpdateApp(t.Context(), a.ID, AppChange{Name: ptr("")})
	wantCode(t, err, KindInvalid, "invalid_name")
	_, err = s.UpdateApp(t.Context(), s.newID(), AppChange{})
	wantCode(t, err, KindNotFound, "not_found")
	changed := must[App](t)(s.UpdateApp(t.Context(), a.ID, AppChange{Slug: ptr("b"), Description: ptr("text")}))
	if got := must[App](t)(s.App(t.Context(), a.ID)); got != changed || got.Slug != "b" || got.Name != "a" || got.Description != "text" {
		t.Errorf("the app is %+v", got)
	}
	script := testScript(t, s, a.ID, "one", ScriptEndpoint)
	must[Route](t)(s.CreateRoute(t.Context(), script.ID, RouteDraft{Method: "GET", Path: "/"}, never))
	wantCode(t, s.DeleteApp(t.Context(), a.ID, false), KindConflict, "app_not_empty")
	noError(t, s.DeleteApp(t.Context(), a.ID, true))
	wantCode(t, s.DeleteApp(t.Context(), a.ID, true), KindNotFound, "not_found")
	if c := s.Catalog(); len(c.Scripts) != 0 || len(c.Routes) != 0 || c.AppBySlug("b") != nil {
		t.Error("the app left something behind")
	}
}

package store

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScriptVersions(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := testApp(t, s, "one")
	long := strings.Repeat("local x = 1\n", 1000)
	made := must[Script](t)(s.CreateScript(t.Context(), app.ID, ScriptDraft{Name: "a", Source: long, TimeoutMS: ptr(int64(5)),
		Limits: Limits{Instructions: ptr(int64(9))}, CreatedBy: "ann"}))
	if diff := cmp.Diff(made, must[Script](t)(s.Script(t.Context(), made.ID))); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
	changed := must[Script](t)(s.UpdateScript(t.Context(), made.ID, ScriptChange{Source: ptr("return 2"), IfVersion: ptr(1), ChangedBy: "bob"}))
	if changed.Version != 2 || changed.Source != "return 2" || *changed.TimeoutMS != 5 {
		t.Errorf("after a save: %+v", changed)
	}
	_, err := s.UpdateScript(t.Context(), made.ID, ScriptChange{Source: ptr("return 3"), IfVersion: ptr(1)})
	wantCode(t, err, KindConflict, "stale_version")
	other := must[Script](t)(s.UpdateScript(t.Context(), made.ID, ScriptChange{Enabled: ptr(false), TimeoutMS: ptr[*int64](nil),
		Limits: LimitsChange{Instructions: ptr[*int64](nil)}, Access: ptr(AccessAuthenticated), IfVersion: ptr(2), ChangedBy: "cat"}))
	if other.Version != 3 || other.Enabled || other.TimeoutMS != nil || other.Limits.Instructions != nil || other.Access != AccessAuthenticated {
		t.Errorf("after a change without source: %+v", other)
	}
	_, err = s.UpdateScript(t.Context(), made.ID, ScriptChange{Description: ptr("late"), IfVersion: ptr(2)})
	wantCode(t, err, KindConflict, "stale_version")
	again := must[Script](t)(s.UpdateScript(t.Context(), made.ID, ScriptChange{Source: ptr("return 2"), Enabled: ptr(false), IfVersion: ptr(3)}))
	if diff := cmp.Diff(other, again); diff != "" {
		t.Errorf("after a change that changes nothing:\n%s", diff)
	}
	back := must[Script](t)(s.RollbackScript(t.Context(), made.ID, 1, "eve"))
	if back.Version != 4 || back.Source != long || back.Enabled {
		t.Errorf("after a rollback: version %d", back.Version)
	}
	_, err = s.RollbackScript(t.Context(), made.ID, 9, "eve")
	wantCode(t, err, KindNotFound, "not_found")
	page := must[Page[ScriptVersion]](t)(s.ScriptVersions(t.Context(), made.ID, PageRequest{Limit: 2}))
	if len(page.Items) != 2 || page.Items[0].Version != 4 || page.Items[0].CreatedBy != "eve" ||
		page.Items[1].CreatedBy != "cat" || page.NextCursor == "" {
		t.Errorf("the first page is %+v", page)
	}
	page = must[Page[ScriptVersion]](t)(s.ScriptVersions(t.Context(), made.ID, PageRequest{Limit: 2, Cursor: page.NextCursor}))
	if len(page.Items) != 2 || page.Items[1].Version != 1 || page.Items[1].Source != "" || page.NextCursor != "" {
		t.Errorf("the second page is %+v", page)
	}
	if got := must[ScriptVersion](t)(s.ScriptVersion(t.Context(), made.ID, 2)); got.Source != "return 2" || got.CreatedBy != "bob" {
		t.Errorf("version 2 is %+v", got)
	}
	if got := must[string](t)(s.ScriptSource(t.Context(), made.ID, 3)); got != "return 2" {
		t.Errorf("the source of version 3 is %q", got)
	}
	if got := must[string](t)(s.ScriptSource(t.Context(), made.ID, 1)); got != long {
		t.Errorf("the source of version 1 has %d bytes, want %d", len(got), len(long))
	}
	stored := must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) {
		return tx.count("SELECT sum(length(source)) FROM script_versions")
	}))
	if stored > 1000 {
		t.Errorf("the sources take %d bytes, want them deflated", stored)
	}
	_, err = s.ScriptVersions(t.Context(), s.newID(), PageRequest{})
	wantCode(t, err, KindNotFound, "not_found")
}

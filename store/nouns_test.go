package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func never(Route, Route) bool { return false }
func samePath(a, b Route) bool {
	return a.Path == b.Path && a.Method == b.Method
}

func ptr[T any](v T) *T { return &v }

func testApp(t testing.TB, s *Store, slug string) App {
	t.Helper()
	return must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: slug}))
}

func testScript(t testing.TB, s *Store, app uuid.UUID, name string, kind ScriptKind, imports ...string) Script {
	t.Helper()
	return must[Script](t)(s.CreateScript(t.Context(), app, ScriptDraft{Name: name, Kind: kind, Source: "return 1", Imports: imports, CreatedBy: "ann"}))
}

func TestFirstOwner(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	if has := must[bool](t)(s.HasUsers(t.Context())); has {
		t.Error("a fresh instance has users")
	}
	errs := make(chan error, 16)
	for i := range cap(errs) {
		go func() {
			_, err := s.CreateFirstOwner(t.Context(), fmt.Sprint("owner", i), "hash")
			errs <- err
		}()
	}
	made := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			made++
		} else {
			wantCode(t, err, KindConflict, "already_set_up")
		}
	}
	if has := must[bool](t)(s.HasUsers(t.Context())); made != 1 || !has {
		t.Errorf("%d first owners, want 1", made)
	}
	if s.Catalog().AppBySlug("default") == nil {
		t.Error("there is no app called default")
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	made := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	if made.Role != RoleOwner || !made.Active || made.LastLoginAt != nil {
		t.Errorf("the first owner is %+v", made)
	}
	for _, read := range []func() (User, error){
		func() (User, error) { return s.User(t.Context(), made.ID) },
		func() (User, error) { return s.UserByName(t.Context(), "ann") },
	} {
		if diff := cmp.Diff(made, must[User](t)(read())); diff != "" {
			t.Errorf("read back:\n%s", diff)
		}
	}
	noError(t, s.RecordLogin(t.Context(), made.ID))
	must[User](t)(s.resetPassword(t.Context(), "ann", "new"))
	if got := must[User](t)(s.User(t.Context(), made.ID)); got.PasswordHash != "new" || got.LastLoginAt == nil {
		t.Errorf("after a login and a new password: %+v", got)
	}
	none := s.newID()
	_, err := s.User(t.Context(), none)
	wantCode(t, err, KindNotFound, "not_found")
	_, err = s.UserByName(t.Context(), "Ann")
	wantCode(t, err, KindNotFound, "not_found")
	wantCode(t, s.RecordLogin(t.Context(), none), KindNotFound, "not_found")
	_, err = s.resetPassword(t.Context(), "Ann", "")
	wantCode(t, err, KindNotFound, "not_found")
	_, err = s.CreateUser(t.Context(), UserDraft{Username: "ann", Role: RoleMember, Highest: RoleAdmin})
	wantCode(t, err, KindConflict, "username_taken")
}

func TestSessions(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	user := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	now := TimeOf(clock.now())
	session := func(n byte) Session {
		return Session{TokenHash: [32]byte{n}, UserID: user.ID, CreatedAt: now, ExpiresAt: now + 1000}
	}
	for n := range byte(4) {
		noError(t, s.StartSession(t.Context(), session(n), "hash"))
	}
	wantCode(t, s.StartSession(t.Context(), session(0), "hash"), KindConflict, "session_exists")
	wantCode(t, s.StartSession(t.Context(), session(9), "older hash"), KindUnauthorized, "bad_credentials")
	wantCode(t, s.StartSession(t.Context(), Session{UserID: s.newID()}, "hash"), KindUnauthorized, "bad_credentials")
	got, owner, err := s.SessionUser(t.Context(), [32]byte{1})
	noError(t, err)
	if diff := cmp.Diff(session(1), got) + cmp.Diff(user, owner); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
	noError(t, s.EndSession(t.Context(), session(0), user))
	noError(t, s.ExtendSession(t.Context(), [32]byte{1}, now+60_000))
	clock.step(2 * time.Second)
	live := func(n byte) bool {
		_, _, err := s.SessionUser(t.Context(), [32]byte{n})
		if err != nil {
			wantCode(t, err, KindNotFound, "not_found")
		}
		return err == nil
	}
	if live(0) || !live(1) || live(2) {
		t.Error("want only the extended session alive")
	}
	wantCode(t, s.ExtendSession(t.Context(), [32]byte{2}, now+60_000), KindNotFound, "not_found")
	if n := must[int](t)(s.DeleteExpiredSessions(t.Context())); n != 2 {
		t.Errorf("%d expired sessions, want 2", n)
	}
	noError(t, s.RehashPassword(t.Context(), user.ID, "hash", "better"))
	noError(t, s.RehashPassword(t.Context(), user.ID, "hash", "lost"))
	if !live(1) || must[User](t)(s.User(t.Context(), user.ID)).PasswordHash != "better" {
		t.Error("a rehash ended a session, or overwrote a newer hash")
	}
	wantCode(t, s.ChangePassword(t.Context(), session(8), "hash", "new"), KindUnauthorized, "bad_credentials")
	noError(t, s.ChangePassword(t.Context(), Session{TokenHash: [32]byte{8}, UserID: user.ID, ExpiresAt: now + 60_000}, "better", "new"))
	if live(1) || !live(8) {
		t.Error("after a password change want only the new session alive")
	}
	must[User](t)(s.resetPassword(t.Context(), "ann", "newer"))
	if live(8) {
		t.Error("a session outlives a password reset")
	}
}

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

func TestPages(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	for i := range 25 {
		testApp(t, s, fmt.Sprintf("app-%02d", i))
	}
	var slugs []string
	request := PageRequest{Limit: 10}
	var cursors []string
	for {
		page := must[Page[App]](t)(s.Apps(t.Context(), nil, request))
		for _, a := range page.Items {
			slugs = append(slugs, a.Slug)
		}
		if request.Cursor = page.NextCursor; request.Cursor == "" {
			break
		}
		cursors = append(cursors, request.Cursor)
	}
	if len(slugs) != 25 || len(cursors) != 2 || slugs[0] != "app-00" || slugs[24] != "app-24" {
		t.Errorf("%d apps on %d pages: %v", len(slugs), len(cursors)+1, slugs)
	}
	for _, limit := range []int{-1, 201} {
		_, err := s.Apps(t.Context(), nil, PageRequest{Limit: limit})
		wantCode(t, err, KindInvalid, "invalid_limit")
	}
	cursor := cursors[0]
	bad := []string{"x", "!!!", cursor + "A", cursor[:len(cursor)-1], cursor[:8]}
	// The last letter carries bits that stand for nothing; those count too.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(cursor) - 1
	bad = append(bad, cursor[:end]+string(alphabet[strings.IndexByte(alphabet, cursor[end])^1]))
	for i := range cursor {
		other := byte('A')
		if cursor[i] == other {
			other = 'B'
		}
		bad = append(bad, cursor[:i]+string(other)+cursor[i+1:])
	}
	for _, c := range bad {
		_, err := s.Apps(t.Context(), nil, PageRequest{Cursor: c})
		wantCode(t, err, KindInvalid, "invalid_cursor")
	}
	_, err := s.Scripts(t.Context(), ScriptFilter{}, PageRequest{Cursor: cursor})
	wantCode(t, err, KindInvalid, "invalid_cursor")
	_, err = newTestStore(t).Apps(t.Context(), nil, PageRequest{Cursor: cursor})
	wantCode(t, err, KindInvalid, "invalid_cursor")
}

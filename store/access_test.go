package store

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// rounds returns how often a race is run: long with PICLOUD_TEST_LONG set.
func rounds(short, long int) int {
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		return long
	}
	return short
}

func testUser(t testing.TB, s *Store, name string, role Role) User {
	t.Helper()
	return must[User](t)(s.CreateUser(t.Context(), UserDraft{Username: name, Role: role, PasswordHash: "hash"}, true))
}

func testSession(t testing.TB, s *Store, user User, n byte) {
	t.Helper()
	noError(t, s.StartSession(t.Context(), Session{TokenHash: [32]byte{n}, UserID: user.ID, ExpiresAt: 1 << 50}, user.PasswordHash))
}

func testKey(t testing.TB, s *Store, user User, name string, app *uuid.UUID) APIKey {
	t.Helper()
	return must[APIKey](t)(s.CreateAPIKey(t.Context(), user.ID, APIKeyDraft{Name: name, Prefix: name, BodyFilter: 1<<32 - 1, BodyHash: "hash",
		Scopes: []Scope{ScopeScriptRead}, App: app}))
}

func TestUserRules(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	bob := testUser(t, s, "bob", RoleMember)
	for name, valid := range map[string]bool{"x": true, "Ä b": true, "": false, " x": false, "x ": false, "a\nb": false, "a\x00b": false, "\xff": false} {
		_, err := s.CreateUser(t.Context(), UserDraft{Username: name, Role: RoleMember}, false)
		if valid {
			noError(t, err)
		} else {
			wantCode(t, err, KindInvalid, "invalid_username")
		}
	}
	_, err := s.CreateUser(t.Context(), UserDraft{Username: "y", Role: "boss"}, true)
	wantCode(t, err, KindInvalid, "invalid_role")
	_, err = s.CreateUser(t.Context(), UserDraft{Username: "y", Role: RoleOwner}, false)
	wantCode(t, err, KindForbidden, "owners_only")
	for _, change := range []UserChange{{Role: ptr(RoleMember)}, {Active: ptr(false)}, {PasswordHash: ptr("x")}} {
		_, err = s.UpdateUser(t.Context(), ann.ID, change)
		wantCode(t, err, KindForbidden, "owners_only")
	}
	_, err = s.UpdateUser(t.Context(), bob.ID, UserChange{Role: ptr(RoleOwner)})
	wantCode(t, err, KindForbidden, "owners_only")
	_, err = s.UpdateUser(t.Context(), bob.ID, UserChange{Role: ptr(Role("boss"))})
	wantCode(t, err, KindInvalid, "invalid_role")
	wantCode(t, s.DeleteUser(t.Context(), ann.ID, false), KindForbidden, "owners_only")
	_, err = s.UpdateUser(t.Context(), s.newID(), UserChange{})
	wantCode(t, err, KindNotFound, "not_found")
	wantCode(t, s.DeleteUser(t.Context(), s.newID(), true), KindNotFound, "not_found")
	page := must[Page[User]](t)(s.Users(t.Context(), PageRequest{Limit: 2}))
	if page.Items[0].Username != "ann" || page.Items[1].Username != "bob" || page.NextCursor == "" {
		t.Errorf("the first page is %+v", page)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	idle := testUser(t, s, "idle", RoleOwner)
	must[User](t)(s.UpdateUser(t.Context(), idle.ID, UserChange{Active: ptr(false), ByOwner: true}))
	for _, change := range []UserChange{{Role: ptr(RoleAdmin), ByOwner: true}, {Active: ptr(false), ByOwner: true}} {
		_, err := s.UpdateUser(t.Context(), ann.ID, change)
		wantCode(t, err, KindConflict, "last_owner")
	}
	wantCode(t, s.DeleteUser(t.Context(), ann.ID, true), KindConflict, "last_owner")
	if got := must[User](t)(s.User(t.Context(), ann.ID)); got != ann {
		t.Errorf("a refused change left %+v", got)
	}
	must[User](t)(s.UpdateUser(t.Context(), idle.ID, UserChange{Active: ptr(true), ByOwner: true}))
	noError(t, s.DeleteUser(t.Context(), ann.ID, true))
	if n := must[int](t)(s.ActiveOwners(t.Context())); n != 1 {
		t.Errorf("%d active owners, want 1", n)
	}
}

// Two owners who remove each other at once, in every way there is: one stays.
func TestTheLastOwnerStaysInARace(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	must[User](t)(s.CreateFirstOwner(t.Context(), "first", "hash"))
	ways := []func(User) error{
		func(u User) error { return s.DeleteUser(t.Context(), u.ID, true) },
		func(u User) error {
			_, err := s.UpdateUser(t.Context(), u.ID, UserChange{Active: ptr(false), ByOwner: true})
			return err
		},
		func(u User) error {
			_, err := s.UpdateUser(t.Context(), u.ID, UserChange{Role: ptr(RoleMember), ByOwner: true})
			return err
		},
	}
	first := must[User](t)(s.UserByName(t.Context(), "first"))
	for round := range rounds(30, 1000) {
		second := testUser(t, s, fmt.Sprint("owner", round), RoleOwner)
		errs := together(2, func(i int) error { return ways[(round/(1+2*i))%3]([]User{first, second}[i]) })
		if refused := slices.IndexFunc(errs, func(err error) bool { return err != nil }); refused < 0 {
			t.Fatalf("round %d: both owners went", round)
		} else {
			wantCode(t, errs[refused], KindConflict, "last_owner")
			first = []User{first, second}[refused]
		}
		if n := must[int](t)(s.ActiveOwners(t.Context())); n != 1 {
			t.Fatalf("round %d: %d active owners", round, n)
		}
	}
}

// An instance that nobody owns is taken by one of those who try at once.
func TestOneFirstOwnerInARace(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	for round := range rounds(20, 1000) {
		made := 0
		for _, err := range together(8, func(i int) error {
			_, err := s.CreateFirstOwner(t.Context(), fmt.Sprint("owner", i), "hash")
			return err
		}) {
			if err == nil {
				made++
			} else {
				wantCode(t, err, KindConflict, "already_set_up")
			}
		}
		if made != 1 {
			t.Fatalf("round %d: %d first owners", round, made)
		}
		noError(t, s.change(t.Context(), func(tx *transaction) error {
			_, err := tx.exec("DELETE FROM users")
			return err
		}))
	}
}

// together runs fn for 0 to n-1 at once and returns their errors.
func together(n int, fn func(int) error) []error {
	errs := make([]error, n)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

// One of those who do the same at once gets it, the others a conflict.
func TestOneWinsARace(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	apps := []App{testApp(t, s, "one"), testApp(t, s, "two")}
	scripts := []Script{testScript(t, s, apps[0].ID, "a", ScriptEndpoint), testScript(t, s, apps[1].ID, "a", ScriptEndpoint)}
	for name, try := range map[string]struct {
		code string
		do   func(round, i int) error
	}{
		"user": {"username_taken", func(round, _ int) error {
			_, err := s.CreateUser(t.Context(), UserDraft{Username: fmt.Sprint("u", round), Role: RoleMember}, true)
			return err
		}},
		"app": {"slug_taken", func(round, _ int) error {
			_, err := s.CreateApp(t.Context(), AppDraft{Slug: fmt.Sprint("a", round)})
			return err
		}},
		"script": {"name_taken", func(round, _ int) error {
			_, err := s.CreateScript(t.Context(), apps[0].ID, ScriptDraft{Name: fmt.Sprint("s", round)})
			return err
		}},
		"key": {"name_taken", func(round, i int) error {
			_, err := s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "key", Prefix: fmt.Sprint(round, "-", i), Scopes: Scopes})
			return err
		}},
		"route of two apps": {"route_conflict", func(round, i int) error {
			_, err := s.CreateRoute(t.Context(), scripts[i%2].ID, RouteDraft{Method: "GET", Path: fmt.Sprint("/", round)}, samePath)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for round := range rounds(20, 1000) {
				won := 0
				for _, err := range together(4, func(i int) error { return try.do(round, i) }) {
					if err == nil {
						won++
					} else {
						wantCode(t, err, KindConflict, try.code)
					}
				}
				if won != 1 {
					t.Fatalf("round %d: %d got it", round, won)
				}
				for _, key := range must[Page[APIKey]](t)(s.APIKeys(t.Context(), ann.ID, PageRequest{})).Items {
					noError(t, s.DeleteAPIKey(t.Context(), ann.ID, key.ID))
				}
			}
		})
	}
}

func TestDeactivationEndsSessionsAndKeys(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	live := func(session byte, prefix string) [2]bool {
		_, _, noSession := s.SessionUser(t.Context(), [32]byte{session})
		_, _, noKey := s.APIKeyByPrefix(t.Context(), prefix)
		return [2]bool{noSession == nil, noKey == nil}
	}
	for i, c := range []struct {
		change UserChange
		want   [2]bool
	}{
		{UserChange{Role: ptr(RoleAdmin)}, [2]bool{true, true}},
		{UserChange{PasswordHash: ptr("new")}, [2]bool{false, true}},
		{UserChange{Active: ptr(false)}, [2]bool{false, false}},
	} {
		bob := testUser(t, s, fmt.Sprint("bob", i), RoleMember)
		testSession(t, s, bob, byte(i))
		testKey(t, s, bob, fmt.Sprint("key", i), nil)
		must[User](t)(s.UpdateUser(t.Context(), bob.ID, c.change))
		if got := live(byte(i), fmt.Sprint("key", i)); got != c.want {
			t.Errorf("after %+v session and key live: %v, want %v", c.change, got, c.want)
		}
		must[User](t)(s.UpdateUser(t.Context(), bob.ID, UserChange{Active: ptr(true)}))
		if got := live(byte(i), fmt.Sprint("key", i)); got != c.want {
			t.Errorf("activation brings back: %v, want %v", got, c.want)
		}
		noError(t, s.DeleteUser(t.Context(), bob.ID, false))
		if got := live(byte(i), fmt.Sprint("key", i)); got != [2]bool{} {
			t.Errorf("a deleted user's session and key live: %v", got)
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	one, two := testApp(t, s, "one"), testApp(t, s, "two")
	bob, eve := testUser(t, s, "bob", RoleMember), testUser(t, s, "eve", RoleMember)
	must[Member](t)(s.SetMember(t.Context(), one.ID, eve.ID, AppViewer))
	must[Member](t)(s.SetMember(t.Context(), one.ID, bob.ID, AppViewer))
	must[Member](t)(s.SetMember(t.Context(), one.ID, bob.ID, AppEditor))
	must[Member](t)(s.SetMember(t.Context(), two.ID, bob.ID, AppAdmin))
	page := must[Page[Member]](t)(s.Members(t.Context(), one.ID, PageRequest{}))
	if want := []Member{{bob.ID, "bob", AppEditor}, {eve.ID, "eve", AppViewer}}; !slices.Equal(page.Items, want) {
		t.Errorf("the members are %+v, want %+v", page.Items, want)
	}
	role := func(user User, app App) AppRole { return must[AppRole](t)(s.AppRole(t.Context(), user.ID, app.ID)) }
	if role(bob, one) != AppEditor || role(bob, two) != AppAdmin || role(eve, two) != "" {
		t.Error("roles are mixed up")
	}
	if got := must[map[uuid.UUID]AppRole](t)(s.AppRoles(t.Context(), bob.ID)); len(got) != 2 || got[one.ID] != AppEditor {
		t.Errorf("bob's roles are %v", got)
	}
	_, err := s.SetMember(t.Context(), one.ID, bob.ID, "boss")
	wantCode(t, err, KindInvalid, "invalid_role")
	_, err = s.SetMember(t.Context(), s.newID(), bob.ID, AppViewer)
	wantCode(t, err, KindNotFound, "not_found")
	_, err = s.SetMember(t.Context(), one.ID, s.newID(), AppViewer)
	wantCode(t, err, KindNotFound, "not_found")
	noError(t, s.RemoveMember(t.Context(), one.ID, bob.ID))
	wantCode(t, s.RemoveMember(t.Context(), one.ID, bob.ID), KindNotFound, "not_found")
	wantCode(t, s.RemoveMember(t.Context(), one.ID, s.newID()), KindNotFound, "not_found")
	noError(t, s.DeleteUser(t.Context(), eve.ID, false))
	noError(t, s.DeleteApp(t.Context(), two.ID, false))
	if role(bob, one) != "" || role(eve, one) != "" || role(bob, two) != "" {
		t.Error("a role outlives its member, user or app")
	}
}

func TestAPIKeyRules(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	bob := testUser(t, s, "bob", RoleMember)
	app := testApp(t, s, "one")
	made := testKey(t, s, ann, "key", &app.ID)
	got, owner, err := s.APIKeyByPrefix(t.Context(), "key")
	noError(t, err)
	if got.ID != made.ID || got.BodyFilter != 1<<32-1 || got.BodyHash != "hash" || *got.App != app.ID || owner != ann {
		t.Errorf("read back %+v of %+v", got, owner)
	}
	for code, draft := range map[string]APIKeyDraft{
		"invalid_name": {Scopes: Scopes}, "bound_key": {Name: "x", Scopes: []Scope{ScopeInstanceRead}, App: &app.ID},
		"invalid_scopes": {Name: "x"}} {
		_, err := s.CreateAPIKey(t.Context(), ann.ID, draft)
		wantCode(t, err, KindInvalid, code)
	}
	for _, scopes := range [][]Scope{{"script:all"}, {ScopeLogRead, ScopeLogRead}} {
		_, err := s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "x", Scopes: scopes})
		wantCode(t, err, KindInvalid, "invalid_scopes")
	}
	_, err = s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "other", Prefix: "key", Scopes: Scopes})
	wantCode(t, err, KindConflict, "prefix_taken")
	testKey(t, s, bob, "bobs", nil)
	wantCode(t, s.DeleteAPIKey(t.Context(), bob.ID, made.ID), KindNotFound, "not_found")
	now := TimeOf(clock.now())
	noError(t, s.TouchAPIKey(t.Context(), made.ID, now-1))
	clock.step(1e6)
	noError(t, s.TouchAPIKey(t.Context(), made.ID, now-1)) // noted after that
	if got, _, _ = s.APIKeyByPrefix(t.Context(), "key"); got.LastUsedAt == nil || *got.LastUsedAt != now {
		t.Errorf("last used at %v, want %v", got.LastUsedAt, now)
	}
	noError(t, s.DeleteApp(t.Context(), app.ID, true))
	_, _, err = s.APIKeyByPrefix(t.Context(), "key")
	wantCode(t, err, KindNotFound, "not_found")
	short := must[APIKey](t)(s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "short", Prefix: "short", Scopes: Scopes, ExpiresAt: ptr(now + 1000)}))
	clock.step(1e9)
	_, _, err = s.APIKeyByPrefix(t.Context(), short.Prefix)
	wantCode(t, err, KindNotFound, "not_found")
	for i := range maxKeysOfUser - 1 {
		testKey(t, s, bob, "k"+strconv.Itoa(i), nil)
	}
	_, err = s.CreateAPIKey(t.Context(), bob.ID, APIKeyDraft{Name: "more", Scopes: Scopes})
	wantCode(t, err, KindInvalid, "too_many_keys")
}

func TestTheSecretOutlivesARestart(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	secret := s.Secret()
	closeTest(t, s)
	if again := openTest(t, s.config).Secret(); again != secret || secret == [32]byte{} {
		t.Errorf("the secret was %x, is %x", secret, again)
	}
	if other := newTestStore(t).Secret(); other == secret {
		t.Error("two instances share a secret")
	}
}

// orderOf returns the actions of the audit, oldest first.
func orderOf(t testing.TB, s *Store, filter AuditFilter) []string {
	t.Helper()
	var actions []string
	for request := (PageRequest{Limit: 2}); ; {
		page := must[Page[AuditEntry]](t)(s.Audit(t.Context(), filter, request))
		for _, e := range page.Items {
			actions = append(actions, fmt.Sprintf("%s %s×%d", e.Action, cmp.Or(e.Target.Name, "-"), e.Times))
		}
		if request.Cursor = page.NextCursor; request.Cursor == "" {
			slices.Reverse(actions)
			return actions
		}
	}
}

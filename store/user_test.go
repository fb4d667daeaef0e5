package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

func testUser(t testing.TB, s *Store, name string, role Role) User {
	t.Helper()
	return must[User](t)(s.CreateUser(t.Context(), UserDraft{Username: name, Role: role, PasswordHash: "hash", Highest: RoleOwner}))
}

func TestUserRules(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	bob := testUser(t, s, "bob", RoleMember)
	for name, valid := range map[string]bool{"x": true, "Ä b": true, "": false, " x": false, "x ": false, "a\nb": false, "a\x00b": false, "\xff": false} {
		_, err := s.CreateUser(t.Context(), UserDraft{Username: name, Role: RoleMember, Highest: RoleAdmin})
		if valid {
			noError(t, err)
		} else {
			wantCode(t, err, KindInvalid, "invalid_username")
		}
	}
	_, err := s.CreateUser(t.Context(), UserDraft{Username: "y", Role: "boss", Highest: RoleOwner})
	wantCode(t, err, KindInvalid, "invalid_role")
	_, err = s.CreateUser(t.Context(), UserDraft{Username: "y", Role: RoleOwner, Highest: RoleAdmin})
	wantCode(t, err, KindForbidden, "owners_only")
	for _, change := range []UserChange{{Role: ptr(RoleMember)}, {Active: ptr(false)}, {PasswordHash: ptr("x")}} {
		change.Highest = RoleAdmin
		_, err = s.UpdateUser(t.Context(), ann.ID, change)
		wantCode(t, err, KindForbidden, "owners_only")
	}
	_, err = s.UpdateUser(t.Context(), bob.ID, UserChange{Role: ptr(RoleOwner), Highest: RoleAdmin})
	wantCode(t, err, KindForbidden, "owners_only")
	_, err = s.UpdateUser(t.Context(), bob.ID, UserChange{Role: ptr(Role("boss")), Highest: RoleAdmin})
	wantCode(t, err, KindInvalid, "invalid_role")
	wantCode(t, s.DeleteUser(t.Context(), ann.ID, RoleAdmin), KindForbidden, "owners_only")
	_, err = s.UpdateUser(t.Context(), s.newID(), UserChange{})
	wantCode(t, err, KindNotFound, "not_found")
	wantCode(t, s.DeleteUser(t.Context(), s.newID(), RoleOwner), KindNotFound, "not_found")
	page := must[Page[User]](t)(s.Users(t.Context(), PageRequest{Limit: 2}))
	if page.Items[0].Username != "ann" || page.Items[1].Username != "bob" || page.NextCursor == "" {
		t.Errorf("the first page is %+v", page)
	}
}

// Nobody makes or touches what is above the highest role that they may.
func TestHighestRoleOfUsers(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	made := 0
	for _, highest := range []Role{"", RoleMember, RoleAdmin, RoleOwner} {
		for _, role := range []Role{RoleMember, RoleAdmin, RoleOwner} {
			made++
			user, member := testUser(t, s, fmt.Sprint("user", made), role), testUser(t, s, fmt.Sprint("member", made), RoleMember)
			_, create := s.CreateUser(t.Context(), UserDraft{Username: fmt.Sprint("made", made), Role: role, Highest: highest})
			_, promote := s.UpdateUser(t.Context(), member.ID, UserChange{Role: &role, Highest: highest})
			_, reset := s.UpdateUser(t.Context(), user.ID, UserChange{PasswordHash: ptr("x"), Highest: highest})
			_, demote := s.UpdateUser(t.Context(), user.ID, UserChange{Role: ptr(RoleMember), Highest: highest})
			for _, err := range []error{create, promote, reset, demote, s.DeleteUser(t.Context(), user.ID, highest)} {
				switch {
				case role.Level() <= highest.Level():
					noError(t, err)
				case role == RoleOwner:
					wantCode(t, err, KindForbidden, "owners_only")
				default:
					wantCode(t, err, KindForbidden, "sessions_only")
				}
			}
		}
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	idle := testUser(t, s, "idle", RoleOwner)
	must[User](t)(s.UpdateUser(t.Context(), idle.ID, UserChange{Active: ptr(false), Highest: RoleOwner}))
	for _, change := range []UserChange{{Role: ptr(RoleAdmin), Highest: RoleOwner}, {Active: ptr(false), Highest: RoleOwner}} {
		_, err := s.UpdateUser(t.Context(), ann.ID, change)
		wantCode(t, err, KindConflict, "last_owner")
	}
	wantCode(t, s.DeleteUser(t.Context(), ann.ID, RoleOwner), KindConflict, "last_owner")
	if got := must[User](t)(s.User(t.Context(), ann.ID)); got != ann {
		t.Errorf("a refused change left %+v", got)
	}
	must[User](t)(s.UpdateUser(t.Context(), idle.ID, UserChange{Active: ptr(true), Highest: RoleOwner}))
	noError(t, s.DeleteUser(t.Context(), ann.ID, RoleOwner))
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
		func(u User) error { return s.DeleteUser(t.Context(), u.ID, RoleOwner) },
		func(u User) error {
			_, err := s.UpdateUser(t.Context(), u.ID, UserChange{Active: ptr(false), Highest: RoleOwner})
			return err
		},
		func(u User) error {
			_, err := s.UpdateUser(t.Context(), u.ID, UserChange{Role: ptr(RoleMember), Highest: RoleOwner})
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

package store

import (
	"slices"
	"testing"

	"github.com/google/uuid"
)

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
	noError(t, s.DeleteUser(t.Context(), eve.ID, RoleAdmin))
	noError(t, s.DeleteApp(t.Context(), two.ID, false))
	if role(bob, one) != "" || role(eve, one) != "" || role(bob, two) != "" {
		t.Error("a role outlives its member, user or app")
	}
}

// What goes wrong while the user is looked for is no answer about the user.
func TestRemoveMemberReportsAFailure(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	noError(t, s.change(t.Context(), func(tx *transaction) error {
		_, err := tx.exec("ALTER TABLE users RENAME COLUMN last_login_at TO lost")
		return err
	}))
	if err := s.RemoveMember(t.Context(), s.newID(), ann.ID); err == nil || KindOf(err) == KindNotFound {
		t.Errorf("a broken table is reported as %v", err)
	}
}

package store

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// AppRole is what a member may do in one app (spec 1). The empty one is no role.
type AppRole string

// The app roles, each with the rights of those before it.
const (
	AppViewer AppRole = "viewer"
	AppEditor AppRole = "editor"
	AppAdmin  AppRole = "app_admin"
)

// Level orders the app roles: 0 for none, 3 for app_admin.
func (r AppRole) Level() int {
	switch r {
	case AppViewer:
		return 1
	case AppEditor:
		return 2
	case AppAdmin:
		return 3
	default:
		return 0
	}
}

// Member is a user with a role in an app.
type Member struct {
	UserID   uuid.UUID `json:"user_id"`
	Username string    `json:"username"`
	Role     AppRole   `json:"role"`
}

const (
	selectMembers = "SELECT m.user_id, u.username, m.role FROM app_members m JOIN users u ON u.id = m.user_id" +
		" WHERE m.app_id = ? ORDER BY u.username"
	upsertMember = "INSERT INTO app_members (app_id, user_id, role) VALUES (?, ?, ?)" +
		" ON CONFLICT (app_id, user_id) DO UPDATE SET role = excluded.role WHERE role IS NOT excluded.role"
)

func scanMember(r row) (Member, error) {
	return Member{UserID: r.id(0), Username: r.text(1), Role: AppRole(r.text(2))}, nil
}

// Members lists an app's members by user name. Owners and admins of the
// instance are in it only when they were added.
func (s *Store) Members(ctx context.Context, app uuid.UUID, page PageRequest) (Page[Member], error) {
	members, err := readValue(ctx, s, func(t *transaction) ([]*Member, error) {
		return collect(t, scanMember, selectMembers, app)
	})
	if err != nil {
		return Page[Member]{}, err
	}
	return pageOf(s, "members "+app.String(), page, members, func(m *Member) string { return m.Username })
}

// AppRole returns the role that a user has as a member of an app; "" for none.
func (s *Store) AppRole(ctx context.Context, user, app uuid.UUID) (AppRole, error) {
	return readValue(ctx, s, func(t *transaction) (AppRole, error) {
		r, err := t.first("SELECT role FROM app_members WHERE app_id = ? AND user_id = ?", app, user)
		if errors.Is(err, errNoRow) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return AppRole(r.text(0)), nil
	})
}

// AppRoles returns the roles that a user has as a member, by app.
func (s *Store) AppRoles(ctx context.Context, user uuid.UUID) (map[uuid.UUID]AppRole, error) {
	roles := map[uuid.UUID]AppRole{}
	err := s.read(ctx, func(t *transaction) error {
		return t.each(func(r row) error {
			roles[r.id(0)] = AppRole(r.text(1))
			return nil
		}, "SELECT app_id, role FROM app_members WHERE user_id = ?", user)
	})
	return roles, err
}

// SetMember gives a user a role in an app, in place of the one before.
// KindInvalid "invalid_role"; KindNotFound without such an app or user.
func (s *Store) SetMember(ctx context.Context, appID, userID uuid.UUID, role AppRole) (Member, error) {
	return write(ctx, s, true, func(t *transaction) (Member, error) {
		if role.Level() == 0 {
			return Member{}, Errorf(KindInvalid, "invalid_role", "the role of a member is viewer, editor or app_admin")
		}
		if _, err := app(t, appID); err != nil {
			return Member{}, err
		}
		found, err := user(t, "id = ?", userID)
		if err != nil {
			return Member{}, err
		}
		t.touch(found.member(appID))
		t.detail("role", role)
		_, err = t.exec(upsertMember, appID, userID, role)
		return Member{UserID: userID, Username: found.Username, Role: role}, err
	})
}

// RemoveMember takes a user's role in an app.
func (s *Store) RemoveMember(ctx context.Context, appID, userID uuid.UUID) error {
	return s.change(ctx, func(t *transaction) error {
		found, err := user(t, "id = ?", userID)
		if KindOf(err) == KindNotFound {
			return noSuch("member")
		}
		if err != nil {
			return err
		}
		t.touch(found.member(appID))
		n, err := t.exec("DELETE FROM app_members WHERE app_id = ? AND user_id = ?", appID, userID)
		return mustChange(n, err, "member")
	})
}

// member names the user as a member of an app in the audit.
func (u User) member(app uuid.UUID) Target {
	return Target{Kind: "member", ID: &u.ID, Name: u.Username, App: &app}
}

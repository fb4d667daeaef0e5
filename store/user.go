package store

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// Role is a user's role in the instance (spec 1).
type Role string

// The instance roles.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// Level orders the instance roles: 0 for none of them, 3 for owner.
func (r Role) Level() int {
	switch r {
	case RoleMember:
		return 1
	case RoleAdmin:
		return 2
	case RoleOwner:
		return 3
	default:
		return 0
	}
}

// User is a person who signs in.
type User struct {
	ID           uuid.UUID `json:"id"`
	Username     string    `json:"username"`
	Role         Role      `json:"role"`
	Active       bool      `json:"active"` // whether the user may sign in
	PasswordHash string    `json:"-"`
	CreatedAt    Time      `json:"created_at"`
	LastLoginAt  *Time     `json:"last_login_at"`
}

// UserDraft is a new user. PasswordHash is the text that http makes of a
// password; Highest is UserChange's.
type UserDraft struct {
	Username     string
	Role         Role
	PasswordHash string
	Highest      Role
}

const (
	selectUser = "SELECT id, username, role, active, password_hash, created_at, last_login_at FROM users WHERE "
	insertUser = "INSERT INTO users (id, username, role, active, password_hash, created_at) VALUES (?, ?, ?, 1, ?, ?)"
)

func scanUser(r row) (User, error) {
	return User{ID: r.id(0), Username: r.text(1), Role: Role(r.text(2)), Active: r.integer(3) != 0,
		PasswordHash: r.text(4), CreatedAt: r.time(5), LastLoginAt: r.optionalTime(6)}, nil
}

// HasUsers reports whether the instance is set up.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	return readValue(ctx, s, hasUsers)
}

func hasUsers(t *transaction) (bool, error) {
	n, err := t.count("SELECT EXISTS (SELECT 1 FROM users)")
	return n != 0, err
}

// CreateFirstOwner makes the first user, an owner, and the app "default"; a
// conflict (code "already_set_up") when any user exists.
func (s *Store) CreateFirstOwner(ctx context.Context, username, passwordHash string) (User, error) {
	return write(ctx, s, true, func(t *transaction) (User, error) {
		exists, err := hasUsers(t)
		if err != nil {
			return User{}, err
		}
		if exists {
			return User{}, Errorf(KindConflict, "already_set_up", "this instance has an owner already; sign in")
		}
		if _, err := s.createApp(t, AppDraft{Slug: "default", Name: "Default"}); err != nil && KindOf(err) != KindConflict {
			return User{}, err
		}
		return s.createUser(t, UserDraft{Username: username, Role: RoleOwner, PasswordHash: passwordHash, Highest: RoleOwner})
	})
}

// maxUsernameBytes bounds a user name.
const maxUsernameBytes = 128

// CreateUser makes an active user. Conflict "username_taken"; KindInvalid
// "invalid_username" or "invalid_role"; KindForbidden "owners_only" or
// "sessions_only" for a role above draft.Highest.
func (s *Store) CreateUser(ctx context.Context, draft UserDraft) (User, error) {
	return write(ctx, s, true, func(t *transaction) (User, error) { return s.createUser(t, draft) })
}

// Check says what is wrong with a draft, before a hash is spent on it.
func (d UserDraft) Check() error {
	if err := checkUsername(d.Username); err != nil {
		return err
	}
	if err := checkReach(d.Highest, d.Role); err != nil {
		return err
	}
	return checkRole(d.Role)
}

func (s *Store) createUser(t *transaction, draft UserDraft) (User, error) {
	if err := draft.Check(); err != nil {
		return User{}, err
	}
	made := User{ID: s.newID(), Username: draft.Username, Role: draft.Role, Active: true, PasswordHash: draft.PasswordHash, CreatedAt: t.at}
	t.touch(made.target())
	t.detail("role", made.Role)
	_, err := t.exec(insertUser, made.ID, made.Username, made.Role, made.PasswordHash, made.CreatedAt)
	if isUnique(err) {
		return User{}, Errorf(KindConflict, "username_taken", "the user name %q is taken; choose another", made.Username)
	}
	return made, err
}

func checkUsername(name string) error {
	if err := checkText("username", name, 1, maxUsernameBytes); err != nil {
		return err
	}
	if strings.TrimSpace(name) != name || strings.ContainsAny(name, "\n\t") {
		return Errorf(KindInvalid, "invalid_username", "a user name has no space around it and is one line")
	}
	return nil
}

func checkRole(role Role) error {
	if role.Level() == 0 {
		return Errorf(KindInvalid, "invalid_role", "the role of a user is owner, admin or member")
	}
	return nil
}

// target names the user in the audit.
func (u User) target() Target { return Target{Kind: "user", ID: &u.ID, Name: u.Username} }

// Users lists the users by name.
func (s *Store) Users(ctx context.Context, page PageRequest) (Page[User], error) {
	users, err := readValue(ctx, s, func(t *transaction) ([]*User, error) {
		return collect(t, scanUser, selectUser+"TRUE ORDER BY username")
	})
	if err != nil {
		return Page[User]{}, err
	}
	return pageOf(s, "users", page, users, func(u *User) string { return u.Username })
}

// User returns the user of that id.
func (s *Store) User(ctx context.Context, id uuid.UUID) (User, error) {
	return readValue(ctx, s, func(t *transaction) (User, error) { return user(t, "id = ?", id) })
}

// UserByName returns the user of exactly that name.
func (s *Store) UserByName(ctx context.Context, username string) (User, error) {
	return readValue(ctx, s, func(t *transaction) (User, error) { return user(t, "username = ?", username) })
}

func user(t *transaction, where string, argument any) (User, error) {
	r, err := t.first(selectUser+where, argument)
	if errors.Is(err, errNoRow) {
		return User{}, noSuch("user")
	}
	if err != nil {
		return User{}, err
	}
	return scanUser(r)
}

// RecordLogin notes the time of a sign-in. It is relaxed: the time may be lost
// with the power within a second.
func (s *Store) RecordLogin(ctx context.Context, id uuid.UUID) error {
	return s.relax(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE users SET last_login_at = ? WHERE id = ?", t.at, id)
		return mustChange(n, err, "user")
	})
}

// DeleteUser removes a user with sessions, keys and memberships; what the user
// made stays. highest and the errors are UpdateUser's.
func (s *Store) DeleteUser(ctx context.Context, id uuid.UUID, highest Role) error {
	return s.change(ctx, func(t *transaction) error {
		old, err := user(t, "id = ?", id)
		if err != nil {
			return err
		}
		if err := checkReach(highest, old.Role); err != nil {
			return err
		}
		t.touch(old.target())
		t.changedCatalog = true // the user's triggers stop
		if _, err := t.exec("DELETE FROM users WHERE id = ?", id); err != nil {
			return err
		}
		return keepAnOwner(t, old)
	})
}

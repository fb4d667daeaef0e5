package store

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

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

// User is a person who signs in.
type User struct {
	ID           uuid.UUID `json:"id"`
	Username     string    `json:"username"`
	Role         Role      `json:"role"`
	Active       bool      `json:"active"`
	PasswordHash string    `json:"-"`
	CreatedAt    Time      `json:"created_at"`
	LastLoginAt  *Time     `json:"last_login_at"`
}

const (
	selectUser = "SELECT id, username, role, active, password_hash, created_at, last_login_at FROM users WHERE "
	insertUser = "INSERT INTO users (id, username, role, active, password_hash, created_at) VALUES (?, ?, ?, 1, ?, ?)"
)

func scanUser(r row) User {
	return User{ID: r.id(0), Username: r.text(1), Role: Role(r.text(2)), Active: r.integer(3) != 0,
		PasswordHash: r.text(4), CreatedAt: r.time(5), LastLoginAt: r.optionalTime(6)}
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
		return s.createUser(t, username, RoleOwner, passwordHash)
	})
}

// maxUsernameBytes bounds a user name.
const maxUsernameBytes = 128

func (s *Store) createUser(t *transaction, username string, role Role, passwordHash string) (User, error) {
	if err := checkText("username", username, 1, maxUsernameBytes); err != nil {
		return User{}, err
	}
	user := User{ID: s.newID(), Username: username, Role: role, Active: true, PasswordHash: passwordHash, CreatedAt: t.at}
	_, err := t.exec(insertUser, user.ID, user.Username, user.Role, user.PasswordHash, user.CreatedAt)
	if isUnique(err) {
		return User{}, Errorf(KindConflict, "username_taken", "the user name %q is taken; choose another", username)
	}
	return user, err
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
	return scanUser(r), nil
}

// RecordLogin notes the time of a sign-in. It is relaxed: the time may be lost
// with the power within a second.
func (s *Store) RecordLogin(ctx context.Context, id uuid.UUID) error {
	return s.relax(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE users SET last_login_at = ? WHERE id = ?", t.at, id)
		return mustChange(n, err, "user")
	})
}

// SetPassword replaces a password's hash. Ending the user's sessions is part
// of a password change (spec 5, "Access") and happens with it.
func (s *Store) SetPassword(ctx context.Context, id uuid.UUID, passwordHash string) error {
	return s.change(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE users SET password_hash = ? WHERE id = ?", passwordHash, id)
		if err := mustChange(n, err, "user"); err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM sessions WHERE user_id = ?", id)
		return err
	})
}

func noSuch(noun string) error {
	return Errorf(KindNotFound, "not_found", "there is no such %s", noun)
}

// mustChange makes "not found" of a change that met no row.
func mustChange(n int64, err error, noun string) error {
	if err == nil && n == 0 {
		return noSuch(noun)
	}
	return err
}

// checkText checks the length in bytes and that text is UTF-8 without control characters.
func checkText(field, text string, least, most int) error {
	if len(text) < least || len(text) > most {
		return Errorf(KindInvalid, "invalid_"+field, "%s must be %d to %d bytes long", field, least, most)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
		return Errorf(KindInvalid, "invalid_"+field, "%s must be text without control characters", field)
	}
	return nil
}

package store

import (
	"context"

	"github.com/google/uuid"
)

// UserChange holds what a PATCH changes; nil means unchanged. ByOwner says
// that an owner makes the change, signed in: nobody else may make, change or
// remove an owner (spec 5 and 8, "Access").
type UserChange struct {
	Role         *Role
	Active       *bool
	PasswordHash *string
	ByOwner      bool
}

const updateUser = "UPDATE users SET role = ?, active = ?, password_hash = ? WHERE id = ?"

// UpdateUser changes what is set in change. A new password ends the user's
// sessions, deactivation also deletes the API keys. Conflict "last_owner" when
// no active owner would be left; KindForbidden "owners_only" when an owner is
// made or changed and change.ByOwner is false.
func (s *Store) UpdateUser(ctx context.Context, id uuid.UUID, change UserChange) (User, error) {
	return write(ctx, s, true, func(t *transaction) (User, error) { return changeUser(t, id, change) })
}

func changeUser(t *transaction, id uuid.UUID, change UserChange) (User, error) {
	old, err := user(t, "id = ?", id)
	if err != nil {
		return User{}, err
	}
	if err := change.Check(old); err != nil {
		return User{}, err
	}
	changed := change.apply(old)
	change.describe(t, changed)
	t.changedCatalog = t.changedCatalog || changed.Active != old.Active // the user's triggers stop or go on
	if _, err := t.exec(updateUser, changed.Role, changed.Active, changed.PasswordHash, id); err != nil {
		return User{}, err
	}
	if err := keepAnOwner(t, old); err != nil {
		return User{}, err
	}
	return changed, endAccess(t, id, change.PasswordHash != nil || !changed.Active, !changed.Active)
}

// Check says whether the change may be made to old. UpdateUser asks again, of
// the user as it is then.
func (c UserChange) Check(old User) error {
	changed := c.apply(old)
	if (old.Role == RoleOwner || changed.Role == RoleOwner) && !c.ByOwner {
		return ownersOnly()
	}
	return checkRole(changed.Role)
}

func (c UserChange) apply(u User) User {
	set(&u.Role, c.Role)
	set(&u.Active, c.Active)
	set(&u.PasswordHash, c.PasswordHash)
	return u
}

// describe tells the audit what changes; of a password only that it does.
func (c UserChange) describe(t *transaction, changed User) {
	t.touch(changed.target())
	if c.Role != nil {
		t.detail("role", *c.Role)
	}
	if c.Active != nil {
		t.detail("active", *c.Active)
	}
	if c.PasswordHash != nil {
		t.detail("password", "changed")
	}
}

// endAccess takes a user's sessions, keys or both.
func endAccess(t *transaction, user uuid.UUID, sessions, keys bool) error {
	if sessions {
		if _, err := t.exec("DELETE FROM sessions WHERE user_id = ?", user); err != nil {
			return err
		}
	}
	if !keys {
		return nil
	}
	_, err := t.exec("DELETE FROM api_keys WHERE user_id = ?", user)
	return err
}

// keepAnOwner refuses, after a change of the user, to be left without an
// active owner. All changes pass the one writer, so two of them cannot each
// rely on the other's owner.
func keepAnOwner(t *transaction, old User) error {
	if old.Role != RoleOwner || !old.Active {
		return nil
	}
	left, err := activeOwners(t)
	if err == nil && left == 0 {
		err = Errorf(KindConflict, "last_owner", "%s is the last active owner; make another owner first", old.Username)
	}
	return err
}

func activeOwners(t *transaction) (int64, error) {
	return t.count("SELECT count(*) FROM users WHERE role = 'owner' AND active = 1")
}

// ActiveOwners counts the owners who may sign in. More than one is worth a
// warning (spec 5, "Access").
func (s *Store) ActiveOwners(ctx context.Context) (int, error) {
	n, err := readValue(ctx, s, activeOwners)
	return int(n), err
}

func ownersOnly() error {
	return Errorf(KindForbidden, "owners_only", "only an owner, signed in with a password, may make, change or remove an owner")
}

package store

import (
	"context"

	"github.com/google/uuid"
)

// ChangePassword replaces the password hash of session's user, ends all of the
// user's sessions and starts session in their place, in one step. It fails with
// KindUnauthorized when oldHash is no longer the user's.
func (s *Store) ChangePassword(ctx context.Context, session Session, oldHash, newHash string) error {
	return s.change(ctx, func(t *transaction) error {
		if _, err := checkedUser(t, session.UserID, oldHash); err != nil {
			return err
		}
		changed, err := setPassword(t, session.UserID, newHash)
		if err != nil {
			return err
		}
		if err := insertSessionRow(t, session); err != nil {
			return err
		}
		t.touch(changed.target())
		return nil
	})
}

// resetPassword gives the user of that name a new password hash and ends the
// user's sessions: recovery on the box (spec 7, "admin reset-password").
func (s *Store) resetPassword(ctx context.Context, username, passwordHash string) (User, error) {
	return write(ctx, s, true, func(t *transaction) (User, error) {
		found, err := user(t, "username = ?", username)
		if err != nil {
			return User{}, err
		}
		t.touch(found.target())
		return setPassword(t, found.ID, passwordHash)
	})
}

// setPassword replaces a password hash and ends the user's sessions.
func setPassword(t *transaction, id uuid.UUID, passwordHash string) (User, error) {
	if _, err := t.exec("UPDATE users SET password_hash = ? WHERE id = ?", passwordHash, id); err != nil {
		return User{}, err
	}
	if err := endAccess(t, id, true, false); err != nil {
		return User{}, err
	}
	return user(t, "id = ?", id)
}

// RehashPassword stores the same password under new parameters, so no session
// ends. When oldHash is no longer the user's, it changes nothing.
func (s *Store) RehashPassword(ctx context.Context, id uuid.UUID, oldHash, newHash string) error {
	return s.relax(ctx, func(t *transaction) error {
		_, err := t.exec("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", newHash, id, oldHash)
		return err
	})
}

// checkedUser returns an active user whose password hash is still the one that
// a password was checked against. Between that check and now the password may
// have been changed, or the user deactivated, by someone whom it shall keep out.
func checkedUser(t *transaction, id uuid.UUID, passwordHash string) (User, error) {
	found, err := user(t, "id = ?", id)
	if KindOf(err) == KindNotFound || err == nil && (!found.Active || found.PasswordHash != passwordHash) {
		return User{}, Errorf(KindUnauthorized, "bad_credentials", "the password is no longer the user's")
	}
	return found, err
}

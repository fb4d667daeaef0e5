package store

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// Session is a signed-in user; only the SHA-256 of its token is kept.
type Session struct {
	TokenHash [32]byte
	UserID    uuid.UUID
	CreatedAt Time
	ExpiresAt Time
}

const (
	insertSession = "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)"

	selectSessionUser = "SELECT s.user_id, s.created_at, s.expires_at," +
		" u.id, u.username, u.role, u.active, u.password_hash, u.created_at, u.last_login_at" +
		" FROM sessions s JOIN users u ON u.id = s.user_id" +
		" WHERE s.token_hash = ? AND s.expires_at > ? AND u.active = 1"
)

// StartSession stores a session of a user whose password was found right
// against passwordHash. It fails with KindUnauthorized when that is no longer
// the user's hash, or the user is not active.
func (s *Store) StartSession(ctx context.Context, session Session, passwordHash string) error {
	return s.change(ctx, func(t *transaction) error {
		found, err := checkedUser(t, session.UserID, passwordHash)
		if err != nil {
			return err
		}
		t.touch(found.target())
		return insertSessionRow(t, session)
	})
}

func insertSessionRow(t *transaction, session Session) error {
	_, err := t.exec(insertSession, session.TokenHash, session.UserID, session.CreatedAt, session.ExpiresAt)
	if isUnique(err) {
		return Errorf(KindConflict, "session_exists", "a session with this token exists already")
	}
	return err
}

// SessionUser returns the live session of that token hash and its active user,
// read afresh; KindNotFound when there is none, it has expired, or its user is
// not active.
func (s *Store) SessionUser(ctx context.Context, tokenHash [32]byte) (Session, User, error) {
	type pair struct {
		session Session
		user    User
	}
	found, err := readValue(ctx, s, func(t *transaction) (pair, error) {
		r, err := t.first(selectSessionUser, tokenHash, t.at)
		if errors.Is(err, errNoRow) {
			return pair{}, noSuch("session")
		}
		if err != nil {
			return pair{}, err
		}
		session := Session{TokenHash: tokenHash, UserID: r.id(0), CreatedAt: r.time(1), ExpiresAt: r.time(2)}
		user, err := scanUser(r[3:])
		return pair{session, user}, err
	})
	return found.session, found.user, err
}

// ExtendSession is relaxed (spec: sliding is written at most every 5 minutes).
// A session that has ended stays ended: KindNotFound.
func (s *Store) ExtendSession(ctx context.Context, tokenHash [32]byte, expiresAt Time) error {
	return s.relax(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE sessions SET expires_at = ? WHERE token_hash = ? AND expires_at > ?", expiresAt, tokenHash, t.at)
		return mustChange(n, err, "session")
	})
}

// EndSession deletes a session of a user who signs out; one that is not there
// is not an error.
func (s *Store) EndSession(ctx context.Context, session Session, by User) error {
	return s.change(ctx, func(t *transaction) error {
		t.touch(by.target())
		_, err := t.exec("DELETE FROM sessions WHERE token_hash = ?", session.TokenHash)
		return err
	})
}

// DeleteExpiredSessions is the janitor's; it returns how many there were. It
// writes nothing when there are none.
func (s *Store) DeleteExpiredSessions(ctx context.Context) (int, error) {
	const expired = "SELECT EXISTS (SELECT 1 FROM sessions WHERE expires_at <= ?)"
	any, err := readValue(ctx, s, func(t *transaction) (int64, error) { return t.count(expired, t.at) })
	if err != nil || any == 0 {
		return 0, err
	}
	return write(ctx, s, false, func(t *transaction) (int, error) {
		n, err := t.exec("DELETE FROM sessions WHERE expires_at <= ?", t.at)
		return int(n), err
	})
}

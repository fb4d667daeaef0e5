package http

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

const (
	sessionTokenBytes = 32
	// extendEvery is how much of its life a session must have used before its
	// sliding end is written again: use costs the card at most a write in five
	// minutes.
	extendEvery = 5 * time.Minute
)

// credentials is the body of a login. Cookie asks for the session in a cookie
// instead of the answer, as the page does.
type credentials struct {
	Username string `json:"username" jsonschema:"required" example:"ada"`                   // the user's name
	Password string `json:"password" jsonschema:"required" example:"correct horse battery"` // the user's password
	Cookie   bool   `json:"cookie"`                                                         // keep the session in a cookie instead of answering its token, as the admin page does
}

// signedIn is the answer to login and setup. Token is shown here only, and not
// to a caller who has it in a cookie.
type signedIn struct {
	Token     string     `json:"token,omitempty"`
	ExpiresAt store.Time `json:"expires_at"`
	User      store.User `json:"user"`
}

// authenticate returns the principal of the request's credential. User,
// session and key are read afresh each time, so that signing out, revoking or
// deactivating bites on the next request.
func (s *Server) authenticate(r *nethttp.Request) (principal, error) {
	shown, err := s.credentialOf(r)
	if err != nil {
		return principal{}, err
	}
	if shown.kind == apiKeyToken {
		return s.authenticateKey(r.Context(), shown.token)
	}
	by, err := s.authenticateSession(r.Context(), shown.token)
	if err != nil || !shown.cookie {
		return by, err
	}
	by.cookie = true
	return by, s.checkOrigin(r)
}

func (s *Server) authenticateSession(ctx context.Context, token string) (principal, error) {
	session, user, err := s.store.SessionUser(ctx, sha256.Sum256([]byte(token)))
	if store.KindOf(err) == store.KindNotFound {
		return principal{}, unauthorized()
	}
	if err != nil {
		return principal{}, fmt.Errorf("find session: %w", err)
	}
	err = s.slide(ctx, session)
	if store.KindOf(err) == store.KindNotFound {
		return principal{}, unauthorized() // it ended between the two looks
	}
	s.logUnnoted("session", err)
	return principal{User: user, Session: session}, nil
}

// logUnnoted reports that the use of a credential could not be noted. A full
// disk, say, must not lock out those who come to mend it.
func (s *Server) logUnnoted(what string, err error) {
	if err != nil {
		s.logger.Warn("the use of a credential was not noted", slog.String("credential", what), slog.Any("error", err))
	}
}

// slide moves the end of a session that is in use.
func (s *Server) slide(ctx context.Context, session store.Session) error {
	end := store.TimeOf(s.config.Now().Add(s.config.SessionTTL))
	if end.Time().Sub(session.ExpiresAt.Time()) < extendEvery {
		return nil
	}
	if err := s.store.ExtendSession(ctx, session.TokenHash, end); err != nil {
		return fmt.Errorf("extend session: %w", err)
	}
	return nil
}

// startSession makes a new token for a user whose password has just been found
// right, and keeps its hash.
func (s *Server) startSession(ctx context.Context, user store.User) (signedIn, error) {
	token, session, err := s.newSession(user)
	if err != nil {
		return signedIn{}, err
	}
	if err := s.store.StartSession(ctx, session, user.PasswordHash); err != nil {
		return signedIn{}, fmt.Errorf("start session: %w", err)
	}
	return signedIn{Token: token, ExpiresAt: session.ExpiresAt, User: user}, nil
}

// newSession makes a session that is not stored yet.
func (s *Server) newSession(user store.User) (token string, session store.Session, err error) {
	var raw [sessionTokenBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", session, fmt.Errorf("make session token: %w", err)
	}
	token = sessionTokenPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	now := s.config.Now()
	return token, store.Session{
		TokenHash: sha256.Sum256([]byte(token)),
		UserID:    user.ID,
		CreatedAt: store.TimeOf(now),
		ExpiresAt: store.TimeOf(now.Add(s.config.SessionTTL)),
	}, nil
}

// logIn answers POST auth/login.
func (s *Server) logIn(c echo.Context, _ principal) error {
	var body credentials
	if err := bind(c, &body); err != nil {
		return err
	}
	ctx, address := c.Request().Context(), s.clientAddress(c.Request())
	if err := s.throttle.attempt(body.Username, address); err != nil {
		return err
	}
	user, result, err := s.signIn(ctx, body)
	if store.KindOf(err) == store.KindUnauthorized {
		s.recordFailure(c, user)
		return badCredentials()
	}
	if err != nil {
		return err
	}
	s.throttle.refund(body.Username, address)
	if err := s.store.RecordLogin(ctx, user.ID); err != nil {
		return fmt.Errorf("record login: %w", err)
	}
	return s.answerSession(c, nethttp.StatusOK, result, body.Cookie)
}

// signIn checks a password and starts a session. The user is returned also
// with a wrong password; it is empty when there is none of that name.
func (s *Server) signIn(ctx context.Context, given credentials) (user store.User, result signedIn, err error) {
	// Another sign-in may store the same password under new parameters just
	// between the check and the start; the second round checks against those.
	for range 2 {
		if user, err = s.checkCredentials(ctx, given); err != nil {
			return user, signedIn{}, err
		}
		result, err = s.startSession(ctx, user)
		if store.KindOf(err) != store.KindUnauthorized {
			break
		}
	}
	return user, result, err
}

// recordFailure counts a wrong password in the audit. The answer is the same
// when that fails.
func (s *Server) recordFailure(c echo.Context, user store.User) {
	known := &user
	if user.ID == uuid.Nil {
		known = nil
	}
	if err := s.store.RecordFailedSignIn(c.Request().Context(), known, s.actor(c, principal{})); err != nil {
		s.logger.Warn("a failed sign-in is not in the audit", slog.String("request_id", requestID(c)), slog.Any("error", err))
	}
}

// checkCredentials returns the active user whose name and password these are.
// An unknown user, a wrong password and a deactivated user cost the same hash
// and get the same answer.
func (s *Server) checkCredentials(ctx context.Context, given credentials) (store.User, error) {
	if checkPassword(given.Password) != nil {
		return store.User{}, badCredentials()
	}
	user, err := s.store.UserByName(ctx, given.Username)
	if err != nil && store.KindOf(err) != store.KindNotFound {
		return store.User{}, fmt.Errorf("find user: %w", err)
	}
	ok, stale, err := s.hasher.verify(ctx, given.Password, user.PasswordHash)
	if err != nil {
		return user, err
	}
	if !ok || !user.Active {
		return user, badCredentials()
	}
	if stale {
		return s.rehash(ctx, user, given.Password), nil
	}
	return user, nil
}

// logOut answers POST auth/logout: this session ends, others stay.
func (s *Server) logOut(c echo.Context, by principal) error {
	if err := s.store.EndSession(c.Request().Context(), by.Session, by.User); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if by.cookie {
		s.dropSessionCookie(c)
	}
	return answerNothing(c)
}

// showMe answers GET auth/me.
func (s *Server) showMe(c echo.Context, by principal) error {
	return answer(c, nethttp.StatusOK, by.User)
}

func unauthorized() error {
	return store.Errorf(store.KindUnauthorized, "unauthorized", "sign in: send Authorization: Bearer with a token from auth/login, or an API key")
}

func badCredentials() error {
	return store.Errorf(store.KindUnauthorized, "bad_credentials", "the user name or the password is wrong")
}

func forbidden() error {
	return store.Errorf(store.KindForbidden, "forbidden", "your role, or your API key's scopes, do not allow this")
}

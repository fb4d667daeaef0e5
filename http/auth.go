package http

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	nethttp "net/http"
	"time"

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

// principal is who a call is done as.
type principal struct {
	User     store.User
	Session  store.Session
	ByCookie bool // the session came in a cookie
}

// credentials is the body of a login. Cookie asks for the session in a cookie
// instead of the answer, as the page does.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Cookie   bool   `json:"cookie"`
}

// signedIn is the answer to login and setup. Token is shown here only, and not
// to a caller who has it in a cookie.
type signedIn struct {
	Token     string     `json:"token,omitempty"`
	ExpiresAt store.Time `json:"expires_at"`
	User      store.User `json:"user"`
}

// authenticate returns the principal of the request's credential. User and
// session are read afresh each time, so that logging out or deactivating a
// user bites on the next request.
func (s *Server) authenticate(r *nethttp.Request) (principal, error) {
	shown, err := s.credentialOf(r)
	if err != nil {
		return principal{}, err
	}
	if shown.kind != sessionToken {
		return principal{}, unauthorized()
	}
	session, user, err := s.store.SessionUser(r.Context(), sha256.Sum256([]byte(shown.token)))
	if store.KindOf(err) == store.KindNotFound || store.KindOf(err) == store.KindUnauthorized {
		return principal{}, unauthorized()
	}
	if err != nil {
		return principal{}, fmt.Errorf("find session: %w", err)
	}
	if shown.cookie {
		if err := s.checkOrigin(r); err != nil {
			return principal{}, err
		}
	}
	err = s.slide(r.Context(), session)
	if store.KindOf(err) == store.KindNotFound {
		return principal{}, unauthorized() // it ended between the two looks
	}
	if err != nil {
		return principal{}, err
	}
	return principal{User: user, Session: session, ByCookie: shown.cookie}, nil
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

// startSession makes a new token for user and keeps its hash.
func (s *Server) startSession(ctx context.Context, user store.User) (signedIn, error) {
	var raw [sessionTokenBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return signedIn{}, fmt.Errorf("make session token: %w", err)
	}
	token := sessionTokenPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	now := s.config.Now()
	session := store.Session{
		TokenHash: sha256.Sum256([]byte(token)),
		UserID:    user.ID,
		CreatedAt: store.TimeOf(now),
		ExpiresAt: store.TimeOf(now.Add(s.config.SessionTTL)),
	}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return signedIn{}, fmt.Errorf("start session: %w", err)
	}
	return signedIn{Token: token, ExpiresAt: session.ExpiresAt, User: user}, nil
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
	user, err := s.checkCredentials(ctx, body)
	if err != nil {
		return err
	}
	s.throttle.refund(body.Username, address)
	if err := s.store.RecordLogin(ctx, user.ID); err != nil {
		return fmt.Errorf("record login: %w", err)
	}
	result, err := s.startSession(ctx, user)
	if err != nil {
		return err
	}
	return s.answerSession(c, nethttp.StatusOK, result, body.Cookie)
}

// checkCredentials returns the active user whose name and password these are.
// An unknown user, a wrong password and a deactivated user cost the same hash
// and get the same answer.
func (s *Server) checkCredentials(ctx context.Context, given credentials) (store.User, error) {
	if CheckPassword(given.Password) != nil {
		return store.User{}, badCredentials()
	}
	user, err := s.store.UserByName(ctx, given.Username)
	if err != nil && store.KindOf(err) != store.KindNotFound {
		return store.User{}, fmt.Errorf("find user: %w", err)
	}
	ok, stale, err := s.hasher.verify(ctx, given.Password, user.PasswordHash)
	if err != nil {
		return store.User{}, err
	}
	if !ok || !user.Active {
		return store.User{}, badCredentials()
	}
	if stale {
		return user, s.rehash(ctx, user, given.Password)
	}
	return user, nil
}

// logOut answers POST auth/logout: this session ends, others stay.
func (s *Server) logOut(c echo.Context, by principal) error {
	if err := s.store.DeleteSession(c.Request().Context(), by.Session.TokenHash); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if by.ByCookie {
		s.dropSessionCookie(c)
	}
	return answerNothing(c)
}

// showMe answers GET auth/me.
func (s *Server) showMe(c echo.Context, by principal) error {
	return answer(c, nethttp.StatusOK, by.User)
}

func unauthorized() error {
	return store.Errorf(store.KindUnauthorized, "unauthorized", "sign in: send Authorization: Bearer with a token from auth/login")
}

func badCredentials() error {
	return store.Errorf(store.KindUnauthorized, "bad_credentials", "the user name or the password is wrong")
}

func forbidden() error {
	return store.Errorf(store.KindForbidden, "forbidden", "your role does not allow this")
}

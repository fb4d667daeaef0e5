package http

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	nethttp "net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// setupBody is the body of POST auth/setup.
type setupBody struct {
	Token    string `json:"token" jsonschema:"required" example:"TOKEN"`                    // from the link that the server printed at its first start
	Username string `json:"username" jsonschema:"required" example:"ada"`                   // 1 to 128 bytes
	Password string `json:"password" jsonschema:"required" example:"correct horse battery"` // 8 to 1,024 bytes
	Cookie   bool   `json:"cookie"`                                                         // as in a login
}

// setup guards the making of the first owner: one at a time, so that a crowd
// with the right token costs one hash.
type setup struct {
	mu   sync.Mutex
	used bool
}

// setUp answers POST auth/setup. Its token works once, and only while there is
// no user.
func (s *Server) setUp(c echo.Context, _ principal) error {
	var body setupBody
	if err := bind(c, &body); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := s.checkSetup(ctx, body); err != nil {
		return err
	}
	s.setup.mu.Lock()
	defer s.setup.mu.Unlock()
	user, err := s.makeFirstOwner(ctx, body)
	if err != nil {
		return err
	}
	result, err := s.startSession(ctx, user)
	if err != nil {
		return err
	}
	return s.answerSession(c, nethttp.StatusCreated, result, body.Cookie)
}

// checkSetup refuses everything that needs no hash to refuse.
func (s *Server) checkSetup(ctx context.Context, body setupBody) error {
	done, err := s.store.HasUsers(ctx)
	if err != nil {
		return fmt.Errorf("look for users: %w", err)
	}
	if done {
		return alreadySetUp()
	}
	if !sameToken(body.Token, s.config.SetupToken) {
		return store.Errorf(store.KindUnauthorized, "bad_setup_token", "the setup token is wrong; it was printed when the server started")
	}
	if body.Username == "" {
		return invalidField("username", "choose a user name")
	}
	return checkPassword(body.Password)
}

// makeFirstOwner is called with the lock of setup held.
func (s *Server) makeFirstOwner(ctx context.Context, body setupBody) (store.User, error) {
	if s.setup.used {
		return store.User{}, alreadySetUp()
	}
	hash, err := s.hasher.hash(ctx, body.Password, passwordParams)
	if err != nil {
		return store.User{}, err
	}
	user, err := s.store.CreateFirstOwner(ctx, body.Username, hash)
	if err != nil {
		return store.User{}, fmt.Errorf("make the first owner: %w", err)
	}
	s.setup.used = true
	return user, nil
}

// sameToken compares hashes, so that neither content nor length shows in the
// time. An instance without a token accepts none.
func sameToken(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && want != ""
}

func alreadySetUp() error {
	return store.Errorf(store.KindConflict, "already_set_up", "this instance has an owner; sign in instead")
}

package http

import (
	"context"
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// passwordChange is the body of POST auth/password.
type passwordChange struct {
	CurrentPassword string `json:"current_password"`
	NewPassword     string `json:"new_password"`
}

// changePassword answers POST auth/password. All sessions of the user end
// (spec 8, "Access"), so the answer bears a new one,
// in the form in which the old one came.
func (s *Server) changePassword(c echo.Context, by principal) error {
	var body passwordChange
	if err := bind(c, &body); err != nil {
		return err
	}
	if CheckPassword(body.NewPassword) != nil {
		return invalidField("new_password", "a password has %d to %d bytes", minPasswordBytes, maxPasswordBytes)
	}
	ctx := c.Request().Context()
	if err := s.checkCurrentPassword(c, by.User, body.CurrentPassword); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, body.NewPassword)
	if err != nil {
		return err
	}
	if err := s.store.SetPassword(ctx, by.User.ID, hash); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	result, err := s.startSession(ctx, by.User)
	if err != nil {
		return err
	}
	return s.answerSession(c, nethttp.StatusOK, result, by.ByCookie)
}

// checkCurrentPassword is throttled like a login: a stolen token must not be a
// way to guess the password faster.
func (s *Server) checkCurrentPassword(c echo.Context, user store.User, password string) error {
	address := s.clientAddress(c.Request())
	if err := s.throttle.attempt(user.Username, address); err != nil {
		return err
	}
	if CheckPassword(password) != nil {
		return wrongPassword()
	}
	ok, _, err := s.hasher.verify(c.Request().Context(), password, user.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return wrongPassword()
	}
	s.throttle.refund(user.Username, address)
	return nil
}

func wrongPassword() error {
	return fieldError(store.KindForbidden, "wrong_password", "current_password", "the current password is wrong")
}

// rehash stores a right password under today's parameters.
func (s *Server) rehash(ctx context.Context, user store.User, password string) error {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.store.SetPassword(ctx, user.ID, hash); err != nil {
		return fmt.Errorf("store password hash: %w", err)
	}
	return nil
}

package http

import (
	"context"
	"fmt"
	"log/slog"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// passwordChange is the body of POST auth/password.
type passwordChange struct {
	CurrentPassword string `json:"current_password" jsonschema:"required" example:"correct horse battery"` // the one until now
	NewPassword     string `json:"new_password" jsonschema:"required" example:"staple of the battery"`     // 8 to 1,024 bytes
}

// changePassword answers POST auth/password. All sessions of the user end
// (spec 8, "Access"), so the answer bears a new one,
// in the form in which the old one came.
func (s *Server) changePassword(c echo.Context, by principal) error {
	var body passwordChange
	if err := bind(c, &body); err != nil {
		return err
	}
	if checkPassword(body.NewPassword) != nil {
		return invalidField("new_password", "a password has %d to %d bytes", minPasswordBytes, maxPasswordBytes)
	}
	ctx := c.Request().Context()
	if err := s.checkCurrentPassword(c, by.User, body.CurrentPassword); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, body.NewPassword, passwordParams)
	if err != nil {
		return err
	}
	token, session, err := s.newSession(by.User)
	if err != nil {
		return err
	}
	if err := s.store.ChangePassword(ctx, session, by.User.PasswordHash, hash); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	result := signedIn{Token: token, ExpiresAt: session.ExpiresAt, User: by.User}
	return s.answerSession(c, nethttp.StatusOK, result, by.cookie)
}

// checkCurrentPassword is throttled like a login: a stolen token must not be a
// way to guess the password faster.
func (s *Server) checkCurrentPassword(c echo.Context, user store.User, password string) error {
	address := s.clientAddress(c.Request())
	if err := s.throttle.attempt(user.Username, address); err != nil {
		return err
	}
	ok, err := false, error(nil)
	if checkPassword(password) == nil {
		ok, _, err = s.hasher.verify(c.Request().Context(), password, user.PasswordHash)
	}
	if err != nil {
		return err
	}
	if !ok {
		s.recordFailure(c, user)
		return wrongPassword()
	}
	s.throttle.refund(user.Username, address)
	return nil
}

func wrongPassword() error {
	return fieldError(store.KindForbidden, "wrong_password", "current_password", "the current password is wrong")
}

// rehash stores a right password under today's parameters and returns the user
// with the new hash. That it cannot be done now, because the line for hashes is
// full, say, is no reason to turn the user away.
func (s *Server) rehash(ctx context.Context, user store.User, password string) store.User {
	hash, err := s.hasher.hash(ctx, password, passwordParams)
	if err == nil {
		err = s.store.RehashPassword(ctx, user.ID, user.PasswordHash, hash)
	}
	if err != nil {
		s.logger.Warn("a password keeps its old hash", slog.String("username", user.Username), slog.Any("error", err))
		return user
	}
	user.PasswordHash = hash
	return user
}

package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// userDraft is the body of POST admins.
type userDraft struct {
	Username string     `json:"username" jsonschema:"required" example:"grace"`                 // 1 to 128 bytes, unique
	Password string     `json:"password" jsonschema:"required" example:"correct horse battery"` // 8 to 1,024 bytes
	Role     store.Role `json:"role" jsonschema:"required" example:"member"`                    // what the user may do in the instance
}

// userChange is the body of PATCH admins/{id}.
type userChange struct {
	Role     *store.Role `json:"role" example:"admin"`
	Active   *bool       `json:"active"` // one that is not cannot sign in, and its keys and triggers do not work
	Password *string     `json:"password"`
}

func (s *Server) listUsers(c echo.Context, _ principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	users, err := s.store.Users(c.Request().Context(), page)
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	return answerPage(c, users, asIs[store.User])
}

// pathUser returns the user that the path parameter "id" names.
func (s *Server) pathUser(c echo.Context) (store.User, error) {
	id, err := pathID(c, "id", "user")
	if err != nil {
		return store.User{}, err
	}
	user, err := s.store.User(c.Request().Context(), id)
	if err != nil {
		return store.User{}, fmt.Errorf("find user: %w", err)
	}
	return user, nil
}

func (s *Server) showUser(c echo.Context, _ principal) error {
	user, err := s.pathUser(c)
	if err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, user)
}

func (s *Server) createUser(c echo.Context, by principal) error {
	var body userDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	draft := store.UserDraft{Username: body.Username, Role: body.Role, Highest: by.highestTouched()}
	if err := draft.Check(); err != nil {
		return err
	}
	if err := checkPassword(body.Password); err != nil {
		return err
	}
	ctx := c.Request().Context()
	var err error
	if draft.PasswordHash, err = s.hasher.hash(ctx, body.Password, passwordParams); err != nil {
		return err
	}
	user, err := s.store.CreateUser(ctx, draft)
	if err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	return answer(c, nethttp.StatusCreated, user)
}

func (s *Server) changeUser(c echo.Context, by principal) error {
	current, err := s.pathUser(c)
	if err != nil {
		return err
	}
	var body userChange
	if err := bind(c, &body); err != nil {
		return err
	}
	change := store.UserChange{Role: body.Role, Active: body.Active, Highest: by.highestTouched()}
	if err := change.Check(current); err != nil {
		return err
	}
	if change.PasswordHash, err = s.resetHash(c, by, current, body.Password); err != nil {
		return err
	}
	changed, err := s.store.UpdateUser(c.Request().Context(), current.ID, change)
	if err != nil {
		return fmt.Errorf("change user: %w", err)
	}
	return answer(c, nethttp.StatusOK, changed)
}

// resetHash returns the hash of a password that is set for somebody else; nil
// when none is. One's own needs the current password, so that a session left
// open is not enough to take the account.
func (s *Server) resetHash(c echo.Context, by principal, user store.User, password *string) (*string, error) {
	if password == nil {
		return nil, nil
	}
	if by.Key != nil { // with it the key's holder could sign in as that user
		return nil, store.Errorf(store.KindForbidden, "sessions_only", "an API key cannot set a password; sign in with a password to do that")
	}
	if user.ID == by.User.ID {
		return nil, invalidField("password", "change your own password with auth/password")
	}
	if err := checkPassword(*password); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(c.Request().Context(), *password, passwordParams)
	return &hash, err
}

func (s *Server) deleteUser(c echo.Context, by principal) error {
	id, err := pathID(c, "id", "user")
	if err != nil {
		return err
	}
	if err := s.store.DeleteUser(c.Request().Context(), id, by.highestTouched()); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	return answerNothing(c)
}

// memberUser returns the user that the path parameter "user" names, by id or by
// name: an app's admin who may not list users knows only names.
func (s *Server) memberUser(c echo.Context) (store.User, error) {
	ctx := c.Request().Context()
	name, err := pathText(c, "user")
	if err != nil {
		return store.User{}, err
	}
	if id, err := uuid.Parse(name); err == nil {
		user, err := s.store.User(ctx, id)
		if store.KindOf(err) != store.KindNotFound {
			return user, err
		}
	}
	return s.store.UserByName(ctx, name)
}

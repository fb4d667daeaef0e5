package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

func (s *Server) listMembers(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	members, err := s.store.Members(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list members: %w", err)
	}
	return answerPage(c, members, asIs[store.Member])
}

// memberBody is the body of PUT apps/{app}/members/{user}.
type memberBody struct {
	Role store.AppRole `json:"role" jsonschema:"required" example:"editor"` // what the user may do in the app
}

// setMember answers PUT apps/{app}/members/{user}; the user is an id or a name.
func (s *Server) setMember(c echo.Context, by principal) error {
	var body memberBody
	if err := bind(c, &body); err != nil {
		return err
	}
	user, err := s.memberUser(c)
	if err != nil {
		return fmt.Errorf("find user: %w", err)
	}
	member, err := s.store.SetMember(c.Request().Context(), by.app.ID, user.ID, body.Role)
	if err != nil {
		return fmt.Errorf("set member: %w", err)
	}
	return answer(c, nethttp.StatusOK, member)
}

func (s *Server) removeMember(c echo.Context, by principal) error {
	user, err := s.memberUser(c)
	if err != nil {
		return fmt.Errorf("find user: %w", err)
	}
	if err := s.store.RemoveMember(c.Request().Context(), by.app.ID, user.ID); err != nil {
		return fmt.Errorf("remove member: %w", err)
	}
	return answerNothing(c)
}

package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// grantDraft is the body of POST scripts/{id}/grants.
type grantDraft struct {
	Host string `json:"host" jsonschema:"required" example:"192.168.1.20"` // an address, network (CIDR) or name in the home network
	Port int    `json:"port" jsonschema:"required" example:"80"`           // 1 to 65535
}

func (s *Server) listGrants(c echo.Context, _ principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	grants, err := s.store.Grants(c.Request().Context(), script.ID, page)
	if err != nil {
		return fmt.Errorf("list grants: %w", err)
	}
	return answerPage(c, grants, asIs[store.Grant])
}

func (s *Server) createGrant(c echo.Context, by principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	var body grantDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	grant, err := s.store.CreateGrant(c.Request().Context(), script.ID, store.GrantDraft{Host: body.Host, Port: body.Port, CreatedBy: by.User.Username})
	if err != nil {
		return fmt.Errorf("create grant: %w", err)
	}
	return answer(c, nethttp.StatusCreated, grant)
}

func (s *Server) deleteGrant(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "grant")
	if err != nil {
		return err
	}
	if err := s.store.DeleteGrant(c.Request().Context(), id); err != nil {
		return fmt.Errorf("delete grant: %w", err)
	}
	return answerNothing(c)
}

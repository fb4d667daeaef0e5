package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// listSecrets answers names and dates; no call of the API ever shows a value.
func (s *Server) listSecrets(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	secrets, err := s.store.AppSecrets(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list secrets: %w", err)
	}
	return answerPage(c, secrets, asIs[store.AppSecret])
}

// secretBody is the body of PUT apps/{app}/secrets/{name}.
type secretBody struct {
	Value string `json:"value" jsonschema:"required" example:"a long random text"` // 1 to 8,192 bytes; no call shows it again
}

func (s *Server) setSecret(c echo.Context, by principal) error {
	var body secretBody
	if err := bind(c, &body); err != nil {
		return err
	}
	name, err := pathText(c, "name")
	if err != nil {
		return err
	}
	secret, err := s.store.SetAppSecret(c.Request().Context(), by.app.ID, name, body.Value)
	if err != nil {
		return fmt.Errorf("set secret: %w", err)
	}
	return answer(c, nethttp.StatusOK, secret)
}

func (s *Server) deleteSecret(c echo.Context, by principal) error {
	name, err := pathText(c, "name")
	if err != nil {
		return err
	}
	if err := s.store.DeleteAppSecret(c.Request().Context(), by.app.ID, name); err != nil {
		return fmt.Errorf("delete secret: %w", err)
	}
	return answerNothing(c)
}

package http

import (
	"fmt"
	nethttp "net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

func (s *Server) listVersions(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "script")
	if err != nil {
		return err
	}
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	versions, err := s.store.ScriptVersions(c.Request().Context(), id, page)
	if err != nil {
		return fmt.Errorf("list versions: %w", err)
	}
	return answerPage(c, versions, asIs[store.ScriptVersion])
}

func (s *Server) showVersion(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "script")
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.Param("version"))
	if err != nil || number < 1 {
		return notFound("version")
	}
	version, err := s.store.ScriptVersion(c.Request().Context(), id, number)
	if err != nil {
		return fmt.Errorf("show version: %w", err)
	}
	return answer(c, nethttp.StatusOK, version)
}

// rollbackBody is the body of POST scripts/{id}/rollback.
type rollbackBody struct {
	Version int `json:"version" jsonschema:"required" example:"1"` // the old version
}

// rollBackScript saves an old version's source as a new version.
func (s *Server) rollBackScript(c echo.Context, by principal) error {
	id, err := pathID(c, "id", "script")
	if err != nil {
		return err
	}
	var body rollbackBody
	if err := bind(c, &body); err != nil {
		return err
	}
	if body.Version < 1 {
		return invalidField("version", "name the version to go back to")
	}
	script, err := s.store.RollbackScript(c.Request().Context(), id, body.Version, by.User.Username)
	if err != nil {
		return fmt.Errorf("roll back script: %w", err)
	}
	return answer(c, nethttp.StatusOK, script)
}

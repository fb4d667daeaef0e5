package http

import (
	"context"
	nethttp "net/http"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// readyTimeout bounds the checks of /readyz: a supervisor asks again soon.
const readyTimeout = 2 * time.Second

// wireVersion is reserved for a split deployment (spec 1).
const wireVersion = 1

// versions is the answer of /version (spec 1).
type versions struct {
	Product       string `json:"product"`
	SDK           string `json:"sdk"`
	API           int    `json:"api"`
	Schema        int    `json:"schema"`
	Wire          int    `json:"wire"`
	PublicBaseURL string `json:"public_base_url"`
}

// showHealth answers /healthz: the process serves.
func (s *Server) showHealth(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.String(nethttp.StatusOK, "ok")
}

// showReadiness answers /readyz: 200, or 503 with the reason.
func (s *Server) showReadiness(c echo.Context) error {
	if s.stopping.Load() {
		return store.Errorf(store.KindUnavailable, "unavailable", "the instance is stopping")
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		return &store.Error{Kind: store.KindUnavailable, Code: "unavailable", Message: "the database does not answer", Err: err}
	}
	for _, check := range s.config.Ready {
		if err := check(ctx); err != nil {
			return store.Errorf(store.KindUnavailable, "unavailable", "%s", err.Error())
		}
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.String(nethttp.StatusOK, "ready")
}

// showVersions answers /version.
func (s *Server) showVersions(c echo.Context) error {
	return answer(c, nethttp.StatusOK, versions{
		Product:       s.config.Product,
		SDK:           s.config.SDK,
		API:           servedAPI,
		Schema:        s.store.SchemaVersion(),
		Wire:          wireVersion,
		PublicBaseURL: s.config.PublicBaseURL,
	})
}

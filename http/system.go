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
	Product       string `json:"product"`         // of the program
	SDK           string `json:"sdk"`             // of what scripts see
	API           int    `json:"api"`             // of this API
	Schema        int    `json:"schema"`          // of the database
	Wire          int    `json:"wire"`            // reserved
	PublicBaseURL string `json:"public_base_url"` // where the instance is reached from outside
}

// showHealth answers /healthz: the process serves.
func (s *Server) showHealth(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.String(nethttp.StatusOK, "ok")
}

// showReadiness answers /readyz: 200 with a line about the clock, or 503 with
// the reason. A clock that is not synchronised is no reason: what no clock
// starts runs all the same.
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
	return c.String(nethttp.StatusOK, "ready\n"+s.clock().line()+"\n")
}

// clockState is what instance/stats says about the system's clock.
type clockState struct {
	Synchronised bool `json:"synchronised"`
	// Waits says why cron triggers do not fire yet; "" when they do.
	Waits string `json:"cron_waits"`
}

func (s *Server) clock() (state clockState) {
	state.Synchronised, state.Waits = s.config.Clock()
	return state
}

// line is the state as /readyz shows it.
func (c clockState) line() string {
	switch {
	case c.Waits != "":
		return "clock: cron triggers wait: " + c.Waits
	case !c.Synchronised:
		return "clock: not synchronised with a time server"
	default:
		return "clock: synchronised"
	}
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

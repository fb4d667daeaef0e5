package http

import (
	"errors"
	"fmt"
	nethttp "net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// servedAPI is the one major of /api that this binary serves.
const servedAPI = 1

// routedFail answers the errors of everything that went through Echo's router.
func (s *Server) routedFail(err error, c echo.Context) {
	var routed *echo.HTTPError
	if errors.As(err, &routed) {
		err = s.unmatched(c, routed)
	}
	s.fail(err, c)
}

// withoutOptions takes back the answer that Echo gives to OPTIONS by itself: it
// tells anyone which paths there are. No route here is registered for it.
func withoutOptions(c echo.Context, next echo.HandlerFunc) echo.HandlerFunc {
	if c.Request().Method != nethttp.MethodOptions {
		return next
	}
	if _, known := c.Get(echo.ContextKeyHeaderAllow).(string); !known {
		return next
	}
	return func(echo.Context) error { return echo.ErrMethodNotAllowed }
}

// unmatched is the answer where the router found no handler. Inside the control
// plane a caller without a credential learns nothing from it, not even which
// methods a path has.
func (s *Server) unmatched(c echo.Context, routed *echo.HTTPError) error {
	path := c.Request().URL.Path
	if strings.HasPrefix(path, adminPrefix) {
		if _, err := s.authenticate(c.Request()); err != nil {
			c.Response().Header().Del(echo.HeaderAllow)
			return err
		}
	}
	switch {
	case routed.Code == nethttp.StatusMethodNotAllowed:
		allow, _ := c.Get(echo.ContextKeyHeaderAllow).(string)
		c.Response().Header().Set(echo.HeaderAllow, strings.TrimPrefix(allow, "OPTIONS, "))
		return store.Errorf(store.KindInvalid, "method_not_allowed", "this path does not answer %s; see the Allow header", c.Request().Method)
	case routed.Code != nethttp.StatusNotFound:
		return fmt.Errorf("router: %w", routed)
	case otherAPI(path):
		return store.Errorf(store.KindNotFound, "unknown_api_version", "this instance serves version %d of the API; call paths below /api/v%d/", servedAPI, servedAPI)
	default:
		return store.Errorf(store.KindNotFound, "not_found", "there is nothing at this path")
	}
}

// otherAPI reports whether path is below /api but not below the served major.
func otherAPI(path string) bool {
	return (path == "/api" || strings.HasPrefix(path, "/api/")) &&
		path != "/api/v1" && !strings.HasPrefix(path, "/api/v1/")
}

package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// showSDK answers GET sdk: what the editor completes and explains (spec 3, "One
// description, four uses").
func (s *Server) showSDK(c echo.Context, _ principal) error {
	return answer(c, nethttp.StatusOK, s.engine.Description())
}

package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// instanceStats is the answer of GET instance/stats.
type instanceStats struct {
	ActiveOwners int        `json:"active_owners"`
	Clock        clockState `json:"clock"`
	Warnings     []warning  `json:"warnings"`
}

func (s *Server) showStats(c echo.Context, _ principal) error {
	owners, err := s.store.ActiveOwners(c.Request().Context())
	if err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	return answer(c, nethttp.StatusOK, instanceStats{ActiveOwners: owners, Clock: s.clock(), Warnings: s.warnings(owners)})
}

package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// instanceStats is the answer of GET instance/stats.
type instanceStats struct {
	ActiveOwners int       `json:"active_owners"`
	Warnings     []warning `json:"warnings"`
}

// warning is something that whoever runs the instance should look at.
type warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (s *Server) showStats(c echo.Context, _ principal) error {
	owners, err := s.store.ActiveOwners(c.Request().Context())
	if err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	stats := instanceStats{ActiveOwners: owners, Warnings: []warning{}}
	if owners > 1 {
		stats.Warnings = append(stats.Warnings, warning{"several_owners",
			fmt.Sprintf("%d users are owners and may do everything; make those admins or members who need less", owners)})
	}
	return answer(c, nethttp.StatusOK, stats)
}

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
	stats := instanceStats{ActiveOwners: owners, Clock: s.clock(), Warnings: []warning{}}
	if owners > 1 {
		stats.Warnings = append(stats.Warnings, warning{"several_owners",
			fmt.Sprintf("%d users are owners and may do everything; make those admins or members who need less", owners)})
	}
	if waits := stats.Clock.Waits; waits != "" {
		stats.Warnings = append(stats.Warnings, warning{"clock_doubtful", "cron triggers wait for a right clock: " + waits})
	}
	return answer(c, nethttp.StatusOK, stats)
}

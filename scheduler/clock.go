package scheduler

import (
	"log/slog"
	"time"
)

// ClockState is what the system says about its clock.
type ClockState struct {
	// Synchronised says that the kernel's clock follows a time server.
	Synchronised bool
	// Uptime is how long the machine runs.
	Uptime time.Duration
}

const (
	// plausibleAfter is how long cron waits after the machine's start for a time
	// server to set a clock that looks right; a machine that is offline runs its
	// triggers from then on.
	plausibleAfter = 2 * time.Minute
	// doubtfulAfter is that for a clock before the last time that is known: it
	// has certainly lost time, but someone may have put it right on purpose.
	doubtfulAfter = 10 * time.Minute
)

// earliest is a time that no clock can show rightly, for a program that does not
// know when it was built.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// clockTrust decides whether cron may believe the clock. A Pi has no clock
// battery: at its start the clock may be years behind, until a time server
// answers. After a first yes it is believed for good: what steps it from then
// on is handled by the slots.
type clockTrust struct {
	state   func() ClockState
	built   time.Time // no clock before it is right
	latest  time.Time // the latest time that the database knew at the start
	logger  *slog.Logger
	trusted bool
	held    bool
}

// holds reports whether cron must wait.
func (c *clockTrust) holds(now time.Time) bool {
	if c.trusted {
		return false
	}
	why := c.doubt(now)
	if c.trusted = why == ""; c.trusted {
		if c.held {
			c.logger.Info("cron triggers begin to fire: the clock is plausible", "now", now)
		}
	} else if !c.held {
		c.logger.Warn("cron triggers wait for a plausible clock", "reason", why, "now", now)
	}
	c.held = !c.trusted
	return c.held
}

// doubt says why the clock is not believed, or "".
func (c *clockTrust) doubt(now time.Time) string {
	state := c.state()
	switch {
	case now.Before(c.built) || now.Before(earliest):
		return "it shows a time before this program was built"
	case state.Synchronised:
		return ""
	case now.Before(c.latest) && state.Uptime < doubtfulAfter:
		return "it shows a time before the last one in the database, and no time server has set it yet"
	case state.Uptime < plausibleAfter:
		return "no time server has set it yet"
	}
	return ""
}

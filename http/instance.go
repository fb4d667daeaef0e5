package http

import (
	"context"
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// instanceStats is the answer of GET instance/stats: what the overview shows.
type instanceStats struct {
	Version      versions       `json:"version"`
	StartedAt    store.Time     `json:"started_at"`
	UptimeS      int64          `json:"uptime_s"`
	DevMode      bool           `json:"dev_mode"`
	ActiveOwners int            `json:"active_owners"`
	Clock        clockState     `json:"clock"`
	Warnings     []warning      `json:"warnings"`
	Executions   executionStats `json:"executions"`
	Gate         gateStats      `json:"gate"`
	Memory       memoryUse      `json:"memory"`
	Storage      storageStats   `json:"storage"`
	Outbox       outboxStats    `json:"outbox"`
	DeadLetters  letterStats    `json:"dead_letters"`
}

// executionStats are of the last hour, or since the start if that is less.
type executionStats struct {
	Minutes   []minuteOfRuns `json:"minutes"` // oldest first, at most 60
	Runs      int64          `json:"runs"`
	Failures  int64          `json:"failures"`
	Rejected  int64          `json:"rejected"`
	ErrorRate float64        `json:"error_rate"` // of Runs, 0 to 1
	LatencyMS latency        `json:"latency_ms"`
}

// latency is estimated from a distribution; null when nothing ran.
type latency struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
}

type gateStats struct {
	Slots   int64 `json:"slots"`
	Running int64 `json:"running"`
	Waiting int64 `json:"waiting"`
	Aside   int64 `json:"aside"` // runs that wait for the database
	Refused int64 `json:"refused"`
}

type storageStats struct {
	DatabaseBytes   int64 `json:"database_bytes"`
	WALBytes        int64 `json:"wal_bytes"`
	FreeBytes       int64 `json:"free_bytes"`
	WrittenLastHour int64 `json:"written_last_hour_bytes"`
}

type outboxStats struct {
	Deliveries int64 `json:"deliveries"`
	Bytes      int64 `json:"bytes"`
	OldestMS   int64 `json:"oldest_ms"`
}

type letterStats struct {
	Open int64 `json:"open"`
	Kept int64 `json:"kept"`
}

// warning is something that whoever runs the instance should look at.
type warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (s *Server) showStats(c echo.Context, _ principal) error {
	now := s.config.Now()
	stats := instanceStats{
		Version: s.versions(), StartedAt: store.TimeOf(s.startedAt), UptimeS: int64(now.Sub(s.startedAt).Seconds()),
		DevMode: s.config.DevMode, Clock: s.clock(), Gate: gateStats(s.engine.Stats().Gate), Memory: processMemory(),
	}
	totals := s.totals()
	minutes, hour := s.history.read(now, totals)
	stats.Executions = executionsOf(minutes, hour)
	stats.Storage.WrittenLastHour = hour.written
	if err := s.askStore(c.Request().Context(), &stats); err != nil {
		return err
	}
	stats.Warnings = stats.warnings()
	return answer(c, nethttp.StatusOK, stats)
}

// askStore adds what is not in memory.
func (s *Server) askStore(ctx context.Context, stats *instanceStats) (err error) {
	if stats.ActiveOwners, err = s.store.ActiveOwners(ctx); err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	outbox, err := s.store.OutboxStats(ctx)
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	stats.Outbox = outboxStats(outbox)
	letters, err := s.store.DeadLetterStats(ctx)
	if err != nil {
		return fmt.Errorf("count dead letters: %w", err)
	}
	stats.DeadLetters = letterStats{Open: letters.Open, Kept: letters.Kept}
	usage, err := s.store.DiskUsage()
	stats.Storage.DatabaseBytes, stats.Storage.WALBytes, stats.Storage.FreeBytes = usage.Database, usage.WAL, usage.Free
	return err
}

func executionsOf(minutes []minuteOfRuns, hour instanceTotals) executionStats {
	inMS := func(part float64) *float64 {
		seconds := quantile(hour.durations, part)
		if seconds != nil {
			*seconds *= 1000
		}
		return seconds
	}
	stats := executionStats{Minutes: minutes, Runs: hour.runs, Failures: hour.failures, Rejected: hour.rejected,
		LatencyMS: latency{P50: inMS(0.5), P95: inMS(0.95), P99: inMS(0.99)}}
	if hour.runs > 0 {
		stats.ErrorRate = float64(hour.failures) / float64(hour.runs)
	}
	return stats
}

func (i *instanceStats) warnings() []warning {
	warnings := []warning{}
	if i.ActiveOwners > 1 {
		warnings = append(warnings, warning{"several_owners",
			fmt.Sprintf("%d users are owners and may do everything; make those admins or members who need less", i.ActiveOwners)})
	}
	if waits := i.Clock.Waits; waits != "" {
		warnings = append(warnings, warning{"clock_doubtful", "cron triggers wait for a right clock: " + waits})
	}
	if i.DevMode {
		warnings = append(warnings, warning{"dev_mode",
			"secrets are sealed with a key that everybody knows (PICLOUD_DEV_MODE); never keep a real one here"})
	}
	return warnings
}

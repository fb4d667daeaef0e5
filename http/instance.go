package http

import (
	"context"
	"fmt"
	"math"
	nethttp "net/http"
	"runtime/debug"
	gometrics "runtime/metrics"
	"strconv"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// instanceStats is the answer of GET instance/stats. Counts are since the start.
type instanceStats struct {
	ActiveOwners int        `json:"active_owners"`
	Clock        clockState `json:"clock"`
	Warnings     []warning  `json:"warnings"` // what an owner should look at

	Now          store.Time            `json:"now"`
	StartedAt    store.Time            `json:"started_at"`
	Executions   executionCounts       `json:"executions"`
	Latency      *shares               `json:"latency_ms"` // null when nothing ran
	Gate         gateState             `json:"gate"`
	Memory       memoryState           `json:"memory"`
	Database     databaseState         `json:"database"`
	WrittenBytes map[store.Cause]int64 `json:"written_bytes"` // by what they were written for
	Outbox       outboxState           `json:"outbox"`
	DeadLetters  deadLetterCounts      `json:"dead_letters"`
	// WrittenByScript are the ten scripts for which the most was written.
	WrittenByScript []scriptBytes `json:"written_by_script"`
	// Requests are answers by who gave them (scripts, execute, admin, other) and by
	// the class of their status, such as "2xx".
	Requests       map[string]map[string]int64 `json:"requests"`
	Runs           runFigures                  `json:"runs"`
	Log            logFigures                  `json:"log"`
	Writer         writerFigures               `json:"writer"`
	Caches         map[string]cacheFigures     `json:"caches"` // scripts, modules, data
	PasswordHashes hashFigures                 `json:"password_hashes"`
	// Minutes are the newest minutes, oldest first.
	Minutes []minuteStats `json:"minutes"`
}

// executionCounts count runs that ended. Failed are all but successes; requests
// that a route's guard refused are no runs.
type executionCounts struct {
	Total    int64                           `json:"total"`
	Failed   int64                           `json:"failed"` // all but successes
	ByStatus map[store.ExecutionStatus]int64 `json:"by_status"`
}

// gateState is the gate that runs go through.
type gateState struct {
	Slots   int64 `json:"slots"` // how many scripts may run at once
	Running int64 `json:"running"`
	Waiting int64 `json:"waiting"` // for a slot
	Aside   int64 `json:"aside"`   // have given their slot up while they wait for the database
	Refused int64 `json:"refused"` // since the start, because too many waited
}

// memoryState is what the process holds, in bytes. Past the limit it collects
// garbage harder; null without one.
type memoryState struct {
	UsedBytes  int64  `json:"used_bytes"`
	LimitBytes *int64 `json:"limit_bytes"` // past it garbage is collected harder; null without one
}

// databaseState is the size of the database's files and what is free beside them.
type databaseState struct {
	FileBytes int64 `json:"file_bytes"`
	WALBytes  int64 `json:"wal_bytes"`  // the log beside the file
	FreeBytes int64 `json:"free_bytes"` // what the disk has left
}

// outboxState is what waits in the outboxes of all apps.
type outboxState struct {
	Deliveries int64 `json:"deliveries"` // that wait in all apps
	Bytes      int64 `json:"bytes"`
	OldestMS   int64 `json:"oldest_ms"` // how long the oldest has waited
}

// deadLetterCounts count the dead letters of all apps; Open are those that
// need a look.
type deadLetterCounts struct {
	Kept    int64 `json:"kept"`
	Open    int64 `json:"open"`
	Made    int64 `json:"made"`    // since the start
	Dropped int64 `json:"dropped"` // since the start, for newer ones
}

// defaultMinutes are shown when the query does not say how many.
const defaultMinutes = 60

func (s *Server) showStats(c echo.Context, _ principal) error {
	minutes, err := queryMinutes(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	stats := s.countedStats()
	stats.Minutes = s.config.History.latest(minutes)
	if err := s.readStats(ctx, &stats); err != nil {
		return fmt.Errorf("read the instance's figures: %w", err)
	}
	stats.Warnings = s.warnings(&stats)
	return answer(c, nethttp.StatusOK, stats)
}

func queryMinutes(c echo.Context) (int, error) {
	given := c.QueryParam("minutes")
	if given == "" {
		return defaultMinutes, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > historyMinutes {
		return 0, badParameter("minutes", "minutes is a whole number from 1 to %d", historyMinutes)
	}
	return n, nil
}

// countedStats are the figures that lie in memory.
func (s *Server) countedStats() instanceStats {
	engine := s.engine.Stats()
	stats := instanceStats{
		Clock:        s.clock(),
		Now:          store.TimeOf(s.config.Now()),
		StartedAt:    store.TimeOf(s.started),
		Executions:   executionsOf(s.store),
		Latency:      latencyOf(engine.Duration),
		Gate:         gateState(engine.Gate),
		Memory:       memoryState{UsedBytes: memoryInUse(), LimitBytes: memoryLimit()},
		WrittenBytes: s.writtenBytes(),
	}
	s.addFigures(&stats, engine)
	return stats
}

// writtenBytes has a line for each cause, also for one that has written nothing.
func (s *Server) writtenBytes() map[store.Cause]int64 {
	written := s.store.WrittenBytes().ByCause
	for _, cause := range store.Causes {
		written[cause] += 0
	}
	return written
}

// readStats adds what the database and the file system know.
func (s *Server) readStats(ctx context.Context, stats *instanceStats) (err error) {
	if stats.ActiveOwners, err = s.store.ActiveOwners(ctx); err != nil {
		return err
	}
	outbox, err := s.store.OutboxStats(ctx)
	if err != nil {
		return err
	}
	letters, err := s.store.DeadLetterStats(ctx)
	if err != nil {
		return err
	}
	use, err := s.store.DiskUse()
	stats.Outbox = outboxState(outbox)
	stats.DeadLetters = deadLetterCounts(letters)
	stats.Database = databaseState{FileBytes: use.Database, WALBytes: use.WAL, FreeBytes: use.Free}
	return err
}

func executionsOf(db *store.Store) executionCounts {
	counts := executionCounts{ByStatus: db.ExecutionLogStats().ByStatus}
	for status, n := range counts.ByStatus {
		switch status {
		case store.StatusRejected:
		case store.StatusSuccess:
			counts.Total += n
		default:
			counts.Total += n
			counts.Failed += n
		}
	}
	return counts
}

// memoryInUse is what the process has from the system and has not given back.
func memoryInUse() int64 {
	samples := []gometrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	gometrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

func memoryLimit() *int64 {
	limit := debug.SetMemoryLimit(-1) // a negative value only asks
	if limit == math.MaxInt64 {
		return nil
	}
	return &limit
}

package http

import (
	"context"
	"fmt"
	"sync"
	"time"

	"picloud/runtime"
	"picloud/store"
)

// historyMinutes is how far History looks back: one day, about 150 KB.
const historyMinutes = 24 * 60

// History keeps what the instance did in each minute of the last day, in
// memory: it costs no write and begins anew with the process.
type History struct {
	store  *store.Store
	engine *runtime.Engine
	now    func() time.Time

	mu      sync.Mutex
	last    countsUntil
	minutes []minuteStats // oldest first
}

// countsUntil are counters at one moment; what two of them differ by happened
// in between.
type countsUntil struct {
	runs, failed, written int64
	durations             runtime.Distribution
}

// minuteStats is what happened in the minute before At, and how things stood then.
type minuteStats struct {
	At            store.Time `json:"at"`             // the minute's end
	Executions    int64      `json:"executions"`     // runs that ended in it
	Failed        int64      `json:"failed"`         // of these, all but successes
	Latency       *shares    `json:"latency_ms"`     // null when nothing ran
	WrittenBytes  int64      `json:"written_bytes"`  // to the disk
	MemoryBytes   int64      `json:"memory_bytes"`   // at its end
	DatabaseBytes int64      `json:"database_bytes"` // at its end
	Deliveries    int64      `json:"deliveries"`     // that wait in outboxes
}

// NewHistory returns a history that begins now.
func NewHistory(db *store.Store, engine *runtime.Engine, now func() time.Time) *History {
	h := &History{store: db, engine: engine, now: now}
	h.last = h.counts()
	return h
}

// Sample ends a minute; the scheduler calls it once in each.
func (h *History) Sample(ctx context.Context) error {
	use, err := h.store.DiskUse()
	if err != nil {
		return fmt.Errorf("sample the minute: %w", err)
	}
	outbox, err := h.store.OutboxStats(ctx)
	if err != nil {
		return fmt.Errorf("sample the minute: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := h.counts()
	h.minutes = append(h.minutes, minuteStats{
		At:            store.TimeOf(h.now()),
		Executions:    counts.runs - h.last.runs,
		Failed:        counts.failed - h.last.failed,
		Latency:       latencyBetween(h.last.durations, counts.durations),
		WrittenBytes:  counts.written - h.last.written,
		MemoryBytes:   memoryInUse(),
		DatabaseBytes: use.Database + use.WAL,
		Deliveries:    outbox.Deliveries,
	})
	h.minutes = h.minutes[max(0, len(h.minutes)-historyMinutes):]
	h.last = counts
	return nil
}

// latest returns the newest minutes, at most n, oldest first.
func (h *History) latest(n int) []minuteStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]minuteStats{}, h.minutes[max(0, len(h.minutes)-n):]...)
}

func (h *History) counts() countsUntil {
	counts := countsUntil{durations: h.engine.Stats().Duration}
	runs := executionsOf(h.store)
	counts.runs, counts.failed = runs.Total, runs.Failed
	for _, bytes := range h.store.WrittenBytes().ByCause {
		counts.written += bytes
	}
	return counts
}

package http

import (
	"log/slog"
	"sync"
	"time"

	"picloud/runtime"
	"picloud/store"
)

// historyMinutes is how far the figures of the overview go back.
const historyMinutes = 60

// minuteOfRuns is what ran in one minute, which ended at At; the last one of a
// list goes on.
type minuteOfRuns struct {
	At       store.Time `json:"at"`
	Runs     int64      `json:"runs"`
	Failures int64      `json:"failures"`
	Rejected int64      `json:"rejected"` // requests that were turned away; not among Runs
}

// instanceTotals are counts since the start.
type instanceTotals struct {
	runs, failures, rejected, written int64

	durations runtime.Distribution
}

// totals reads the counters of all rooms.
func (s *Server) totals() instanceTotals {
	t := instanceTotals{durations: s.engine.Stats().Duration}
	for status, n := range s.store.ExecutionLogStats().ByStatus {
		switch status {
		case store.StatusRejected:
			t.rejected += n
		case store.StatusSuccess:
			t.runs += n
		default:
			t.runs += n
			t.failures += n
		}
	}
	for _, bytes := range s.store.WrittenBytes().ByCause {
		t.written += bytes
	}
	return t
}

// since is what has come to older counts.
func (t instanceTotals) since(older instanceTotals) instanceTotals {
	t.runs -= older.runs
	t.failures -= older.failures
	t.rejected -= older.rejected
	t.written -= older.written
	counts := make([]int64, len(t.durations.Counts))
	copy(counts, t.durations.Counts)
	for i, n := range older.durations.Counts {
		counts[i] -= n
	}
	t.durations.Counts = counts
	return t
}

// history remembers the counts of each minute of the last hour: one sample a
// minute, so that neither runs nor readers pay for it.
type history struct {
	mu      sync.Mutex
	samples []instanceSample // oldest first, the first is where the hour begins
}

type instanceSample struct {
	at     time.Time
	totals instanceTotals
}

// add takes the counts of this moment.
func (h *history) add(at time.Time, totals instanceTotals) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.samples = append(h.samples, instanceSample{at, totals}); len(h.samples) > historyMinutes {
		h.samples = append(h.samples[:0], h.samples[len(h.samples)-historyMinutes:]...)
	}
}

// read returns the minutes and the whole of the last hour, up to now.
func (h *history) read(now time.Time, totals instanceTotals) (minutes []minuteOfRuns, hour instanceTotals) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.samples) == 0 {
		return []minuteOfRuns{}, totals
	}
	for i, sample := range h.samples {
		next := instanceSample{now, totals}
		if i+1 < len(h.samples) {
			next = h.samples[i+1]
		}
		ran := next.totals.since(sample.totals)
		minutes = append(minutes, minuteOfRuns{At: store.TimeOf(next.at), Runs: ran.runs, Failures: ran.failures, Rejected: ran.rejected})
	}
	return minutes, totals.since(h.samples[0].totals)
}

// keepHistory samples each minute until the server stops.
func (s *Server) keepHistory() {
	defer func() {
		if cause := recover(); cause != nil {
			s.logger.Error("the overview's history ended", slog.Any("panic", cause))
		}
	}()
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.history.add(s.config.Now(), s.totals())
		case <-s.streams.stop:
			return
		}
	}
}

// quantile returns what a part of the values is at most, between the bounds of
// where it falls; nil when there are no values.
func quantile(d runtime.Distribution, part float64) *float64 {
	total := int64(0)
	for _, n := range d.Counts {
		total += n
	}
	if total == 0 {
		return nil
	}
	wanted, below, lower := part*float64(total), 0.0, 0.0
	for i, n := range d.Counts {
		if i == len(d.Bounds) {
			break
		}
		if below+float64(n) >= wanted && n > 0 {
			value := lower + (d.Bounds[i]-lower)*(wanted-below)/float64(n)
			return &value
		}
		below, lower = below+float64(n), d.Bounds[i]
	}
	return &lower // beyond the last bound
}

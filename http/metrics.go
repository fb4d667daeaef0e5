package http

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	nethttp "net/http"
	"slices"

	"github.com/VictoriaMetrics/metrics"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// showMetrics answers /metrics in the text format of Prometheus. Each room
// counts for itself, all the time, and this only reads; what is not in memory
// costs two short queries.
func (s *Server) showMetrics(c echo.Context) error {
	if s.config.MetricsOff {
		return nothingHere()
	}
	if _, err := s.admit(c, adminRoute{needs: instanceRead, about: noApp}); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := s.writeMetrics(c.Request().Context(), &page); err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(nethttp.StatusOK, "text/plain; version=0.0.4; charset=utf-8", page.Bytes())
}

func (s *Server) writeMetrics(ctx context.Context, w io.Writer) error {
	outbox, err := s.store.OutboxStats(ctx)
	if err != nil {
		return err
	}
	letters, err := s.store.DeadLetterStats(ctx)
	if err != nil {
		return err
	}
	use, err := s.store.DiskUse()
	if err != nil {
		return err
	}
	page := &metricsPage{w: w}
	s.writeRequestMetrics(page)
	s.writeExecutionMetrics(page)
	s.writeCacheMetrics(page)
	s.writeStorageMetrics(page, use)
	s.writeByteMetrics(page)
	s.writeClockMetrics(page)
	writeQueueMetrics(page, outbox, letters)
	metrics.WriteProcessMetrics(w)
	return nil
}

func (s *Server) writeRequestMetrics(page *metricsPage) {
	for kind, name := range requestKindNames {
		for class := range statusClasses {
			page.counter("picloud_http_requests_total", s.counts[kind][class].Load(), "kind", name, "status", statusClass(class))
		}
	}
	hashes := s.hasher.stats()
	page.gauge("picloud_argon2_running", float64(hashes.running))
	page.gauge("picloud_argon2_waiting", float64(hashes.waiting))
	page.counter("picloud_argon2_hashes_total", hashes.done)
	page.counter("picloud_argon2_refused_total", hashes.refused)
}

func (s *Server) writeExecutionMetrics(page *metricsPage) {
	log, stats := s.store.ExecutionLogStats(), s.engine.Stats()
	for _, status := range slices.Sorted(maps.Keys(log.ByStatus)) {
		page.counter("picloud_executions_total", log.ByStatus[status], "status", string(status))
	}
	page.histogram("picloud_execution_duration_seconds", stats.Duration)
	page.histogram("picloud_execution_memory_bytes", stats.Memory)
	page.counter("picloud_execution_instructions_total", stats.Instructions)
	page.counter("picloud_execution_sdk_calls_total", stats.SDKCalls)
	page.counter("picloud_log_records_written_total", log.Written)
	page.counter("picloud_log_records_dropped_total", log.Dropped)
	page.gauge("picloud_gate_slots", float64(stats.Gate.Slots))
	page.gauge("picloud_gate_running", float64(stats.Gate.Running))
	page.gauge("picloud_gate_waiting", float64(stats.Gate.Waiting))
	page.gauge("picloud_gate_aside", float64(stats.Gate.Aside))
	page.counter("picloud_gate_refused_total", stats.Gate.Refused)
}

func (s *Server) writeCacheMetrics(page *metricsPage) {
	caches := s.cachesByName(s.engine.Stats())
	for _, name := range slices.Sorted(maps.Keys(caches)) {
		page.counter("picloud_cache_hits_total", caches[name].Hits, "cache", name)
	}
	for _, name := range slices.Sorted(maps.Keys(caches)) {
		page.counter("picloud_cache_misses_total", caches[name].Misses, "cache", name)
	}
}

func writeQueueMetrics(page *metricsPage, outbox store.OutboxStats, letters store.DeadLetterStats) {
	page.gauge("picloud_outbox_deliveries", float64(outbox.Deliveries))
	page.gauge("picloud_outbox_bytes", float64(outbox.Bytes))
	page.gauge("picloud_outbox_oldest_seconds", float64(outbox.OldestMS)/1000)
	page.gauge("picloud_dead_letters", float64(letters.Kept))
	page.gauge("picloud_dead_letters_open", float64(letters.Open))
	page.counter("picloud_dead_letters_total", letters.Made)
	page.counter("picloud_dead_letters_dropped_total", letters.Dropped)
}

func (s *Server) writeStorageMetrics(page *metricsPage, use store.DiskUse) {
	stats := s.store.WriterStats()
	page.counter("picloud_writer_operations_total", stats.Operations)
	page.counter("picloud_writer_groups_total", stats.DurableGroups, "durable", "true")
	page.counter("picloud_writer_groups_total", stats.Groups-stats.DurableGroups, "durable", "false")
	page.counter("picloud_writer_syncs_total", stats.Syncs)
	page.counter("picloud_checkpoints_total", stats.Checkpoints)
	page.gauge("picloud_wal_used_bytes", float64(stats.WALBytes))
	page.gauge("picloud_wal_bytes", float64(use.WAL))
	page.gauge("picloud_database_bytes", float64(use.Database))
	page.gauge("picloud_disk_free_bytes", float64(use.Free))
}

func (s *Server) writeByteMetrics(page *metricsPage) {
	causes := s.writtenBytes()
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		page.counter("picloud_written_bytes_total", causes[cause], "cause", string(cause))
	}
	for _, script := range s.writtenByScript() {
		page.counter("picloud_script_written_bytes_total", script.Bytes, "script_id", script.ID.String(), "app", script.App, "script", script.Name)
	}
}

func (s *Server) writeClockMetrics(page *metricsPage) {
	clock := s.clock()
	truth := map[bool]float64{true: 1}
	page.gauge("picloud_clock_synchronised", truth[clock.Synchronised])
	page.gauge("picloud_cron_waits_for_clock", truth[clock.Waits != ""])
}

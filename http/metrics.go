package http

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/VictoriaMetrics/metrics"
	"github.com/labstack/echo/v4"

	"picloud/runtime"
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
	set := metrics.NewSet()
	for _, write := range []func(io.Writer){
		s.writeRequestMetrics, s.writeExecutionMetrics, s.writeCacheMetrics, s.writeStorageMetrics, s.writeByteMetrics, s.writeClockMetrics,
		func(w io.Writer) { writeQueueMetrics(w, outbox, letters) },
		metrics.WriteProcessMetrics,
	} {
		set.RegisterMetricsWriter(write)
	}
	set.WritePrometheus(w)
	return nil
}

// counter and gauge write one line each; labels come in pairs.
func counter(w io.Writer, name string, value int64, labels ...string) {
	metrics.WriteCounterUint64(w, name+labelled(labels), uint64(value))
}

func gauge(w io.Writer, name string, value float64, labels ...string) {
	metrics.WriteGaugeFloat64(w, name+labelled(labels), value)
}

func labelled(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	var labels []string
	for i := 0; i+1 < len(pairs); i += 2 {
		labels = append(labels, pairs[i]+"="+strconv.Quote(pairs[i+1]))
	}
	return "{" + strings.Join(labels, ",") + "}"
}

// histogram writes a distribution as Prometheus has it: counts up to each bound.
func histogram(w io.Writer, name string, d runtime.Distribution) {
	total := int64(0)
	for i, n := range d.Counts {
		total += n
		bound := "+Inf"
		if i < len(d.Bounds) {
			bound = strconv.FormatFloat(d.Bounds[i], 'f', -1, 64)
		}
		counter(w, name+"_bucket", total, "le", bound)
	}
	metrics.WriteCounterFloat64(w, name+"_sum", d.Sum)
	counter(w, name+"_count", total)
}

func (s *Server) writeRequestMetrics(w io.Writer) {
	for kind, name := range requestKindNames {
		for class := range statusClasses {
			counter(w, "picloud_http_requests_total", s.counts[kind][class].Load(), "kind", name, "status", strconv.Itoa(class+1)+"xx")
		}
	}
	hashes := s.hasher.stats()
	gauge(w, "picloud_argon2_running", float64(hashes.running))
	gauge(w, "picloud_argon2_waiting", float64(hashes.waiting))
	counter(w, "picloud_argon2_hashes_total", hashes.done)
	counter(w, "picloud_argon2_refused_total", hashes.refused)
}

func (s *Server) writeExecutionMetrics(w io.Writer) {
	log, stats := s.store.ExecutionLogStats(), s.engine.Stats()
	for _, status := range slices.Sorted(maps.Keys(log.ByStatus)) {
		counter(w, "picloud_executions_total", log.ByStatus[status], "status", string(status))
	}
	histogram(w, "picloud_execution_duration_seconds", stats.Duration)
	histogram(w, "picloud_execution_memory_bytes", stats.Memory)
	counter(w, "picloud_execution_instructions_total", stats.Instructions)
	counter(w, "picloud_execution_sdk_calls_total", stats.SDKCalls)
	counter(w, "picloud_log_records_written_total", log.Written)
	counter(w, "picloud_log_records_dropped_total", log.Dropped)
	gauge(w, "picloud_gate_slots", float64(stats.Gate.Slots))
	gauge(w, "picloud_gate_running", float64(stats.Gate.Running))
	gauge(w, "picloud_gate_waiting", float64(stats.Gate.Waiting))
	gauge(w, "picloud_gate_aside", float64(stats.Gate.Aside))
	counter(w, "picloud_gate_refused_total", stats.Gate.Refused)
}

func (s *Server) writeCacheMetrics(w io.Writer) {
	stats := s.engine.Stats()
	hits, misses := s.store.DataCacheStats()
	for name, cache := range map[string]runtime.CacheStats{"scripts": stats.Scripts, "modules": stats.Modules, "data": {Hits: hits, Misses: misses}} {
		counter(w, "picloud_cache_hits_total", cache.Hits, "cache", name)
		counter(w, "picloud_cache_misses_total", cache.Misses, "cache", name)
	}
}

func writeQueueMetrics(w io.Writer, outbox store.OutboxStats, letters store.DeadLetterStats) {
	gauge(w, "picloud_outbox_deliveries", float64(outbox.Deliveries))
	gauge(w, "picloud_outbox_bytes", float64(outbox.Bytes))
	gauge(w, "picloud_outbox_oldest_seconds", float64(outbox.OldestMS)/1000)
	gauge(w, "picloud_dead_letters", float64(letters.Kept))
	gauge(w, "picloud_dead_letters_open", float64(letters.Open))
	counter(w, "picloud_dead_letters_total", letters.Made)
	counter(w, "picloud_dead_letters_dropped_total", letters.Dropped)
}

func (s *Server) writeStorageMetrics(w io.Writer) {
	stats := s.store.WriterStats()
	counter(w, "picloud_writer_operations_total", stats.Operations)
	counter(w, "picloud_writer_groups_total", stats.DurableGroups, "durable", "true")
	counter(w, "picloud_writer_groups_total", stats.Groups-stats.DurableGroups, "durable", "false")
	counter(w, "picloud_writer_syncs_total", stats.Syncs)
	counter(w, "picloud_checkpoints_total", stats.Checkpoints)
	gauge(w, "picloud_wal_bytes", float64(stats.WALBytes))
}

func (s *Server) writeByteMetrics(w io.Writer) {
	written, catalog := s.store.WrittenBytes(), s.store.Catalog()
	for _, cause := range slices.Sorted(maps.Keys(written.ByCause)) {
		counter(w, "picloud_written_bytes_total", written.ByCause[cause], "cause", string(cause))
	}
	for id, bytes := range written.ByScript {
		script := catalog.Scripts[id]
		if script == nil {
			continue
		}
		app := ""
		if found := catalog.Apps[script.AppID]; found != nil {
			app = found.Slug
		}
		counter(w, "picloud_script_written_bytes_total", bytes, "script_id", id.String(), "app", app, "script", script.Name)
	}
}

func (s *Server) writeClockMetrics(w io.Writer) {
	clock := s.clock()
	truth := map[bool]float64{true: 1}
	gauge(w, "picloud_clock_synchronised", truth[clock.Synchronised])
	gauge(w, "picloud_cron_waits_for_clock", truth[clock.Waits != ""])
}

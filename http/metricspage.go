package http

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/VictoriaMetrics/metrics"

	"picloud/runtime"
)

// metricsPage writes families of series in the text format of Prometheus
// (prometheus.io/docs/instrumenting/exposition_formats): all series of a family
// in a row, below a line that says what it is and one that says of which type.
type metricsPage struct {
	w      io.Writer
	family string // of the last line
}

func (p *metricsPage) head(family, kind string) {
	if family != p.family {
		fmt.Fprintf(p.w, "# HELP %s %s\n# TYPE %s %s\n", family, metricHelp[family], family, kind)
		p.family = family
	}
}

// counter and gauge write one line each; labels come in pairs.
func (p *metricsPage) counter(name string, value int64, labels ...string) {
	p.head(name, "counter")
	metrics.WriteCounterUint64(p.w, name+labelled(labels), uint64(value))
}

func (p *metricsPage) gauge(name string, value float64, labels ...string) {
	p.head(name, "gauge")
	metrics.WriteGaugeFloat64(p.w, name+labelled(labels), value)
}

// histogram writes a distribution as Prometheus has it: counts up to each bound.
func (p *metricsPage) histogram(name string, d runtime.Distribution) {
	p.head(name, "histogram")
	total := int64(0)
	for i, n := range d.Counts {
		total += n
		bound := "+Inf"
		if i < len(d.Bounds) {
			bound = strconv.FormatFloat(d.Bounds[i], 'f', -1, 64)
		}
		metrics.WriteCounterUint64(p.w, name+"_bucket"+labelled([]string{"le", bound}), uint64(total))
	}
	metrics.WriteCounterFloat64(p.w, name+"_sum", d.Sum)
	metrics.WriteCounterUint64(p.w, name+"_count", uint64(total))
}

// escaped is what the format wants of a label's value, and nothing more.
var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func labelled(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	var labels []string
	for i := 0; i+1 < len(pairs); i += 2 {
		labels = append(labels, pairs[i]+`="`+escaped.Replace(pairs[i+1])+`"`)
	}
	return "{" + strings.Join(labels, ",") + "}"
}

// metricHelp says of each family what it counts. Counts are since the start.
var metricHelp = map[string]string{
	"picloud_http_requests_total":          "Answers, by who gave them (scripts, execute: one run by id, admin, other) and the class of their status.",
	"picloud_argon2_running":               "Passwords and keys that are being hashed.",
	"picloud_argon2_waiting":               "Passwords and keys that wait to be hashed.",
	"picloud_argon2_hashes_total":          "Passwords and keys that were hashed.",
	"picloud_argon2_refused_total":         "Sign-ins that were refused because too many waited.",
	"picloud_executions_total":             "Runs that ended, and requests that a guard refused, by status.",
	"picloud_execution_duration_seconds":   "How long runs took, with their wait for a slot.",
	"picloud_execution_memory_bytes":       "Live memory of runs at its largest.",
	"picloud_execution_instructions_total": "Instructions that scripts have run.",
	"picloud_execution_sdk_calls_total":    "Calls of kv, docs, http and the like.",
	"picloud_log_records_written_total":    "Execution records written to the database.",
	"picloud_log_records_dropped_total":    "Execution records lost because they came faster than they could be written.",
	"picloud_gate_slots":                   "Runs that may go on at once.",
	"picloud_gate_running":                 "Runs that hold a slot.",
	"picloud_gate_waiting":                 "Runs that wait for a slot.",
	"picloud_gate_aside":                   "Runs that gave their slot up while they wait for the database.",
	"picloud_gate_refused_total":           "Runs that were refused because too many waited.",
	"picloud_cache_hits_total":             "Looks into a cache that found something.",
	"picloud_cache_misses_total":           "Looks into a cache that found nothing.",
	"picloud_writer_operations_total":      "Changes of the database.",
	"picloud_writer_groups_total":          "Commits, each of all changes that were waiting; durable ones are on the card before they are answered.",
	"picloud_writer_syncs_total":           "Syncs of the write-ahead log.",
	"picloud_checkpoints_total":            "Times that the write-ahead log was moved into the database.",
	"picloud_wal_used_bytes":               "Part of the write-ahead log's file that is in use.",
	"picloud_wal_bytes":                    "Size of the write-ahead log's file.",
	"picloud_database_bytes":               "Size of the database's file.",
	"picloud_disk_free_bytes":              "Space that is free beside the database.",
	"picloud_written_bytes_total":          "Bytes written to the card, by what they were written for.",
	"picloud_script_written_bytes_total":   "Bytes written to the card for a script that exists: its data and its records. Part of the causes scripts and log.",
	"picloud_clock_synchronised":           "1 while the clock follows a time server.",
	"picloud_cron_waits_for_clock":         "1 while cron triggers wait for a right clock.",
	"picloud_outbox_deliveries":            "Events and accepted requests that wait or run.",
	"picloud_outbox_bytes":                 "Size of what is in the outbox.",
	"picloud_outbox_oldest_seconds":        "How long the oldest of the outbox has waited.",
	"picloud_dead_letters":                 "Dead letters that are kept.",
	"picloud_dead_letters_open":            "Dead letters that need a look.",
	"picloud_dead_letters_total":           "Deliveries that became dead letters.",
	"picloud_dead_letters_dropped_total":   "Dead letters that were dropped for newer ones.",
}

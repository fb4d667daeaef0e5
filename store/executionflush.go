package store

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	insertBatch  = "INSERT INTO execution_batches (id, first_key, last_key, records, data) VALUES (?, ?, ?, ?, ?)"
	insertSource = "INSERT INTO execution_sources (number, script_id, app_id) VALUES (?, ?, ?)"

	// An execution that is recorded twice keeps its last record.
	insertExecutions = "INSERT OR REPLACE INTO executions (batch, key, source, status, start_offset) VALUES "
	// All rows of a statement share the parameter ?1, the batch.
	executionRow = "(?1, ?, ?, ?, ?)"
)

// executionInsert is an INSERT of a number of rows. Many rows in one statement
// save the cost of stepping and resetting it for each.
type executionInsert struct {
	rows  int
	query string
}

// executionInserts has the largest first; the last takes what is left.
var executionInserts = [...]executionInsert{insertOf(64), insertOf(8), insertOf(1)}

func insertOf(rows int) executionInsert {
	return executionInsert{rows, insertExecutions + strings.Repeat(executionRow+", ", rows-1) + executionRow}
}

// flushRow is a record on its way to the database.
type flushRow struct {
	key       int64
	source    *executionSource
	execution *Execution
	bytes     int
}

// packedBatch is one row of execution_batches with its executions.
type packedBatch struct {
	id   int64
	rows []flushRow
	data []byte
}

// load reads what the log keeps in memory.
func (l *executionLog) load(t *transaction, s *Store) error {
	l.due, l.turn = make(chan struct{}, 1), make(chan struct{}, 1)
	l.sources = make(map[uuid.UUID]*executionSource)
	l.retention = retention{rows: s.config.LogRetentionRows, age: time.Duration(s.config.LogRetentionDays) * 24 * time.Hour}
	packer, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		return err
	}
	l.packer = packer
	if l.nextBatch, err = t.count("SELECT coalesce(max(id), 0) FROM execution_batches"); err != nil {
		return err
	}
	return t.each(func(r row) error {
		source := newExecutionSource(r.integer(0), r.id(1), r.id(2))
		source.stored = true
		l.sources[source.script] = source
		l.newest = max(l.newest, source.number)
		return nil
	}, "SELECT number, script_id, app_id FROM execution_sources")
}

// FlushExecutions waits until everything recorded so far can be read.
func (s *Store) FlushExecutions(ctx context.Context) error { return s.flush(ctx) }

// flush writes the buffer. It encodes and packs outside the writer and outside
// the buffer's lock, so neither requests nor other writes wait for that.
func (s *Store) flush(ctx context.Context) error {
	l := &s.log
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	successes, failures := l.take()
	if len(successes)+len(failures) == 0 {
		return nil
	}
	rows := l.prepare(successes, failures)
	batches, err := l.pack(rows)
	op := &operation{purpose: purpose{cause: CauseLog}, fn: func(t *transaction) error { return l.insert(t, batches) }}
	if err == nil {
		// Not the caller's context: the operation uses buffers that the next flush needs.
		err = s.writer.do(context.Background(), op)
	}
	if err != nil {
		l.giveBack(successes, failures)
		return fmt.Errorf("writing the execution log: %w", err)
	}
	s.written.shareLog(rows, op.cost)
	l.settle(rows)
	l.spare = [2][]bufferedExecution{successes, failures}
	s.reportDrops()
	return nil
}

func (s *Store) reportDrops() {
	if dropped := s.log.dropped.Load(); dropped > s.log.reported {
		s.config.Logger.Warn("the execution log dropped records: they came faster than they could be written", "dropped", dropped-s.log.reported)
		s.log.reported = dropped
	}
}

// prepare brings the records into the order of their keys, so that inserts append.
func (l *executionLog) prepare(successes, failures []bufferedExecution) []flushRow {
	rows := make([]flushRow, 0, len(successes)+len(failures))
	for _, taken := range [2][]bufferedExecution{successes, failures} {
		for _, e := range taken {
			key, _, _ := splitID(e.execution.ID)
			rows = append(rows, flushRow{key: key, source: l.sourceOf(e.execution), execution: e.execution, bytes: e.bytes})
		}
	}
	slices.SortFunc(rows, func(a, b flushRow) int { return cmp.Compare(a.key, b.key) })
	return rows
}

func (l *executionLog) sourceOf(e *Execution) *executionSource {
	source, ok := l.sources[e.ScriptID]
	if !ok {
		l.newest++
		source = newExecutionSource(l.newest, e.ScriptID, e.AppID)
		l.sources[e.ScriptID] = source
	}
	return source
}

// pack encodes the rows into batches, each bounded in rows and bytes so that
// reading one record never unpacks more than that.
func (l *executionLog) pack(rows []flushRow) ([]packedBatch, error) {
	var batches []packedBatch
	for len(rows) > 0 {
		l.encoder.reset()
		n := 0
		for n < len(rows) && n < flushRows && l.encoder.len() < flushBytes {
			l.encoder.add(rows[n].key, rows[n].execution)
			n++
		}
		data, err := l.packBatch()
		if err != nil {
			return nil, err
		}
		l.nextBatch++
		batches = append(batches, packedBatch{id: l.nextBatch, rows: rows[:n], data: data})
		rows = rows[n:]
	}
	return batches, nil
}

func (l *executionLog) packBatch() ([]byte, error) {
	packed := bytes.NewBuffer(l.encoder.start())
	l.packer.Reset(packed)
	if _, err := l.packer.Write(l.encoder.buffer); err != nil {
		return nil, err
	}
	if err := l.packer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func (l *executionLog) insert(t *transaction, batches []packedBatch) error {
	for _, source := range l.sources {
		if !source.stored {
			if _, err := t.exec(insertSource, source.number, source.script, source.app); err != nil {
				return err
			}
		}
	}
	for _, b := range batches {
		first, last := b.rows[0].key, b.rows[len(b.rows)-1].key
		if _, err := t.exec(insertBatch, b.id, first, last, len(b.rows), b.data); err != nil {
			return err
		}
		if err := l.insertRows(t, b); err != nil {
			return err
		}
	}
	return nil
}

func (l *executionLog) insertRows(t *transaction, b packedBatch) error {
	batch, rest := driver.Value(b.id), b.rows
	for _, insert := range executionInserts {
		for len(rest) >= insert.rows {
			if _, err := t.execValues(insert.query, l.bindRows(rest[:insert.rows], batch)); err != nil {
				return err
			}
			rest = rest[insert.rows:]
		}
	}
	return nil
}

// bindRows takes the batch, and has the sources, as values that are made once:
// a number that becomes one is a small allocation.
func (l *executionLog) bindRows(rows []flushRow, batch driver.Value) []driver.NamedValue {
	values := l.values[:0]
	add := func(v driver.Value) {
		values = append(values, driver.NamedValue{Ordinal: len(values) + 1, Value: v})
	}
	add(batch)
	for i := range rows {
		r := &rows[i]
		add(r.key)
		add(r.source.value)
		add(statusCode(r.execution.Status))
		add(int64(r.execution.StartedAt - keyTime(r.key)))
	}
	l.values = values
	return values
}

// settle notes that the rows are written.
func (l *executionLog) settle(rows []flushRow) {
	for _, source := range l.sources {
		source.stored = true
	}
	l.retention.addRows(rows)
	l.recent.addRows(rows)
	l.written.Add(int64(len(rows)))
	l.flushes.Add(1)
}

// statuses gives each status its number in the log; the list grows only at its end.
var statuses = [...]ExecutionStatus{StatusSuccess, StatusError, StatusTimeout, StatusInstructionLimit,
	StatusMemoryLimit, StatusSDKCallLimit, StatusRejected}

// statusCode is -1 for a status that does not exist.
func statusCode(status ExecutionStatus) int64 { return int64(slices.Index(statuses[:], status)) }

func statusOf(code int64) ExecutionStatus {
	if code < 0 || code >= int64(len(statuses)) {
		return StatusError
	}
	return statuses[code]
}

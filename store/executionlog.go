package store

import (
	"compress/flate"
	"database/sql/driver"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// The bounds of the buffer, and when it is flushed without waiting for the tick.
const (
	bufferRows  = 8192
	bufferBytes = 8 << 20
	flushRows   = 256
	flushBytes  = 256 << 10
)

// ExecutionLogStats for /metrics and tests: rows written, dropped, flushes.
type ExecutionLogStats struct {
	Recorded, Written, Dropped, Flushes int64
	// ByStatus divides Recorded.
	ByStatus map[ExecutionStatus]int64
}

// executionLog is the buffer in front of the log's tables and the state of its flushes.
type executionLog struct {
	due chan struct{} // a flush is worth its cost before the tick

	mutex     sync.Mutex // held for the time of a push or a swap of slices
	successes executionQueue
	failures  executionQueue
	bytes     int
	signalled bool // due was told, or must not be

	byStatus                  [len(statuses)]atomic.Int64
	written, dropped, flushes atomic.Int64

	watches executionWatches
	recent  recent

	turn      chan struct{} // held by the one flush that runs
	sources   map[uuid.UUID]*executionSource
	newest    int64 // the highest number among sources
	nextBatch int64
	encoder   batchEncoder
	packer    *flate.Writer
	spare     [2][]bufferedExecution
	values    []driver.NamedValue
	reported  int64 // drops that were logged

	retention retention
}

// executionSource is the short number of a script in the log.
type executionSource struct {
	number      int64
	value       driver.Value // number, as a statement takes it
	script, app uuid.UUID
	stored      bool
}

func newExecutionSource(number int64, script, app uuid.UUID) *executionSource {
	return &executionSource{number: number, value: number, script: script, app: app}
}

// bufferedExecution is a record with its size, which bounds the buffer.
type bufferedExecution struct {
	execution *Execution
	bytes     int
}

// executionQueue is first in, first out.
type executionQueue struct {
	items []bufferedExecution
	head  int
}

func (q *executionQueue) len() int { return len(q.items) - q.head }

func (q *executionQueue) push(e bufferedExecution) {
	if q.head > len(q.items)/2 && len(q.items) == cap(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, e)
}

func (q *executionQueue) pop() bufferedExecution {
	e := q.items[q.head]
	q.items[q.head] = bufferedExecution{}
	q.head++
	return e
}

// swap returns what is queued and goes on in spare.
func (q *executionQueue) swap(spare []bufferedExecution) []bufferedExecution {
	taken := q.items[q.head:]
	q.items, q.head = spare[:0], 0
	return taken
}

// RecordExecution hands a finished run's record to the log buffer. It never
// blocks and never fails: a full buffer drops the oldest records of success and
// of requests that were turned away first and counts them. The record and all it points to belong to the store from
// here on. Its ID is one that NewExecutionID gave; any other is replaced.
func (s *Store) RecordExecution(e *Execution) {
	if _, _, ok := splitID(e.ID); !ok {
		e.ID = s.newID()
	}
	l := &s.log
	size := executionSize(e)
	if code := statusCode(e.Status); code >= 0 {
		l.byStatus[code].Add(1)
	}
	l.mutex.Lock()
	if e.Status == StatusSuccess || e.Status == StatusRejected {
		l.successes.push(bufferedExecution{e, size})
	} else {
		l.failures.push(bufferedExecution{e, size})
	}
	l.bytes += size
	l.dropOver()
	signal := !l.signalled && (l.rows() >= flushRows || l.bytes >= flushBytes)
	l.signalled = l.signalled || signal
	l.mutex.Unlock()
	l.watches.offer(e, size)
	if signal {
		select {
		case l.due <- struct{}{}:
		default:
		}
	}
}

func (l *executionLog) rows() int { return l.successes.len() + l.failures.len() }

// dropOver brings the buffer back within its bounds.
func (l *executionLog) dropOver() {
	for l.rows() > bufferRows || (l.bytes > bufferBytes && l.rows() > 1) {
		oldest := &l.successes
		if oldest.len() == 0 {
			oldest = &l.failures
		}
		l.bytes -= oldest.pop().bytes
		l.dropped.Add(1)
	}
}

// take empties the buffer.
func (l *executionLog) take() (successes, failures []bufferedExecution) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.bytes, l.signalled = 0, false
	// The queues own the spare buffers from here on, also when nothing was taken.
	spare := l.spare
	l.spare = [2][]bufferedExecution{}
	return l.successes.swap(spare[0]), l.failures.swap(spare[1])
}

// giveBack returns what could not be written, as the oldest of the buffer. The
// next flush waits for the tick, since one that is due at once would fail too.
func (l *executionLog) giveBack(successes, failures []bufferedExecution) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.signalled = true
	l.successes = executionQueue{items: append(successes, l.successes.items[l.successes.head:]...)}
	l.failures = executionQueue{items: append(failures, l.failures.items[l.failures.head:]...)}
	l.bytes = 0
	for _, queue := range []*executionQueue{&l.successes, &l.failures} {
		for _, e := range queue.items {
			l.bytes += e.bytes
		}
	}
	l.dropOver()
	l.spare = [2][]bufferedExecution{}
}

// executionSize is about what the record keeps in memory.
func executionSize(e *Execution) int {
	size := 512 + len(e.RequestID)
	if e.Error != nil {
		size += 64 + len(e.Error.Message) + len(e.Error.Traceback)
	}
	for i := range e.Logs {
		size += 64 + len(e.Logs[i].Message) + len(e.Logs[i].Data)
	}
	for i := range e.Queries {
		size += 128 + len(e.Queries[i].Query) + len(e.Queries[i].Plan)
	}
	if r := e.Request; r != nil {
		size += 128 + len(r.Path) + len(r.Query) + len(r.Body) + headerSize(r.Headers)
	}
	if r := e.Response; r != nil {
		size += 96 + len(r.Body) + headerSize(r.Headers)
	}
	return size
}

func headerSize(fields []HeaderField) int {
	size := 32 * len(fields)
	for i := range fields {
		size += len(fields[i].Name) + len(fields[i].Value)
	}
	return size
}

// ExecutionLogStats returns the counts since the start.
func (s *Store) ExecutionLogStats() ExecutionLogStats {
	l := &s.log
	stats := ExecutionLogStats{Written: l.written.Load(), Dropped: l.dropped.Load(), Flushes: l.flushes.Load(), ByStatus: make(map[ExecutionStatus]int64, len(statuses))}
	for i, status := range statuses {
		n := l.byStatus[i].Load()
		stats.ByStatus[status] = n
		stats.Recorded += n
	}
	return stats
}

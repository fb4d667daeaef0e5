package store

import (
	"context"
	"encoding/binary"
	"maps"
	"os"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// Cause says what bytes were written to the card for.
type Cause string

// The causes. Checkpoint is what the others have written to the write-ahead
// log, written a second time, to the database.
const (
	CauseScripts    Cause = "scripts"    // values, documents and topics of scripts
	CauseEvents     Cause = "events"     // accepted requests, retries, dead letters, cron slots
	CauseLog        Cause = "log"        // execution records
	CauseAdmin      Cause = "admin"      // changes by users
	CauseUpkeep     Cause = "upkeep"     // retention, stamps, what has expired
	CauseCheckpoint Cause = "checkpoint" // from the write-ahead log to the database
	CauseStart      Cause = "start"      // making files ready, migrations
	CauseBackup     Cause = "backup"     // copies of the database
)

// Causes are all of them.
var Causes = []Cause{CauseScripts, CauseEvents, CauseLog, CauseAdmin, CauseUpkeep, CauseCheckpoint, CauseStart, CauseBackup}

// cardBlock is what a card and its file system write at least: one byte more
// costs a whole block.
const cardBlock = 4096

// purpose is what an operation is for.
type purpose struct {
	cause  Cause
	script uuid.UUID // zero: none
}

type purposeKey struct{}

// ForScript returns a context under which writes count as the script's.
func ForScript(ctx context.Context, script uuid.UUID) context.Context {
	return context.WithValue(ctx, purposeKey{}, &purpose{cause: CauseScripts, script: script})
}

// because returns a context under which writes count for a cause, unless they
// are a script's.
func because(ctx context.Context, cause Cause) context.Context {
	if ctx.Value(purposeKey{}) != nil {
		return ctx
	}
	return context.WithValue(ctx, purposeKey{}, &purpose{cause: cause})
}

// purposeOf is what ctx says; without a word a change that the audit notes is a
// user's, and any other is upkeep.
func purposeOf(ctx context.Context) purpose {
	if given, ok := ctx.Value(purposeKey{}).(*purpose); ok {
		return *given
	}
	if ctx.Value(auditKey{}) != nil {
		return purpose{cause: CauseAdmin}
	}
	return purpose{cause: CauseUpkeep}
}

// writtenBytes counts what goes to the card, in whole blocks, from what is known
// of each write. It is no measurement, but TestReportedBytes holds it to the
// kernel's count for a device. What a file system adds for itself is not in it.
type writtenBytes struct {
	// tailDirty says that the kernel still holds the last block of the WAL: the
	// next write into it costs nothing more.
	tailDirty atomic.Bool

	mutex    sync.Mutex
	byCause  map[Cause]int64
	byScript map[uuid.UUID]int64
}

func newWrittenBytes() *writtenBytes {
	return &writtenBytes{byCause: make(map[Cause]int64), byScript: make(map[uuid.UUID]int64)}
}

func (b *writtenBytes) add(cause Cause, bytes int64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.byCause[cause] += bytes
}

// share divides what a group has cost among its operations by their weights.
func (b *writtenBytes) share(ops []*operation, bytes int64) {
	total := int64(0)
	for _, op := range ops {
		total += op.weight
	}
	if total == 0 {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	left := bytes
	for _, op := range ops {
		op.cost = bytes * op.weight / total
		left -= op.cost
		b.byCause[op.purpose.cause] += op.cost
		if op.purpose.script != uuid.Nil {
			b.byScript[op.purpose.script] += op.cost
		}
	}
	b.byCause[CauseUpkeep] += left // what rounding has left
}

// shareLog divides what a flush of the execution log has cost among the scripts
// whose records it wrote.
func (b *writtenBytes) shareLog(rows []flushRow, bytes int64) {
	total := int64(0)
	for i := range rows {
		total += int64(rows[i].bytes)
	}
	if total == 0 {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for i := range rows {
		b.byScript[rows[i].execution.ScriptID] += bytes * int64(rows[i].bytes) / total
	}
}

// growWAL returns what the frames after before, up to after, have cost. A WAL
// that is shorter than before began anew, with its header.
func (b *writtenBytes) growWAL(before, after int64) int64 {
	start, end := walHeaderBytes+before*frameBytes, walHeaderBytes+after*frameBytes
	if after < before || before == 0 {
		start = 0
	}
	blocks := (end+cardBlock-1)/cardBlock - start/cardBlock
	if b.tailDirty.Swap(end%cardBlock != 0) && start%cardBlock != 0 {
		blocks--
	}
	return blocks * cardBlock
}

// framePages reads which pages of the database the frames after from, up to to,
// hold: the first four bytes of each frame's header (sqlite.org/walformat.html).
func framePages(wal *os.File, from, to int64) ([]uint32, error) {
	pages := make([]uint32, 0, to-from)
	var number [4]byte
	for frame := from; frame < to; frame++ {
		if _, err := wal.ReadAt(number[:], walHeaderBytes+frame*frameBytes); err != nil {
			return nil, err
		}
		pages = append(pages, binary.BigEndian.Uint32(number[:]))
	}
	return pages, nil
}

// distinct counts how many different pages there are.
func distinct(pages []uint32) int64 {
	seen := make(map[uint32]struct{}, len(pages))
	for _, page := range pages {
		seen[page] = struct{}{}
	}
	return int64(len(seen))
}

// WrittenBytes is what went to the card since the start, in bytes.
type WrittenBytes struct {
	ByCause map[Cause]int64
	// ByScript has the scripts that exist: their data, and their records in the
	// log. It is a part of the causes scripts and log.
	ByScript map[uuid.UUID]int64
}

// WrittenBytes returns the counts so far. What deleted scripts wrote is
// forgotten by script.
func (s *Store) WrittenBytes() WrittenBytes {
	b := s.written
	catalog := s.Catalog()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	maps.DeleteFunc(b.byScript, func(script uuid.UUID, _ int64) bool { return catalog.Scripts[script] == nil })
	return WrittenBytes{ByCause: maps.Clone(b.byCause), ByScript: maps.Clone(b.byScript)}
}

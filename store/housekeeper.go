package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

const (
	tickEvery = time.Second
	// relaxedFor bounds what a power cut can take of relaxed writes. It counts
	// from the write: a durable one in between has synced it, so that with some
	// of both few syncs are made for the relaxed ones alone.
	relaxedFor = time.Second
	// logTicks is after how many ticks the execution log is written; a crash can
	// take the records of so many seconds, a power cut those of one more (spec 5, "Storage": logs
	// may lose their last seconds). A file system's own journal flushes every five
	// seconds too: with the log at each tick, 1,000 runs at 10/s took 122 flushes
	// of the card, and a quarter more bytes than at every other (TestReport/Log).
	logTicks = 2
	// trimAgeEvery is how often old executions are looked for.
	trimAgeEvery = time.Minute
	// sweepEvery is how often expired entries are looked for; nobody sees them
	// meanwhile.
	sweepEvery = time.Minute
)

// housekeeper does each second what need not be done at once: it flushes the
// execution log every other time, trims it, looks after a full disk, and resets
// a password for someone on the box. It syncs relaxed writes when they are a
// second old. When there is nothing to do it writes nothing.
type housekeeper struct {
	store   *Store
	stop    chan struct{}
	stopped chan struct{}
	syncing *time.Timer // until the oldest relaxed write is due
	ticks   int         // so far
	aged    time.Time   // when old executions were last looked for
	swept   time.Time   // when expired entries were last looked for
	warned  error       // the last failure that was logged
	began   int64       // monotonic
	settled bool        // the start is known to be a good one
}

func newHousekeeper(s *Store) *housekeeper {
	syncing := time.NewTimer(relaxedFor)
	syncing.Stop()
	return &housekeeper{store: s, stop: make(chan struct{}), stopped: make(chan struct{}), syncing: syncing, aged: s.config.Now(), swept: s.config.Now(), began: monotonic()}
}

func (h *housekeeper) run() {
	defer close(h.stopped)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	defer h.syncing.Stop()
	for {
		select {
		case <-ticker.C:
			h.report(h.guard(h.tick))
		case <-h.syncing.C:
			h.syncAged()
		case <-h.store.log.due:
			h.report(h.guard(h.store.flush))
		case <-h.store.outbox.due:
			h.report(h.guard(h.store.flushAcks))
		case <-h.stop:
			return
		}
	}
}

func (h *housekeeper) guard(work func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return work(context.Background())
}

// report logs a failure once, not each second.
func (h *housekeeper) report(err error) {
	if err != nil && (h.warned == nil || h.warned.Error() != err.Error()) {
		h.store.config.Logger.Warn("the database's housekeeping failed", "error", err)
	}
	h.warned = err
}

func (h *housekeeper) tick(ctx context.Context) error {
	s := h.store
	full := h.makeRoom(ctx)
	var flushed error
	if h.ticks++; h.ticks%logTicks == 0 {
		flushed = s.flush(ctx)
	}
	flushed = errors.Join(flushed, s.flushAcks(ctx))
	trimmed := errors.Join(h.trim(ctx), h.sweep(ctx))
	reset := errors.Join(h.takeReset(ctx), h.noteGoodStart())
	h.syncAged()
	return errors.Join(full, flushed, trimmed, reset)
}

// syncAged syncs the relaxed writes if one has waited for long enough, and
// else, if there are some, comes back when one has. A tick calls it, so none
// waits longer.
func (h *housekeeper) syncAged() {
	switch age, dirty := h.store.writer.unsynced(); {
	case !dirty:
	case age >= relaxedFor:
		h.store.syncWAL()
	default:
		h.syncing.Reset(relaxedFor - age)
	}
}

// sweep does one step of deleting expired entries, when one is due.
func (h *housekeeper) sweep(ctx context.Context) error {
	now := h.store.config.Now()
	if since := now.Sub(h.swept); since >= 0 && since < sweepEvery {
		return nil
	}
	more, err := h.store.sweepExpired(ctx)
	if err == nil && !more {
		h.swept = now
	}
	return err
}

// makeRoom gives a full disk the ballast back and what the WAL and old log
// records hold, until there is space again.
func (h *housekeeper) makeRoom(ctx context.Context) error {
	s := h.store
	if !s.space.isFull() {
		return nil
	}
	if err := s.space.recover(); err != nil || !s.space.isFull() {
		return err
	}
	if err := s.space.release(); err != nil {
		return err
	}
	_, err := s.trimAge(ctx)
	return errors.Join(err, s.writer.do(ctx, &operation{alone: func(c *connection) error {
		_, err := s.writer.checkpointHere(c)
		return err
	}}))
}

// trim does one small step of retention, when one is due.
func (h *housekeeper) trim(ctx context.Context) error {
	s := h.store
	if now := s.config.Now(); now.Sub(h.aged) >= trimAgeEvery || now.Before(h.aged) {
		if err := s.flushFired(ctx); err != nil {
			return err
		}
		more, err := s.trimAge(ctx)
		if err != nil || more {
			return err
		}
		h.aged = now
	}
	_, err := s.trimLongest(ctx, s.log.retention.slack())
	return err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// commit runs the operations in one transaction. An error fails them all; an
// operation's own error is in its err.
func (w *writer) commit(ops []*operation) error {
	durable, work := false, false
	for _, op := range ops {
		durable = durable || op.durable
		work = work || op.fn != nil
	}
	if broken := w.broken.Load(); broken != nil {
		return broken
	}
	if !work {
		return nil
	}
	w.answered = [2]int{len(ops), w.answered[0]}
	if err := w.begin(durable); err != nil {
		return err
	}
	t := &transaction{connection: w.connection, ctx: context.Background(), at: TimeOf(w.now()), durable: durable}
	err := w.runOperations(t, ops)
	if err == nil {
		ops, err = w.addDeletion(t, ops)
	}
	if err != nil {
		err = w.abandon(err)
	} else {
		err = w.finish(t, ops)
	}
	if err != nil {
		w.outbox.release(t.deliveries)
	}
	return err
}

// begin sets the group's sync level and opens the transaction. The level can
// change between transactions at no cost; one FULL commit also syncs all
// NORMAL ones before it, since they are in the same file.
func (w *writer) begin(full bool) error {
	if full != w.full {
		level := "PRAGMA synchronous=NORMAL"
		if full {
			level = "PRAGMA synchronous=FULL"
		}
		if _, err := w.connection.exec(level); err != nil {
			return err
		}
		w.full = full
	}
	_, err := w.connection.exec("BEGIN IMMEDIATE")
	return err
}

// runOperations gives each operation a savepoint, so that a failing one undoes
// only itself. It returns an error when SQLite has given up the transaction.
func (w *writer) runOperations(t *transaction, ops []*operation) error {
	for _, op := range ops {
		if op.fn == nil {
			continue
		}
		if !op.frees && w.space.isFull() {
			op.err = storageFull(nil)
			continue
		}
		if _, err := w.connection.exec("SAVEPOINT operation"); err != nil {
			return err
		}
		before := t.effects
		if op.err = runRecovered(op.fn, t); op.err != nil {
			w.outbox.release(t.deliveries[len(before.deliveries):])
			t.effects = before
			w.noteFull(op.err)
			if _, err := w.connection.exec("ROLLBACK TO operation"); err != nil {
				return errors.Join(op.err, err)
			}
		}
		if _, err := w.connection.exec("RELEASE operation"); err != nil {
			return errors.Join(op.err, err)
		}
		op.weight = t.weight - before.weight
	}
	return nil
}

// addDeletion deletes what is finished in the outbox when the group puts
// something there: that is the page it writes anyway. What fails in it is tried
// again with the tick, which tells.
func (w *writer) addDeletion(t *transaction, ops []*operation) ([]*operation, error) {
	if len(t.deliveries) == 0 || !w.outbox.finished() {
		return ops, nil
	}
	ops = append(slices.Clip(ops), w.outbox.deletion())
	return ops, w.runOperations(t, ops[len(ops)-1:])
}

// finish commits, and shows the outcome to readers of the catalog before any
// caller hears of it.
func (w *writer) finish(t *transaction, ops []*operation) error {
	var catalog *Catalog
	if t.changedCatalog {
		var err error
		if catalog, err = loadCatalog(t); err != nil {
			return w.abandon(err)
		}
	}
	began := monotonic()
	if _, err := w.connection.exec("COMMIT"); err != nil {
		err = w.abandon(err)
		if isFatal(err) {
			w.fail(err)
		}
		return err
	}
	if t.durable {
		w.syncTook = min(max(time.Duration(monotonic()-began), shortestWait), longestWait)
	}
	w.stats.operations.Add(int64(len(ops)))
	if t.wrote {
		w.committed(t.durable, ops)
	}
	if !t.durable && len(t.published) > 0 {
		w.relaxed = w.wrote.Load()
	}
	if catalog != nil {
		w.publish(catalog)
	}
	w.data.publish(t.published)
	if t.unsynced && w.synced.Load() < w.relaxed {
		w.sync()
	}
	w.outbox.forget(t.acked)
	w.outbox.announce(t.deliveries)
	if broken := w.broken.Load(); broken != nil {
		return broken
	}
	return nil
}

// abandon rolls back what is left of the transaction and returns err.
func (w *writer) abandon(err error) error {
	// SQLite may have rolled back by itself, so a failure here says nothing new.
	_, _ = w.connection.exec("ROLLBACK")
	w.noteFull(err)
	return err
}

func (w *writer) noteFull(err error) {
	if isFull(err) {
		w.space.markFull()
	}
}

// committed counts the group and looks after the WAL.
func (w *writer) committed(durable bool, ops []*operation) {
	sequence := w.wrote.Load() + 1
	if !durable && w.synced.Load() == sequence-1 {
		w.oldest.Store(monotonic())
	}
	w.wrote.Store(sequence)
	w.stats.groups.Add(1)
	if durable {
		w.stats.durableGroups.Add(1)
		w.stats.syncs.Add(1)
		raise(&w.synced, sequence)
	}
	err := w.measureWAL(ops)
	if err == nil && !w.noted {
		err = w.onFirst()
		w.noted = err == nil
	}
	// Where even an old block is written to a new place, noting can meet a full
	// disk. The group is on the card, and the next one notes.
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		w.fail(err)
	}
}

// fail ends all writing: what the card holds after a failed sync is unknown,
// and a restart, which reads it again, is the way to find out.
func (w *writer) fail(err error) {
	broken := &Error{Kind: KindInternal, Code: "internal", Message: "the database cannot be written; PiCloud must restart", Err: err}
	if w.broken.CompareAndSwap(nil, broken) {
		w.onFatal(err)
	}
}

// runRecovered makes a panic in an operation that operation's error.
func runRecovered(fn func(*transaction) error, t *transaction) (err error) {
	defer func() { err = recovered(err, recover()) }()
	return fn(t)
}

func recovered(err error, cause any) error {
	if cause == nil {
		return err
	}
	return internalError("a database operation panicked", fmt.Errorf("%v\n%s", cause, debug.Stack()))
}

package store

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxGroup bounds what one commit takes together, and with it how long the
// first operation of a group waits for the last.
const maxGroup = 256

// comeBack is how soon after an answer a caller that goes on writing is back; a
// script's next request takes less on the smallest Pi.
const comeBack = 20 * time.Millisecond

// shortestWait and longestWait bound the wait for callers: where a sync takes
// less than the first, as many callers need that long to come back, and the
// other half keeps the processor busy meanwhile; the second holds where a sync
// has hung.
const (
	shortestWait = time.Millisecond
	longestWait  = 10 * time.Millisecond
)

// operation is one unit of work for the writer.
type operation struct {
	// fn changes the database inside the group's transaction. A nil fn only
	// waits for its turn.
	fn func(*transaction) error
	// durable asks that the change is on the card before done.
	durable bool
	// frees says that fn gives space back, so that it may run while the disk is full.
	frees bool
	// alone runs between groups, outside any transaction, in place of fn.
	alone func(*connection) error
	// purpose is whom its bytes count for; weight is its part in those of its
	// group, and cost, when it is done, what came of that, in bytes.
	purpose      purpose
	weight, cost int64
	err          error
	done         chan error
}

// writer is the one goroutine that changes the database. It takes an
// operation, gathers what has queued meanwhile, and commits all of it at once:
// under load the cost of a sync is shared, when idle nothing waits.
type writer struct {
	connection *connection
	now        func() time.Time
	onFatal    func(error)
	publish    func(*Catalog)
	data       *dataCache   // told of committed changes of data
	outbox     *outbox      // told of committed deliveries
	sync       func()       // makes relaxed writes durable
	onGrown    func()       // told when the WAL is due for a checkpoint
	onFirst    func() error // called after the first change, to note which WAL is this database's
	noted      bool         // onFirst has done so

	queue   chan *operation
	stopped chan struct{}
	closing sync.RWMutex // held shared while sending to queue
	closed  bool

	group    []*operation
	answered [2]int        // how many operations the last two groups had
	syncTook time.Duration // the last synced commit, within shortestWait and longestWait
	patience *time.Timer   // for callers that are about to come back
	full     bool          // the connection's sync level is FULL
	frames   int64         // frames in the WAL after the last group
	tried    int64         // frames at the last checkpoint that the cap forced
	moving   sync.Mutex    // held by whoever moves the WAL into the database
	// relaxed is wrote after the last group that changed data without a sync.
	relaxed int64

	// space knows whether the disk is full.
	space   *diskSpace
	wal     *os.File // for reading which pages it holds
	written *writtenBytes
	// broken is set once: after a failed commit or sync nothing is written any more.
	broken atomic.Pointer[Error]

	wrote  atomic.Int64 // groups that changed something
	synced atomic.Int64 // as wrote, up to which the card has everything
	oldest atomic.Int64 // monotonic nanoseconds; no group that the card lacks was committed before
	last   atomic.Int64 // monotonic nanoseconds of the last group
	stats  writerCounters
}

// writerCounters are WriterStats while they count.
type writerCounters struct {
	operations, groups, durableGroups, syncs, checkpoints, walFrames atomic.Int64
}

// submit queues op. The channel in op gets its outcome.
func (w *writer) submit(ctx context.Context, op *operation) error {
	if op.purpose == (purpose{}) {
		op.purpose = purposeOf(ctx)
	}
	op.done = make(chan error, 1)
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return closedError()
	}
	select {
	case w.queue <- op:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do runs op and waits for its outcome. A caller whose ctx ends while op is
// queued or running stops waiting; op itself is done all the same, since what
// a group holds cannot be taken out of it.
func (w *writer) do(ctx context.Context, op *operation) error {
	if err := w.submit(ctx, op); err != nil {
		return err
	}
	select {
	case err := <-op.done:
		if errors.Is(err, errNeedsSync) && !op.durable {
			op.durable = true
			return w.do(ctx, op)
		}
		return visible(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write runs fn in the writer and returns its result after the commit;
// durable: after the card has it.
func write[T any](ctx context.Context, s *Store, durable bool, fn func(*transaction) (T, error)) (T, error) {
	var value, none T
	run := func(t *transaction) (err error) {
		value, err = fn(t)
		return err
	}
	if durable {
		run = audited(ctx, run)
	}
	err := s.writer.do(ctx, &operation{durable: durable, fn: run})
	if err != nil {
		return none, err
	}
	return value, nil
}

// change is a durable write without a result.
func (s *Store) change(ctx context.Context, fn func(*transaction) error) error {
	return s.writer.do(ctx, &operation{durable: true, fn: audited(ctx, fn)})
}

// relax is a write that may be lost with the power within a second (but not
// with the process).
func (s *Store) relax(ctx context.Context, fn func(*transaction) error) error {
	return s.writer.do(ctx, &operation{fn: fn})
}

func (w *writer) run() {
	defer close(w.stopped)
	for op := range w.queue {
		w.group = append(w.group[:0], op)
		w.gather()
		w.runGroup()
		clear(w.group)
	}
}

// gather adds to the group what has queued. Callers that a group has answered
// come back one by one, and a sync for the first of them alone would make all
// others wait for two. So the writer waits until there are nearly as many as the
// last two groups had on average: then one half of the callers runs while the
// writer syncs for the other. It waits for no longer than a sync takes (within
// shortestWait and longestWait), not when all have been away for a while, and
// never for a caller that is alone.
func (w *writer) gather() {
	expected, waits := w.expected(), false
	for len(w.group) < maxGroup && w.group[len(w.group)-1].alone == nil {
		op := w.poll()
		if op == nil && len(w.group) < expected && slices.ContainsFunc(w.group, isDurable) {
			if !waits {
				waits = true
				w.patience.Reset(w.syncTook)
			}
			op = w.await()
		}
		if op == nil {
			return
		}
		w.group = append(w.group, op)
	}
}

// expected is how many operations the next synced group should have: an eighth
// fewer than the last two had on average, since who comes late joins the other
// half, and all would wait for the last one.
func (w *writer) expected() int {
	if time.Duration(monotonic()-w.last.Load()) > comeBack {
		return 0
	}
	average := (w.answered[0] + w.answered[1]) / 2
	return average - average/8
}

// await waits for an operation until the patience is over.
func (w *writer) await() *operation {
	select {
	case op := <-w.queue:
		return op
	case <-w.patience.C:
		return nil
	}
}

func isDurable(op *operation) bool { return op.durable }

func (w *writer) poll() *operation {
	select {
	case op := <-w.queue:
		return op
	default:
		return nil
	}
}

// stop lets queued operations finish and ends the goroutine.
func (w *writer) stop() {
	w.closing.Lock()
	alreadyClosed := w.closed
	w.closed = true
	w.closing.Unlock()
	if !alreadyClosed {
		close(w.queue)
	}
	<-w.stopped
}

// runGroup commits the group. An operation that runs alone can only be its
// last member.
func (w *writer) runGroup() {
	last := w.group[len(w.group)-1]
	together := w.group
	if last.alone != nil {
		together = w.group[:len(w.group)-1]
	}
	if err := w.commit(together); err != nil {
		w.failAll(together, err)
	}
	for _, op := range together {
		op.done <- op.err
	}
	if last.alone != nil {
		last.done <- w.runAlone(last.alone)
	}
	w.last.Store(monotonic())
}

func (w *writer) failAll(ops []*operation, err error) {
	for _, op := range ops {
		if op.err == nil {
			op.err = err
		}
	}
}

func (w *writer) runAlone(fn func(*connection) error) (err error) {
	if broken := w.broken.Load(); broken != nil {
		return broken
	}
	defer func() { err = recovered(err, recover()) }()
	return fn(w.connection)
}

// unsynced says whether the card lacks an acknowledged write, and for how long
// at most.
func (w *writer) unsynced() (age time.Duration, dirty bool) {
	return time.Duration(monotonic() - w.oldest.Load()), w.synced.Load() < w.wrote.Load()
}

// raise sets v to at least to.
func raise(v *atomic.Int64, to int64) {
	for {
		now := v.Load()
		if now >= to || v.CompareAndSwap(now, to) {
			return
		}
	}
}

// started is what monotonic counts from.
var started = time.Now()

// monotonic returns nanoseconds that no clock step changes.
func monotonic() int64 { return int64(time.Since(started)) }

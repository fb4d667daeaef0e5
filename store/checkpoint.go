package store

import (
	"context"
	"time"
)

// The checkpoint policy, in WAL frames of 4,120 bytes. Each checkpoint writes
// every page changed since the last again, so fewer are cheaper; between 2,000
// and 4,000 the gain flattens while the file stays under 16 MB.
const (
	checkpointFrames = 2000 // due, when the writer has been idle for checkpointIdle
	checkpointBusy   = 4000 // due, however busy the writer is
	checkpointCap    = 8000 // the writer stops and does it itself
	checkpointRetry  = 500  // frames until the writer tries again when a reader held the WAL
	checkpointIdle   = 200 * time.Millisecond

	frameBytes = 4120
)

// checkpointResult is a row of PRAGMA wal_checkpoint.
type checkpointResult struct{ frames, moved int64 }

func checkpoint(c *connection, mode string) (checkpointResult, error) {
	r, err := c.one(context.Background(), "PRAGMA wal_checkpoint("+mode+")")
	if err != nil {
		return checkpointResult{}, err
	}
	return checkpointResult{frames: r.integer(1), moved: r.integer(2)}, nil
}

// measureWAL reads the number of frames after a group, tells its operations
// what they cost, and asks for, or past the cap makes, a checkpoint.
func (w *writer) measureWAL(ops []*operation) error {
	result, err := checkpoint(w.connection, "NOOP") // counts, does nothing
	if err != nil {
		return err
	}
	w.written.share(ops, w.written.growWAL(w.frames, result.frames))
	if result.frames < w.frames {
		w.stats.syncs.Add(1) // the WAL began anew, and its new header was synced
		w.tried = 0
	}
	w.frames = result.frames
	w.stats.walFrames.Store(result.frames)
	switch {
	case w.frames >= checkpointCap && w.frames >= w.tried+checkpointRetry:
		w.tried = w.frames
		_, err = w.checkpointHere(w.connection)
		return err
	case w.frames >= checkpointFrames:
		w.onGrown()
	}
	return nil
}

// checkpointHere moves what it can from the WAL to the database. SQLite lets one
// connection do that at a time and turns others away; here they wait, so that
// the writer at the cap does not write on meanwhile.
func (w *writer) checkpointHere(c *connection) (checkpointResult, error) {
	w.moving.Lock()
	defer w.moving.Unlock()
	before, err := checkpoint(c, "NOOP")
	if err != nil {
		return before, err
	}
	// Read now: when everything is moved the WAL may begin anew at any moment.
	pages, err := framePages(w.wal, before.moved, before.frames)
	if err != nil {
		return before, err
	}
	result, err := checkpoint(c, "PASSIVE")
	if err != nil && !isFatal(err) {
		return result, nil // a full disk: the WAL keeps everything until there is space
	}
	if err == nil && result.frames > 0 {
		w.stats.checkpoints.Add(1)
		w.stats.syncs.Add(2) // the WAL before it is read, the database after
		w.written.tailDirty.Store(false)
		moved := min(max(result.moved-before.moved, 0), int64(len(pages)))
		w.written.add(CauseCheckpoint, distinct(pages[:moved])*cardBlock)
	}
	return result, err
}

// checkpointer moves the WAL into the database beside the writer, so that a
// commit rarely waits for one.
type checkpointer struct {
	connection *connection
	writer     *writer
	wake       chan struct{}
	stop       chan struct{}
	stopped    chan struct{}
}

func newCheckpointer(path string, w *writer) (*checkpointer, error) {
	c, err := openConnection(path, writerOptions)
	if err != nil {
		return nil, err
	}
	return &checkpointer{connection: c, writer: w,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{})}, nil
}

// grown wakes the checkpointer; it never blocks.
func (p *checkpointer) grown() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *checkpointer) run() {
	defer close(p.stopped)
	for {
		select {
		case <-p.wake:
			if !p.waitForIdle() {
				return
			}
			p.pass()
		case <-p.stop:
			return
		}
	}
}

// waitForIdle returns when the writer has paused or the WAL has grown on;
// false when the store closes.
func (p *checkpointer) waitForIdle() bool {
	tick := time.NewTicker(checkpointIdle / 4)
	defer tick.Stop()
	for {
		idle := time.Duration(monotonic() - p.writer.last.Load())
		if idle >= checkpointIdle || p.writer.stats.walFrames.Load() >= checkpointBusy {
			return true
		}
		select {
		case <-tick.C:
		case <-p.stop:
			return false
		}
	}
}

// pass moves most frames from here, and lets the writer move the few that came
// meanwhile: only when every frame is in the database does the WAL begin anew.
func (p *checkpointer) pass() {
	result, err := p.writer.checkpointHere(p.connection)
	if err != nil {
		p.writer.fail(err)
		return
	}
	if result.moved == result.frames && p.writer.stats.walFrames.Load() == result.frames {
		return
	}
	// The only errors are those that fail has seen and that of a closing store,
	// which makes its own last checkpoint.
	_ = p.writer.do(context.Background(), &operation{alone: func(c *connection) error {
		_, err := p.writer.checkpointHere(c)
		if err != nil {
			p.writer.fail(err)
		}
		return err
	}})
}

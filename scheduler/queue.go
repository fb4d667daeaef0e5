package scheduler

import (
	"container/heap"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

// queue decides which delivery runs next. It does no I/O, reads no clock and
// takes no lock: the dispatcher holds one around each call.
//
//	waiting → claimed → owned → gone
//	                          → waiting, or delayed until it is due
//
// A claim has a lease, a number that no other claim ever has. Who wants to
// settle a run must still hold its lease; a run that outlived it finds that
// another has taken over, and its outcome is dropped.
type queue struct {
	workers int // how many deliveries may run at once

	lanes     map[laneKey]*lane
	apps      map[uuid.UUID]*appTurn
	turns     []*appTurn // apps with something to run; the first is next
	delayed   delayHeap
	postponed uint64 // how many have been put into delayed
	claims    map[uuid.UUID]*claim
	lease     uint64
	running   int
	suspect   bool  // a delivery that was running when the process ended runs
	waiting   int   // deliveries that are not claimed
	loaded    int64 // bytes of the events that were read ahead
}

// item is one pending delivery.
type item struct {
	store.PendingDelivery
	due     time.Time
	event   *store.Event  // read ahead, or nil
	reading bool          // a worker is reading the event
	gone    bool          // it has left the queue
	burial  *store.Burial // it shall become a dead letter, and could not yet
}

// claim is a delivery that a worker runs. It holds what the worker reads, so
// that a run which outlived its lease reads nothing that others change.
type claim struct {
	store.PendingDelivery
	item    *item
	event   *store.Event // nil until it is read
	burial  *store.Burial
	lane    *lane
	lease   uint64
	expires time.Time
}

func newQueue(workers int) *queue {
	return &queue{workers: workers, lanes: make(map[laneKey]*lane), apps: make(map[uuid.UUID]*appTurn), claims: make(map[uuid.UUID]*claim)}
}

// laneOf returns the lane of a delivery; made says that it is new.
func (q *queue) laneOf(d *store.PendingDelivery) (l *lane, made bool) {
	key := laneKey{trigger: d.Trigger}
	if d.Trigger == uuid.Nil {
		key.script = d.Script
	}
	if l := q.lanes[key]; l != nil {
		return l, false
	}
	turn := q.apps[d.App]
	if turn == nil {
		turn = &appTurn{}
		q.apps[d.App] = turn
	}
	l = &lane{key: key, app: turn}
	q.lanes[key] = l
	return l, true
}

// push adds a delivery that has arrived. In an ordered lane one that was tried
// before keeps its place, also behind an elder that a crash has brought back;
// any other that has to wait joins when it is due.
func (q *queue) push(it *item, now time.Time) {
	q.waiting++
	l, _ := q.laneOf(&it.PendingDelivery)
	if it.Wait > 0 {
		it.due = now.Add(it.Wait)
		if tried := it.Failures+it.Crashes > 0; !l.ordered || !tried {
			q.postpone(delay{at: it.due, item: it, lane: l})
			return
		}
	}
	l.items = append(l.items, it)
	q.await(l, now)
	q.list(l)
}

// list puts a lane that can run into its app's round, and the app into the round.
func (q *queue) list(l *lane) {
	if !l.runnable() {
		return
	}
	if !l.listed {
		l.listed = true
		l.app.lanes = append(l.app.lanes, l)
	}
	if !l.app.listed {
		l.app.listed = true
		q.turns = append(q.turns, l.app)
	}
}

// claim returns the next delivery to run, or nil. Apps take turns, and within
// an app its lanes; an app has at most half the workers while another waits.
func (q *queue) claim(now time.Time) *claim {
	q.wake(now)
	if q.running >= q.workers {
		return nil
	}
	for range len(q.turns) {
		turn := q.turns[0]
		q.turns = append(q.turns[:0], q.turns[1:]...)
		half := len(q.turns) > 0 && turn.running >= (q.workers+1)/2
		var found *claim
		if !half {
			found = q.claimFrom(turn)
		}
		if turn.listed = len(turn.lanes) > 0; turn.listed {
			q.turns = append(q.turns, turn)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

func (q *queue) claimFrom(turn *appTurn) *claim {
	for range len(turn.lanes) {
		l := turn.lanes[0]
		turn.lanes = append(turn.lanes[:0], turn.lanes[1:]...)
		var found *claim
		if l.runnable() {
			found = q.take(l)
		}
		if l.listed = l.runnable(); l.listed {
			turn.lanes = append(turn.lanes, l)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// take claims a lane's first delivery that may run, if there is one. A suspect,
// which was running when the process ended, runs apart from other suspects, so
// that the next end of the process tells which of them it was; where the order
// allows it, it is passed over meanwhile.
func (q *queue) take(l *lane) *claim {
	n := 0
	for q.suspect && l.items[n].Crashes > 0 {
		if n++; l.ordered || n == len(l.items) {
			return nil
		}
	}
	it := l.items[n]
	copy(l.items[1:n+1], l.items[:n])
	l.items[0] = nil
	l.items = l.items[1:]
	q.waiting--
	q.lease++
	c := &claim{PendingDelivery: it.PendingDelivery, item: it, event: it.event, burial: it.burial, lane: l, lease: q.lease}
	q.suspect = q.suspect || it.Crashes > 0
	q.running++
	l.running++
	l.app.running++
	q.claims[it.ID] = c
	return c
}

// own says whether a claim is still valid, and ends it: from then on nobody
// else can settle its delivery. The delivery stays out of its lane, and an
// ordered lane waits, until finish.
func (q *queue) own(c *claim) bool {
	current := q.claims[c.ID]
	if current == nil || current.lease != c.lease {
		return false
	}
	delete(q.claims, c.ID)
	return true
}

// again says when an owned delivery runs again.
type again struct {
	wait time.Duration
	// place says that it has not failed and keeps its place, in every lane.
	place bool
}

// finish ends an owned claim: its delivery is gone, or is to run again.
func (q *queue) finish(c *claim, next *again, now time.Time) {
	q.running--
	c.lane.running--
	c.lane.app.running--
	if c.Crashes > 0 {
		q.suspect = false
	}
	if c.item.event != nil {
		q.forget(c.item)
	}
	if c.item.gone = next == nil; !c.item.gone {
		q.waiting++
		q.putBack(c, next, now)
	}
	q.await(c.lane, now)
	q.list(c.lane)
}

func (q *queue) putBack(c *claim, next *again, now time.Time) {
	due := now.Add(next.wait)
	if !c.lane.ordered && (!next.place || next.wait > 0) {
		q.postpone(delay{at: due, item: c.item, lane: c.lane})
		return
	}
	c.lane.items = append([]*item{c.item}, c.lane.items...)
	if next.wait > 0 {
		q.block(c.lane, due)
	}
}

// expired returns the claims whose lease has run out. Each is still valid until
// someone owns it.
func (q *queue) expired(now time.Time) []*claim {
	var late []*claim
	for _, c := range q.claims {
		if !c.expires.IsZero() && !c.expires.After(now) {
			late = append(late, c)
		}
	}
	return late
}

// next returns when the queue has to be looked at again; false when nothing
// waits for the clock.
func (q *queue) next() (at time.Time, ok bool) {
	if len(q.delayed) > 0 {
		at, ok = q.delayed[0].at, true
	}
	for _, c := range q.claims {
		if !c.expires.IsZero() && (!ok || c.expires.Before(at)) {
			at, ok = c.expires, true
		}
	}
	return at, ok
}

// drop removes a lane with all that waits in it, and returns that.
func (q *queue) drop(l *lane) []*item {
	dropped := l.items
	l.items = nil
	kept := q.delayed[:0]
	for _, d := range q.delayed {
		switch {
		case d.lane != l:
			kept = append(kept, d)
		case d.item != nil:
			dropped = append(dropped, d.item)
		}
	}
	clear(q.delayed[len(kept):])
	q.delayed = kept
	heap.Init(&q.delayed)
	for _, it := range dropped {
		it.gone = true
		if it.event != nil {
			q.forget(it)
		}
	}
	q.waiting -= len(dropped)
	if l.running == 0 {
		delete(q.lanes, l.key)
	}
	return dropped
}

package scheduler

import (
	"container/heap"
	"time"
)

// delay is a delivery that waits until it is due, or, without an item, an
// ordered lane that waits for its first one.
type delay struct {
	at     time.Time
	number uint64 // of those due at the same time, the one that came first goes first
	item   *item
	lane   *lane
}

// delayHeap is container/heap's: the first is due first.
type delayHeap []delay

func (h delayHeap) Len() int      { return len(h) }
func (h delayHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *delayHeap) Push(x any)   { *h = append(*h, x.(delay)) }

func (h delayHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].number < h[j].number
	}
	return h[i].at.Before(h[j].at)
}

func (h *delayHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = delay{}
	*h = (*h)[:last]
	return d
}

// await blocks a lane whose first delivery is not due yet.
func (q *queue) await(l *lane, now time.Time) {
	if len(l.items) > 0 && !l.blocked && l.items[0].due.After(now) {
		q.block(l, l.items[0].due)
	}
}

// block keeps an ordered lane waiting for its first delivery.
func (q *queue) block(l *lane, until time.Time) {
	l.blocked = true
	q.postpone(delay{at: until, lane: l})
}

func (q *queue) postpone(d delay) {
	q.postponed++
	d.number = q.postponed
	heap.Push(&q.delayed, d)
}

// wake moves what has become due into its lane.
func (q *queue) wake(now time.Time) {
	for len(q.delayed) > 0 && !q.delayed[0].at.After(now) {
		due := heap.Pop(&q.delayed).(delay)
		if due.item != nil {
			due.lane.items = append(due.lane.items, due.item)
		} else {
			due.lane.blocked = false
		}
		q.list(due.lane)
	}
}

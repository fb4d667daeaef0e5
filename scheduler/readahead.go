package scheduler

import "picloud/store"

// The bounds of reading ahead: the events of a claim and of what runs after it
// are read together, and all of them do not hold more than a few megabytes.
const (
	readAheadRows  = 64
	readAheadBytes = 256 << 10
	maxLoadedBytes = 4 << 20
)

// ahead returns the claim's delivery and those that will run after it, whose
// events are worth reading with its own: the first of its lane and of all that
// take turns with it. So a backlog of many apps is read in the order in which it
// lies on the disk, each page once.
func (q *queue) ahead(c *claim) []*item {
	batch, bytes := []*item{c.item}, c.Bytes
	c.item.reading = true
	lanes := q.taking(c.lane)
	for depth, more := 0, true; more && depth < readAheadRows; depth++ {
		more = false
		for _, l := range lanes {
			if depth >= len(l.items) {
				continue
			}
			more = true
			it := l.items[depth]
			if it.event != nil || it.reading {
				continue
			}
			bytes += it.Bytes
			if len(batch) == readAheadRows || bytes > readAheadBytes || q.loaded+bytes > maxLoadedBytes {
				return batch
			}
			it.reading = true
			batch = append(batch, it)
		}
	}
	return batch
}

// taking returns the lanes that take turns until it is again that of a lane
// whose delivery was just claimed, as many as a batch can serve.
func (q *queue) taking(claimed *lane) []*lane {
	lanes := make([]*lane, 0, len(q.turns)+1)
	for _, turn := range q.turns {
		for _, l := range turn.lanes {
			if len(lanes) == readAheadRows-1 {
				return append(lanes, claimed)
			}
			if l != claimed && l.runnable() {
				lanes = append(lanes, l)
			}
		}
	}
	return append(lanes, claimed)
}

// loadedEvent keeps the event of an item that was read ahead; nil for one that
// is not in the table any more. One that has left the queue meanwhile needs
// none, and nobody would forget it.
func (q *queue) loadedEvent(it *item, event *store.Event) {
	it.reading = false
	if it.event == nil && event != nil && !it.gone {
		it.event = event
		q.loaded += it.Bytes
	}
}

func (q *queue) forget(it *item) {
	it.event = nil
	q.loaded -= it.Bytes
}

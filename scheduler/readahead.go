package scheduler

import "picloud/store"

// The bounds of reading ahead: the rows of a claim's lane are read together,
// and all of them do not hold more than a few megabytes.
const (
	readAheadRows  = 64
	readAheadBytes = 256 << 10
	maxLoadedBytes = 4 << 20
)

// ahead returns the claim's delivery and those that follow it in its lane,
// whose rows are worth reading with its own.
func (q *queue) ahead(c *claim) []*item {
	batch, bytes := []*item{c.item}, c.Bytes
	c.item.reading = true
	for _, it := range c.lane.items {
		bytes += it.Bytes
		if len(batch) == readAheadRows || bytes > readAheadBytes || q.loaded+bytes > maxLoadedBytes {
			break
		}
		if it.row == nil && !it.reading {
			it.reading = true
			batch = append(batch, it)
		}
	}
	return batch
}

// loadedRow keeps the row of an item that was read ahead; nil for one that is
// not in the table any more. One that has left the queue meanwhile needs none,
// and nobody would forget it.
func (q *queue) loadedRow(it *item, row *store.Delivery) {
	it.reading = false
	if it.row == nil && row != nil && !it.gone {
		it.row = row
		q.loaded += it.Bytes
	}
}

func (q *queue) forget(it *item) {
	it.row = nil
	q.loaded -= it.Bytes
}

package scheduler

import "github.com/google/uuid"

// work claims and runs deliveries until the dispatcher stops, or until a run
// outlived its lease and another worker has its place.
func (d *dispatcher) work() {
	defer d.workers.Done()
	slot := <-d.slots
	defer func() {
		d.mark(slot, uuid.Nil)
		d.slots <- slot
	}()
	for {
		c := d.claim(false)
		if c == nil {
			// The note of the last run stands until here or the next one: a row
			// that is done has no use for it, and a busy worker saves the call.
			d.mark(slot, uuid.Nil)
			c = d.claim(true)
		}
		if c == nil || !d.handle(c, slot) {
			return
		}
	}
}

// claim claims a delivery, and waits for one if it may; nil when there is none
// or the dispatcher stops.
func (d *dispatcher) claim(wait bool) *claim {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for !d.stopping {
		now := d.clock.Now()
		if c := d.queue.claim(now); c != nil {
			c.expires = now.Add(leaseTime)
			if d.timed.IsZero() { // or earlier than any new lease
				signal(d.poke)
			}
			return c
		}
		if !wait {
			return nil
		}
		d.wake.Wait()
	}
	return nil
}

// handle runs a claimed delivery and settles it; false when another had its
// place taken meanwhile.
func (d *dispatcher) handle(c *claim, slot int) (mine bool) {
	if !d.read(c) {
		return true
	}
	o := d.attempt(c, slot)
	if o != (outcome{}) {
		d.mark(slot, uuid.Nil) // its row stays, and nothing runs it now
	}
	return d.settle(c, o)
}

// read makes sure that the claim's event is there, and reads those behind it
// with it. false: it is settled already.
func (d *dispatcher) read(c *claim) bool {
	d.mutex.Lock()
	if c.event != nil {
		d.mutex.Unlock()
		return true
	}
	batch := d.queue.ahead(c)
	ids := make([]uuid.UUID, len(batch))
	for i, it := range batch {
		ids[i] = it.ID
	}
	d.mutex.Unlock()
	events, err := d.store.LoadEvents(d.runs, ids)
	d.mutex.Lock()
	for _, it := range batch {
		d.queue.loadedEvent(it, events[it.ID])
	}
	c.event = c.item.event
	found := c.event != nil
	d.mutex.Unlock()
	switch {
	case found:
		return true
	case err != nil && d.runs.Err() == nil:
		d.logger.Error("a delivery cannot be read", "delivery_id", c.ID, "error", err)
		d.settle(c, outcome{back: storeWait})
	case err != nil:
		d.settle(c, outcome{back: busyWait})
	default:
		d.settle(c, outcome{}) // its row is gone, so it is done
	}
	return false
}

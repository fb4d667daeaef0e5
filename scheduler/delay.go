package scheduler

import "time"

// delay is a delivery that waits until it is due, or, without an item, an
// ordered lane that waits for its first one.
type delay struct {
	at   time.Time
	item *item
	lane *lane
}

// delayHeap is container/heap's: the first is due first.
type delayHeap []delay

func (h delayHeap) Len() int           { return len(h) }
func (h delayHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h delayHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *delayHeap) Push(x any)        { *h = append(*h, x.(delay)) }
func (h *delayHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = delay{}
	*h = (*h)[:last]
	return d
}

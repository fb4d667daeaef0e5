package scheduler

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

// Deliveries of an ordered lane that are due at the same moment run in the
// order in which they were published.
func TestDelaysThatEndTogetherKeepTheirOrder(t *testing.T) {
	t.Parallel()
	q := newQueue(6)
	app, trigger := uuid.New(), uuid.New()
	l, _ := q.laneOf(&store.PendingDelivery{App: app, Trigger: trigger})
	l.ordered = true
	items := make([]*item, 20)
	for i := range items {
		items[i] = &item{PendingDelivery: store.PendingDelivery{ID: must(uuid.NewV7()), App: app, Trigger: trigger, Wait: time.Second}}
		q.push(items[i], testStart)
	}
	now := testStart.Add(time.Second)
	for i, it := range items {
		c := q.claim(now)
		if c == nil || c.ID != it.ID || !done(q, c, now) {
			t.Fatalf("%d is not the next", i)
		}
	}
}

// Events that were published with a delay into an ordered lane take the places
// of their due times, whether the instance was running at those times or not.
func TestDelayedEventsOfAnOrderedLaneAcrossARestart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		stopped time.Duration // between the last event and the next start
		first   []int         // what runs at once
		then    []int         // what runs when everything is due
	}{
		{"no time passes", 0, []int{3, 5}, []int{2, 4, 6, 1}},
		{"some become due", 12 * time.Second, []int{3, 5, 2, 4, 6}, []int{1}},
		{"all become due", time.Hour, []int{3, 5, 2, 4, 6, 1}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, t.TempDir())
			h.trigger("all", `return tostring(ctx.event.payload)`, func(d *store.TriggerDraft) { d.Ordered = true })
			for n, delay := range []time.Duration{time.Minute, 10 * time.Second, 0, 9 * time.Second, 0, 8 * time.Second} {
				publication := store.TopicPublication{App: h.app.ID, Topic: "all", Payload: fmt.Append(nil, n+1), Delay: delay}
				must(h.store.PublishTopic(context.Background(), publication))
				h.clock.Advance(time.Second)
			}
			again := openHouseAt(t, h.killed(), h.clock.Now().Add(test.stopped))
			again.start(context.Background())
			again.expect(test.first)
			if len(test.then) > 0 {
				again.until("the wait of the others", func() bool { return again.wait() > 0 && len(again.pending()) == len(test.then) })
			}
			again.clock.Advance(time.Hour)
			again.expect(test.then)
			again.until("the end of all rows", func() bool { return len(again.pending()) == 0 })
		})
	}
}

// expect waits for runs that answer with these numbers, in this order.
func (h *house) expect(numbers []int) {
	h.t.Helper()
	for _, n := range numbers {
		if got := string(h.next().Body); got != strconv.Itoa(n) {
			h.t.Fatalf("event %s runs, want %d of %v", got, n, numbers)
		}
	}
	if len(h.ran) > 0 {
		h.t.Fatalf("event %s runs after %v", h.next().Body, numbers)
	}
}

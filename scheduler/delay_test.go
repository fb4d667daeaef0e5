package scheduler

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

// After a crash an ordered lane may begin with an elder that was finished but
// is still in the table; the failed one behind it keeps its place and its wait.
func TestAFailedOneKeepsItsPlaceBehindWhatACrashBroughtBack(t *testing.T) {
	t.Parallel()
	q := newQueue(2)
	app, trigger := uuid.New(), uuid.New()
	l, _ := q.laneOf(&store.PendingDelivery{App: app, Trigger: trigger})
	l.ordered = true
	elder := pushed(q, app, trigger, 1)[0]
	failed := &item{PendingDelivery: store.PendingDelivery{ID: must(uuid.NewV7()), App: app, Trigger: trigger, Failures: 1, Wait: time.Minute}}
	q.push(failed, testStart)
	younger := pushed(q, app, trigger, 1)[0]
	if c := q.claim(testStart); c == nil || c.item != elder || !done(q, c, testStart) {
		t.Fatal("the elder does not run first")
	}
	if c := q.claim(testStart.Add(time.Minute - 1)); c != nil {
		t.Fatal("one runs before the failed one is due")
	}
	if at, ok := q.next(); !ok || !at.Equal(testStart.Add(time.Minute)) {
		t.Errorf("the queue is to be looked at again at %s, %t", at, ok)
	}
	due := testStart.Add(time.Minute)
	for _, want := range []*item{failed, younger} {
		if c := q.claim(due); c == nil || c.item != want || !done(q, c, due) {
			t.Fatal("the failed one lost its place")
		}
	}
}

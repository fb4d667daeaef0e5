package scheduler

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

var testStart = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// pushed puts n deliveries of an app's trigger into the queue.
func pushed(q *queue, app, trigger uuid.UUID, n int) []*item {
	items := make([]*item, n)
	for i := range items {
		items[i] = &item{PendingDelivery: store.PendingDelivery{ID: must(uuid.NewV7()), App: app, Trigger: trigger}}
		q.push(items[i], testStart)
	}
	return items
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func done(q *queue, c *claim, at time.Time) bool {
	if !q.own(c) {
		return false
	}
	q.finish(c, nil, at)
	return true
}

// Ten apps with the same load finish within 10 % of each other, whatever the
// order in which they came.
func TestEquallyLoadedAppsFinishTogether(t *testing.T) {
	t.Parallel()
	const apps, each = 10, 200
	q := newQueue(6)
	for range apps {
		app := uuid.New()
		for range 4 {
			pushed(q, app, uuid.New(), each/4)
		}
	}
	finished, left, round := map[uuid.UUID]int{}, map[uuid.UUID]int{}, 0
	running := []*claim{}
	random := rand.New(rand.NewPCG(1, 2))
	for {
		for c := q.claim(testStart); c != nil; c = q.claim(testStart) {
			running = append(running, c)
		}
		if len(running) == 0 {
			break
		}
		round++
		n := random.IntN(len(running))
		c := running[n]
		running = append(running[:n], running[n+1:]...)
		if !done(q, c, testStart) {
			t.Fatal("a claim was lost")
		}
		if left[c.App]++; left[c.App] == each {
			finished[c.App] = round
		}
	}
	if len(finished) != apps {
		t.Fatalf("%d of %d apps finished", len(finished), apps)
	}
	for app, at := range finished {
		if at < apps*each*9/10 {
			t.Errorf("app %s finished after %d of %d deliveries", app, at, apps*each)
		}
	}
}

// One event of app B starts with the next free worker, while app A has 10,000
// that wait, and A keeps at most half of the workers while B waits.
func TestAFloodDoesNotDelayAnotherApp(t *testing.T) {
	t.Parallel()
	q := newQueue(6)
	flood, other := uuid.New(), uuid.New()
	pushed(q, flood, uuid.New(), 10_000)
	var running []*claim
	for c := q.claim(testStart); c != nil; c = q.claim(testStart) {
		running = append(running, c)
	}
	if len(running) != 6 {
		t.Fatalf("an app alone has %d of 6 workers", len(running))
	}
	pushed(q, other, uuid.New(), 4)
	var next []uuid.UUID
	for _, c := range running[:4] {
		done(q, c, testStart)
		next = append(next, q.claim(testStart).App)
	}
	if next[0] != other {
		t.Error("the flood took the first free worker")
	}
	if n := q.claims[running[5].ID].lane.app.running; n != 3 {
		t.Errorf("the flood has %d of 6 workers while another app has work", n)
	}
}

// A lease that ran out cannot settle, in 10,000 rounds of runs that outlive it
// at random: each delivery is settled exactly once, by the holder of the lease.
func TestOnlyTheHolderOfTheLeaseSettles(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	q := newQueue(1 << 20)
	now := testStart
	settled := map[uuid.UUID]int{}
	var stale []*claim
	for range 10_000 {
		it := pushed(q, uuid.New(), uuid.New(), 1)[0]
		holder := q.claim(now)
		for random.IntN(3) == 0 { // it outlives its lease
			holder.expires = now.Add(time.Second)
			now = now.Add(2 * time.Second)
			late := q.expired(now)
			if len(late) != 1 || late[0] != holder || !q.own(holder) {
				t.Fatal("the late claim was not found")
			}
			q.finish(holder, &again{place: true}, now)
			stale = append(stale, holder)
			if holder = q.claim(now); holder == nil || holder.ID != it.ID || holder.lease == stale[len(stale)-1].lease {
				t.Fatal("the delivery was not claimed anew")
			}
		}
		if len(stale) > 0 && random.IntN(2) == 0 { // before the holder
			if done(q, stale[random.IntN(len(stale))], now) {
				t.Fatal("a run that outlived its lease settled")
			}
		}
		if !done(q, holder, now) {
			t.Fatal("the holder could not settle")
		}
		settled[it.ID]++
	}
	for _, c := range stale {
		if done(q, c, now) {
			t.Fatal("a run that outlived its lease settled")
		}
	}
	if len(settled) != 10_000 || q.running != 0 || q.waiting != 0 {
		t.Errorf("%d settled, %d running, %d waiting", len(settled), q.running, q.waiting)
	}
}

// Ordered lanes: one at a time, in the order of their commits, with failures;
// a lane that retries holds up no other.
func TestOrderedLanesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const lanes, each = 50, 100
	random := rand.New(rand.NewPCG(5, 6))
	q := newQueue(6)
	app := uuid.New()
	want := map[uuid.UUID][]*item{}
	for range lanes {
		trigger := uuid.New()
		l, _ := q.laneOf(&store.PendingDelivery{App: app, Trigger: trigger})
		l.ordered = true
		want[trigger] = pushed(q, app, trigger, each)
	}
	now, finished := testStart, 0
	var running []*claim
	busy := map[uuid.UUID]bool{}
	for finished < lanes*each {
		c := q.claim(now)
		if c != nil {
			if busy[c.Trigger] || c.ID != want[c.Trigger][0].ID {
				t.Fatal("an ordered lane ran two at once, or out of order")
			}
			busy[c.Trigger] = true
			running = append(running, c)
			continue
		}
		if len(running) == 0 {
			at, ok := q.next()
			if !ok {
				t.Fatalf("nothing runs and nothing is due; %d of %d finished", finished, lanes*each)
			}
			now = at
			continue
		}
		n := random.IntN(len(running))
		c = running[n]
		running = append(running[:n], running[n+1:]...)
		busy[c.Trigger] = false
		if !q.own(c) {
			t.Fatal("a claim was lost")
		}
		switch random.IntN(20) {
		case 0:
			q.finish(c, &again{wait: time.Duration(random.IntN(5)) * time.Second}, now)
		case 1:
			q.finish(c, &again{place: true, wait: time.Duration(random.IntN(2)) * time.Second}, now)
		default:
			q.finish(c, nil, now)
			want[c.Trigger] = want[c.Trigger][1:]
			finished++
		}
	}
}

// A delivery that was running when the process ended runs apart from others of
// its kind, and does not hold up the rest.
func TestSuspectsRunOneAtATime(t *testing.T) {
	t.Parallel()
	q := newQueue(6)
	app := uuid.New()
	for range 3 {
		q.push(&item{PendingDelivery: store.PendingDelivery{ID: must(uuid.NewV7()), App: app, Trigger: uuid.New(), Crashes: 1}}, testStart)
	}
	pushed(q, app, uuid.New(), 1)
	behind := uuid.New() // one that waits behind suspects of its own lane
	q.push(&item{PendingDelivery: store.PendingDelivery{ID: must(uuid.NewV7()), App: app, Trigger: behind, Crashes: 1}}, testStart)
	pushed(q, app, behind, 1)
	var claims []*claim
	suspects := 0
	for c := q.claim(testStart); c != nil; c = q.claim(testStart) {
		claims = append(claims, c)
		suspects += c.Crashes
	}
	if len(claims) != 3 || suspects != 1 {
		t.Fatalf("%d claims with %d suspects, want 3 with one", len(claims), suspects)
	}
	for _, c := range claims {
		done(q, c, testStart)
	}
	if c := q.claim(testStart); c == nil || c.Crashes != 1 {
		t.Error("the next suspect does not run")
	}
}

func TestHeldLanesWait(t *testing.T) {
	t.Parallel()
	q := newQueue(2)
	app, trigger := uuid.New(), uuid.New()
	l, _ := q.laneOf(&store.PendingDelivery{App: app, Trigger: trigger})
	l.held = true
	pushed(q, app, trigger, 3)
	if q.claim(testStart) != nil {
		t.Fatal("a held lane runs")
	}
	l.held = false
	q.list(l)
	if q.claim(testStart) == nil {
		t.Fatal("a lane that is held no more does not run")
	}
	if dropped := q.drop(l); len(dropped) != 2 || q.waiting != 0 {
		t.Errorf("%d dropped, %d waiting", len(dropped), q.waiting)
	}
}

// What is read together is what runs next: the first of all lanes that take
// turns, up to the bounds.
func TestReadingAheadFollowsTheTurns(t *testing.T) {
	t.Parallel()
	q := newQueue(4)
	var lanes [][]*item
	for range 3 {
		lanes = append(lanes, pushed(q, uuid.New(), uuid.New(), 40))
	}
	held := pushed(q, uuid.New(), uuid.New(), 1)[0]
	l, _ := q.laneOf(&held.PendingDelivery)
	l.held = true
	batch := q.ahead(q.claim(testStart))
	if len(batch) != readAheadRows {
		t.Fatalf("%d are read together", len(batch))
	}
	for n, it := range batch {
		if want := lanes[n%3][n/3]; it != want {
			t.Errorf("place %d is another one's", n)
		}
	}
	second := q.claim(testStart)
	if again := q.ahead(second); len(again) != 1+3*40-readAheadRows || again[0] != second.item || slices.Contains(again, held) {
		t.Errorf("then %d are read, whose first is %v", len(again), again[0] == second.item)
	}
	q.loaded = maxLoadedBytes
	for _, it := range pushed(q, uuid.New(), uuid.New(), 2) {
		it.Bytes = 1
	}
	var last *claim
	for c := q.claim(testStart); c != nil; c = q.claim(testStart) {
		last = c
	}
	if full := q.ahead(last); len(full) != 1 {
		t.Errorf("over the bound %d are read", len(full))
	}
}

// An event that is read for a delivery which has left the queue meanwhile does not
// count towards what is read ahead: nobody would take it off again.
func TestEventsOfWhatHasLeftAreNotCounted(t *testing.T) {
	t.Parallel()
	q := newQueue(4)
	app, trigger := uuid.New(), uuid.New()
	for _, it := range pushed(q, app, trigger, 3) {
		it.Bytes = 1000
	}
	first := q.claim(testStart)
	batch := q.ahead(first) // of all three
	second := q.claim(testStart)
	if !done(q, second, testStart) {
		t.Fatal("a claim was lost")
	}
	q.drop(second.lane)
	for _, it := range batch {
		q.loadedEvent(it, &store.Event{})
	}
	if len(batch) != 3 || first.item.event == nil || q.loaded != 1000 {
		t.Errorf("read %d events; %d bytes count, want those of the one that runs", len(batch), q.loaded)
	}
	if done(q, first, testStart); q.loaded != 0 {
		t.Errorf("%d bytes count at the end", q.loaded)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	exponential := store.RetryPolicy{MaxAttempts: 10, Backoff: store.BackoffExponential, BaseMS: 1000, MaxMS: 60_000}
	linear, constant := exponential, exponential
	linear.Backoff, constant.Backoff = store.BackoffLinear, store.BackoffConstant
	for _, c := range []struct {
		policy   store.RetryPolicy
		failures int
		want     time.Duration
	}{
		{exponential, 1, time.Second}, {exponential, 2, 2 * time.Second}, {exponential, 5, 16 * time.Second},
		{exponential, 7, time.Minute}, {exponential, 5000, time.Minute},
		{linear, 1, time.Second}, {linear, 3, 3 * time.Second}, {linear, 100, time.Minute}, {constant, 1, time.Second}, {constant, 9, time.Second},
	} {
		for _, random := range []float64{0, 0.5, 0.999999} {
			got := backoff(c.policy, c.failures, random)
			if low, high := c.want*8/10, c.want*12/10; got < low || got > high || random == 0.5 && got != c.want {
				t.Errorf("%s after %d failures: %s, want %s ± 20 %%", c.policy.Backoff, c.failures, got, c.want)
			}
		}
	}
}

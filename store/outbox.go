package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The caps of one app's pending deliveries. At a cap the change that would
// cause one more fails; nothing is dropped in silence.
const (
	maxOutboxRows  = 10_000
	maxOutboxBytes = 32 << 20
)

// errNeedsSync fails an operation that put a delivery into a group without a
// sync. The writer's caller repeats it in one with a sync: a delivery is on the
// card before anyone hears of it.
var errNeedsSync = errors.New("the operation needs a synced group")

// KindRequest is the kind of a delivery that an asynchronous route accepted.
const KindRequest = "request"

// PendingDelivery is what the dispatcher keeps in memory of an outbox row. IDs
// grow in the order of the commits.
type PendingDelivery struct {
	ID      uuid.UUID
	App     uuid.UUID
	Trigger uuid.UUID // zero for a request of an asynchronous route
	Script  uuid.UUID
	Bytes   int64
	// Wait is how long it waits from now on; 0 is at once.
	Wait     time.Duration
	Failures int
	Crashes  int
	// place orders what is read at the start: when it was put, or was to be due
	// at first.
	place Time
}

// newEvent is an event on its way into the outbox.
type newEvent struct {
	id    uuid.UUID
	app   uuid.UUID
	kind  string
	depth int
	at    Time   // when it occurred; 0 is now
	data  []byte // the kind's own fields, a JSON object
	body  []byte // of a request
	wait  time.Duration
	// follows says that it takes the place of a row that goes in the same
	// transaction, so that the caps do not hold it up.
	follows bool
}

// outbox is what is kept in memory of the table of that name.
type outbox struct {
	mutex   sync.Mutex
	usage   map[uuid.UUID]*outboxUsage // pending rows by app
	arrived []PendingDelivery          // committed, not yet taken by the dispatcher
	wake    chan struct{}              // told of what arrived
	acked   []uuid.UUID                // finished, to be deleted; only the writer takes from it
	due     chan struct{}              // told when enough of them are
}

type outboxUsage struct{ rows, bytes int64 }

const insertDelivery = "INSERT INTO outbox (key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, due_at, wait_ms," +
	" failures, crashes, bytes, event, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)"

// putEvent writes the outbox row of an event for a trigger.
func (s *Store) putEvent(t *transaction, event newEvent, trigger *Trigger) error {
	_, err := s.put(t, event, PendingDelivery{App: event.app, Trigger: trigger.ID, Script: trigger.ScriptID})
	return err
}

// put writes an outbox row and returns its id; the dispatcher hears of it after
// the commit.
func (s *Store) put(t *transaction, event newEvent, delivery PendingDelivery) (uuid.UUID, error) {
	if !t.durable {
		return uuid.Nil, errNeedsSync
	}
	delivery.ID, delivery.Wait = s.newID(), event.wait
	delivery.Bytes = int64(len(event.data) + len(event.body))
	if err := s.outbox.reserve(&delivery, event.follows); err != nil {
		return uuid.Nil, err
	}
	t.deliveries = append(t.deliveries, delivery)
	var due *Time
	if event.wait > 0 {
		at := TimeOf(t.at.Time().Add(event.wait))
		due = &at
	}
	key, rest, _ := splitID(delivery.ID)
	_, err := t.exec(insertDelivery, key, rest, delivery.App, optionalID(delivery.Trigger), delivery.Script, event.id, event.kind, event.depth,
		cmp.Or(event.at, t.at), due, event.wait.Milliseconds(), delivery.Bytes, event.data, event.body)
	return delivery.ID, err
}

// optionalID is NULL for the zero id.
func optionalID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id[:]
}

// reserve counts a delivery against its app's caps; passes counts it even past them.
func (o *outbox) reserve(d *PendingDelivery, passes bool) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	usage := o.usageOf(d.App)
	if !passes && (usage.rows+1 > maxOutboxRows || usage.bytes+d.Bytes > maxOutboxBytes) {
		return &Error{Kind: KindLimit, Code: "outbox_full", Details: map[string]any{"rows": usage.rows, "bytes": usage.bytes},
			Message: "the app has too many deliveries waiting; try again when some are done"}
	}
	usage.rows++
	usage.bytes += d.Bytes
	return nil
}

// usageOf: the mutex is held.
func (o *outbox) usageOf(app uuid.UUID) *outboxUsage {
	usage := o.usage[app]
	if usage == nil {
		usage = &outboxUsage{}
		o.usage[app] = usage
	}
	return usage
}

// release takes deliveries out of the count: they are done, or their
// transaction came to nothing.
func (o *outbox) release(deliveries []PendingDelivery) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for i := range deliveries {
		usage := o.usageOf(deliveries[i].App)
		usage.rows--
		usage.bytes -= deliveries[i].Bytes
	}
}

// announce hands committed deliveries to the dispatcher.
func (o *outbox) announce(deliveries []PendingDelivery) {
	if len(deliveries) == 0 {
		return
	}
	o.mutex.Lock()
	o.arrived = append(o.arrived, deliveries...)
	o.mutex.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// DeliveriesArrived is told after a commit that put deliveries into the
// outbox; the dispatcher then calls TakeDeliveries. While nothing comes,
// nothing polls.
func (s *Store) DeliveriesArrived() <-chan struct{} { return s.outbox.wake }

// TakeDeliveries returns the deliveries that arrived since the last call, in
// the order of their commits. The first call returns all that were pending
// when the store was opened, one with a delay in the place of its due time.
func (s *Store) TakeDeliveries() []PendingDelivery {
	o := &s.outbox
	o.mutex.Lock()
	defer o.mutex.Unlock()
	taken := o.arrived
	o.arrived = nil
	return taken
}

// OutboxStats is what waits in the outboxes of all apps, and for how many
// milliseconds the oldest delivery that is due has waited.
type OutboxStats struct{ Deliveries, Bytes, OldestMS int64 }

// OutboxStats returns the figures of this moment. A delivery that is done may
// count towards the oldest for a second.
func (s *Store) OutboxStats(ctx context.Context) (OutboxStats, error) {
	var stats OutboxStats
	s.outbox.mutex.Lock()
	for _, usage := range s.outbox.usage {
		stats.Deliveries += usage.rows
		stats.Bytes += usage.bytes
	}
	s.outbox.mutex.Unlock()
	if stats.Deliveries == 0 {
		return stats, nil
	}
	err := s.read(ctx, func(t *transaction) error {
		r, err := t.first("SELECT key, occurred_at, due_at FROM outbox WHERE due_at IS NULL OR due_at <= ? ORDER BY key LIMIT 1", t.at)
		if errors.Is(err, errNoRow) {
			return nil
		}
		if err != nil {
			return err
		}
		since := keyTime(r.integer(0)) // not when it occurred: a replay is of long ago
		if since > t.at {
			since = r.time(1) // the clock has been set back: keys go on
		}
		if due := r.optionalTime(2); due != nil {
			since = *due
		}
		stats.OldestMS = max(0, int64(t.at-since))
		return nil
	})
	return stats, err
}

const selectPending = "SELECT key, rest, app_id, trigger_id, script_id, due_at, wait_ms, failures, crashes, bytes FROM outbox ORDER BY key"

// load reads what the last process left. Every row is free at once, whoever
// had it: no other process can have it now.
func (o *outbox) load(t *transaction, g *idGenerator) error {
	o.usage = make(map[uuid.UUID]*outboxUsage)
	o.wake, o.due = make(chan struct{}, 1), make(chan struct{}, 1)
	err := t.each(func(r row) error {
		d := PendingDelivery{ID: joinID(r.integer(0), r.integer(1)), App: r.id(2), Trigger: r.id(3), Script: r.id(4),
			Wait: waitLeft(t.at, r.optionalTime(5), r.integer(6)), Failures: int(r.integer(7)), Crashes: int(r.integer(8)), Bytes: r.integer(9)}
		d.place = keyTime(r.integer(0))
		if tried := d.Failures+d.Crashes > 0; !tried && r.optionalTime(5) != nil {
			d.place += Time(r.integer(6))
		}
		usage := o.usageOf(d.App)
		usage.rows++
		usage.bytes += d.Bytes
		o.arrived = append(o.arrived, d)
		g.start(r.integer(0))
		return nil
	}, selectPending)
	// One that became due while nothing ran comes behind those that were put
	// before that, as it would have done.
	slices.SortStableFunc(o.arrived, func(a, b PendingDelivery) int { return cmp.Compare(a.place, b.place) })
	if len(o.arrived) > 0 {
		o.wake <- struct{}{}
	}
	return err
}

// waitLeft is how long a delivery still waits. Never longer than it was to
// wait at first: the clock may have been years ahead, or be years behind.
func waitLeft(now Time, due *Time, waitMS int64) time.Duration {
	if due == nil {
		return 0
	}
	return time.Duration(min(max(int64(*due-now), 0), waitMS)) * time.Millisecond
}

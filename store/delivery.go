package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Attempt is one failed attempt of a delivery.
type Attempt struct {
	At          Time       `json:"at"`
	Error       string     `json:"error"`
	ExecutionID *uuid.UUID `json:"execution_id"`
}

// Delivery is one row of the outbox: an event on its way to one script.
type Delivery struct {
	ID        uuid.UUID  `json:"id"`
	AppID     uuid.UUID  `json:"app_id"`
	TriggerID *uuid.UUID `json:"trigger_id"` // null for a request of an asynchronous route
	ScriptID  uuid.UUID  `json:"script_id"`
	Event     Event      `json:"event"`
	Failures  int        `json:"failures"` // attempts that failed
	Crashes   int        `json:"crashes"`  // ends of the process while it ran
	Attempts  []Attempt  `json:"attempts"`
	DueAt     *Time      `json:"due_at"`         // null: at once
	Held      string     `json:"held,omitempty"` // why it does not run
}

const selectDeliveries = "SELECT key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, failures, crashes, due_at," +
	" attempts, event, body FROM outbox"

func scanDelivery(r row) (Delivery, error) {
	d := Delivery{ID: joinID(r.integer(0), r.integer(1)), AppID: r.id(2), TriggerID: r.optionalID(3), ScriptID: r.id(4),
		Event:    Event{ID: r.id(5), Kind: r.text(6), Depth: int(r.integer(7)), OccurredAt: r.time(8), TriggerID: r.id(3), Data: r.blob(13), Body: r.blob(14)},
		Failures: int(r.integer(9)), Crashes: int(r.integer(10)), DueAt: r.optionalTime(11)}
	var err error
	d.Attempts, err = decodeAttempts(r.text(12))
	return d, err
}

func attemptBytes(attempts []Attempt) (bytes int) {
	for i := range attempts {
		bytes += len(attempts[i].Error)
	}
	return bytes
}

func decodeAttempts(text string) ([]Attempt, error) {
	attempts := []Attempt{}
	if text == "" {
		return attempts, nil
	}
	if err := json.Unmarshal([]byte(text), &attempts); err != nil {
		return nil, fmt.Errorf("reading a stored list of attempts: %w", err)
	}
	return attempts, nil
}

// selectEvents reads what a run needs of each delivery and no more: the
// dispatcher has the rest, and reads them all.
const selectEvents = "SELECT key, rest, trigger_id, event_id, kind, depth, occurred_at, event, body" +
	" FROM (SELECT value FROM json_each(?)) CROSS JOIN outbox ON key = value"

// LoadEvents returns the events of these deliveries by the deliveries' ids. One
// that is not in the outbox any more is left out.
func (s *Store) LoadEvents(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Event, error) {
	loaded := make(map[uuid.UUID]*Event, len(ids))
	err := s.read(ctx, func(t *transaction) error {
		return t.each(func(r row) error {
			loaded[joinID(r.integer(0), r.integer(1))] = &Event{TriggerID: r.id(2), ID: r.id(3), Kind: r.text(4), Depth: int(r.integer(5)),
				OccurredAt: r.time(6), Data: r.blob(7), Body: r.blob(8)}
			return nil
		}, selectEvents, keyList(ids))
	})
	if err != nil {
		return nil, fmt.Errorf("reading the events of deliveries: %w", err)
	}
	return loaded, nil
}

// keyList writes the keys of ids as a JSON array, so that one statement takes
// any number of them.
func keyList(ids []uuid.UUID) string {
	list := make([]byte, 0, 21*len(ids)+2)
	list = append(list, '[')
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		key, _, _ := splitID(id)
		list = strconv.AppendInt(list, key, 10)
	}
	return string(append(list, ']'))
}

// Deliveries lists an app's pending deliveries, oldest first.
func (s *Store) Deliveries(ctx context.Context, app uuid.UUID, request PageRequest) (Page[Delivery], error) {
	if err := s.flushAcks(ctx); err != nil {
		return Page[Delivery]{}, err
	}
	page, err := keyedPage(ctx, s, keyedList[Delivery]{
		name: "outbox " + app.String(), app: app, scan: scanDelivery, id: func(d *Delivery) uuid.UUID { return d.ID },
		bytes: func(d *Delivery) int { return d.Event.bytes() + attemptBytes(d.Attempts) },
		query: selectDeliveries + " WHERE app_id = ? AND key > ? ORDER BY key LIMIT ?",
	}, request)
	for i := range page.Items {
		d := &page.Items[i]
		s.nameTrigger(&d.Event)
		d.Held = s.Catalog().Held(d.Event.TriggerID, d.ScriptID)
	}
	return page, err
}

// nameTrigger fills in what an event's row does not repeat.
func (s *Store) nameTrigger(e *Event) {
	if t := s.Catalog().Triggers[e.TriggerID]; t != nil {
		e.TriggerName = t.Name
	}
}

// The reasons for which pending deliveries wait, besides HeldRegistrant.
const (
	HeldDisabled       = "disabled"        // the trigger is switched off
	HeldScriptDisabled = "script_disabled" // the script is switched off
)

// Held says why deliveries of a trigger (zero: of an asynchronous route) to a
// script wait although they are due, or "". A trigger's go to the script that it
// has now, whatever it had when they were put.
func (c *Catalog) Held(trigger, script uuid.UUID) string {
	if t := c.Triggers[trigger]; t != nil {
		switch script = t.ScriptID; {
		case !t.Enabled:
			return HeldDisabled
		case t.Held != "":
			return t.Held
		}
	}
	if s := c.Scripts[script]; s != nil && !s.Enabled {
		return HeldScriptDisabled
	}
	return ""
}

// AcknowledgeDelivery takes a finished delivery out of the count at once and
// out of the table with the next one that is put there, within a second at
// most: a crash before that runs it again.
func (s *Store) AcknowledgeDelivery(d PendingDelivery) {
	o := &s.outbox
	o.mutex.Lock()
	usage := o.usageOf(d.App)
	usage.rows--
	usage.bytes -= d.Bytes
	o.acked = append(o.acked, d.ID)
	due := len(o.acked) == ackRows
	o.mutex.Unlock()
	if due {
		select {
		case o.due <- struct{}{}:
		default:
		}
	}
}

// ackRows is how many finished deliveries are deleted without waiting for the
// tick, and at most at once.
const ackRows = 1024

// flushAcks deletes the rows of finished deliveries.
func (s *Store) flushAcks(ctx context.Context) error {
	for s.outbox.finished() {
		if err := s.writer.do(context.WithoutCancel(ctx), s.outbox.deletion()); err != nil {
			return fmt.Errorf("deleting finished deliveries: %w", err)
		}
	}
	return nil
}

// finished says whether finished deliveries are still in the table.
func (o *outbox) finished() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return len(o.acked) > 0
}

// deletion deletes finished deliveries, up to ackRows of them.
func (o *outbox) deletion() *operation {
	return &operation{frees: true, purpose: purpose{cause: CauseEvents}, fn: func(t *transaction) error {
		o.mutex.Lock()
		part := o.acked[min(t.acked, len(o.acked)):] // those before it are deleted already
		part = part[:min(len(part), ackRows)]
		o.mutex.Unlock()
		if len(part) == 0 {
			return nil
		}
		_, err := t.exec("DELETE FROM outbox WHERE key IN (SELECT value FROM json_each(?))", keyList(part))
		t.acked += len(part)
		return err
	}}
}

// forget drops the first finished deliveries, whose rows are deleted.
func (o *outbox) forget(count int) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.acked = o.acked[count:]
}

// RetryDelivery notes a failed attempt and when the next one is due. It is
// relaxed: at a power cut within a second the attempt is made once more.
func (s *Store) RetryDelivery(ctx context.Context, id uuid.UUID, failed Attempt, wait time.Duration) error {
	text, err := json.Marshal(failed)
	if err != nil {
		return err
	}
	return s.relax(because(ctx, CauseEvents), func(t *transaction) error {
		key, _, _ := splitID(id)
		due := TimeOf(t.at.Time().Add(wait))
		n, err := t.exec("UPDATE outbox SET failures = failures + 1, due_at = ?, wait_ms = ?,"+
			" attempts = json_insert(coalesce(attempts, '[]'), '$[#]', json(?)) WHERE key = ?", due, wait.Milliseconds(), string(text), key)
		return mustChange(n, err, "delivery")
	})
}

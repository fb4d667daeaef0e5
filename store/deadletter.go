package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"
)

// DeadLetterState says what became of a dead letter.
type DeadLetterState string

// The states. Open and handler_failed can become resolved or replayed, open
// can become handler_failed; resolved and replayed are final.
const (
	DeadLetterOpen          DeadLetterState = "open"
	DeadLetterResolved      DeadLetterState = "resolved"
	DeadLetterReplayed      DeadLetterState = "replayed"
	DeadLetterHandlerFailed DeadLetterState = "handler_failed"
)

// DeadLetter is a delivery that ran out of attempts.
type DeadLetter struct {
	ID        uuid.UUID       `json:"id"`
	AppID     uuid.UUID       `json:"app_id"`
	TriggerID *uuid.UUID      `json:"trigger_id"` // null for a request of an asynchronous route
	ScriptID  uuid.UUID       `json:"script_id"`
	Event     Event           `json:"event"`
	Error     string          `json:"error"` // why it was given up
	Attempts  []Attempt       `json:"attempts"`
	State     DeadLetterState `json:"state"`
	Note      string          `json:"note"`
	CreatedAt Time            `json:"created_at"`
}

const (
	maxNoteBytes  = 4096
	maxErrorBytes = 4096
)

const (
	selectDeadLetters = "SELECT key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, state, note, error, created_at," +
		" attempts, event, body FROM dead_letters"
	insertDeadLetter = "INSERT INTO dead_letters (key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, bytes, state," +
		" note, error, created_at, attempts, event, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '', ?, ?, ?, ?, ?)"
)

func scanDeadLetter(r row) (DeadLetter, error) {
	d := DeadLetter{ID: joinID(r.integer(0), r.integer(1)), AppID: r.id(2), TriggerID: r.optionalID(3), ScriptID: r.id(4),
		Event: Event{ID: r.id(5), Kind: r.text(6), Depth: int(r.integer(7)), OccurredAt: r.time(8), TriggerID: r.id(3), Data: r.blob(14), Body: r.blob(15)},
		State: DeadLetterState(r.text(9)), Note: r.text(10), Error: r.text(11), CreatedAt: r.time(12)}
	var err error
	d.Attempts, err = decodeAttempts(r.text(13))
	return d, err
}

// Burial is a delivery that is given up: why, and its last attempt if that one
// is not among the row's.
type Burial struct {
	Delivery PendingDelivery
	Reason   string
	Last     *Attempt
}

// BuryDelivery turns a delivery into a dead letter and puts the events of the
// triggers that listen to dead letters, all in one transaction. A delivery to
// such a trigger leaves none: its failure marks the one it was about as
// handler_failed, so that dead letters never cause each other (spec 4).
func (s *Store) BuryDelivery(ctx context.Context, b Burial) error {
	err := s.change(because(ctx, CauseEvents), func(t *transaction) error { return s.buryDelivery(t, b) })
	if err == nil {
		s.outbox.release([]PendingDelivery{b.Delivery})
	}
	return err
}

func (s *Store) buryDelivery(t *transaction, b Burial) error {
	key, rest, _ := splitID(b.Delivery.ID)
	found, err := collect(t, scanDelivery, selectDeliveries+" WHERE key = ?", key)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return noSuch("delivery")
	}
	if _, err := t.exec("DELETE FROM outbox WHERE key = ?", key); err != nil {
		return err
	}
	d := found[0]
	if b.Last != nil {
		d.Attempts = append(d.Attempts, *b.Last)
	}
	b.Reason = clipBytes(b.Reason, maxErrorBytes)
	if d.Event.Kind == string(TriggerDeadLetter) {
		return s.markHandlerFailed(t, d, b.Reason)
	}
	if _, err := app(t, d.AppID); KindOf(err) == KindNotFound {
		return nil // nobody is left to look at it
	} else if err != nil {
		return err
	}
	attempts, err := json.Marshal(d.Attempts)
	if err != nil {
		return err
	}
	bytes := d.Event.bytes() + len(b.Reason) + len(attempts)
	_, err = t.exec(insertDeadLetter, key, rest, d.AppID, optionalID(d.Event.TriggerID), d.ScriptID, d.Event.ID, d.Event.Kind, d.Event.Depth,
		d.Event.OccurredAt, bytes, b.Reason, t.at, string(attempts), d.Event.Data, d.Event.Body)
	if err != nil {
		return err
	}
	s.deadLettersMade.Add(1)
	if err := s.keepDeadLetters(t, d.AppID, deadLetterRoom{1, int64(bytes)}); err != nil {
		return err
	}
	return s.emitDeadLetter(t, d, b.Reason)
}

// clipBytes cuts text to so many bytes, between characters.
func clipBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most]
}

// deadLetterEvent is what a dead_letter trigger's script sees.
type deadLetterEvent struct {
	DeadLetterID uuid.UUID `json:"dead_letter_id"`
	Error        string    `json:"error"`
	Attempts     int       `json:"attempts"`
	Original     Event     `json:"original"`
}

// emitDeadLetter puts an event for each trigger that listens to dead letters of
// the kind. It passes the outbox's caps: the row that it follows has just gone.
func (s *Store) emitDeadLetter(t *transaction, d *Delivery, reason string) error {
	event := newEvent{id: s.newID(), app: d.AppID, kind: string(TriggerDeadLetter), depth: d.Event.Depth + 1, follows: true}
	for _, trigger := range s.Catalog().triggersOf(d.AppID, TriggerDeadLetter, "") {
		if kinds := trigger.DeadLetter.Kinds; len(kinds) > 0 && !slices.Contains(kinds, d.Event.Kind) {
			continue
		}
		if event.data == nil {
			s.nameTrigger(&d.Event)
			data, err := json.Marshal(deadLetterEvent{DeadLetterID: d.ID, Error: reason, Attempts: len(d.Attempts), Original: d.Event})
			if err != nil {
				return err
			}
			event.data = data
		}
		if err := s.putEvent(t, event, trigger); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) markHandlerFailed(t *transaction, d *Delivery, reason string) error {
	var about deadLetterEvent
	if err := json.Unmarshal(d.Event.Data, &struct {
		DeadLetterID *uuid.UUID `json:"dead_letter_id"`
	}{&about.DeadLetterID}); err != nil {
		return err
	}
	key, _, _ := splitID(about.DeadLetterID)
	failed := deadLetterChange{key: key, from: DeadLetterOpen, to: DeadLetterHandlerFailed, note: clipBytes(reason, maxNoteBytes)}
	return s.setDeadLetter(t, d.AppID, failed)
}

// DeadLetter returns the dead letter of that id.
func (s *Store) DeadLetter(ctx context.Context, id uuid.UUID) (DeadLetter, error) {
	found, err := readValue(ctx, s, func(t *transaction) (DeadLetter, error) { return deadLetter(t, id) })
	s.nameTrigger(&found.Event)
	return found, err
}

func deadLetter(t *transaction, id uuid.UUID) (DeadLetter, error) {
	key, _, _ := splitID(id)
	found, err := collect(t, scanDeadLetter, selectDeadLetters+" WHERE key = ?", key)
	if err != nil {
		return DeadLetter{}, err
	}
	if len(found) == 0 || found[0].ID != id {
		return DeadLetter{}, noSuch("dead letter")
	}
	return *found[0], nil
}

// DeadLetterStates are all states.
var DeadLetterStates = []DeadLetterState{DeadLetterOpen, DeadLetterResolved, DeadLetterReplayed, DeadLetterHandlerFailed}

// DeadLetters lists an app's dead letters that are in one of the states, newest
// first; without any state it lists all. Another state is KindInvalid "invalid".
func (s *Store) DeadLetters(ctx context.Context, app uuid.UUID, states []DeadLetterState, request PageRequest) (Page[DeadLetter], error) {
	list := keyedList[DeadLetter]{
		name: fmt.Sprintf("dead letters %s %v", app, states), app: app, scan: scanDeadLetter,
		id: func(d *DeadLetter) uuid.UUID { return d.ID }, first: math.MaxInt64,
		bytes: func(d *DeadLetter) int { return d.Event.bytes() + attemptBytes(d.Attempts) },
	}
	only := ""
	for _, state := range states {
		if !slices.Contains(DeadLetterStates, state) {
			return Page[DeadLetter]{}, Errorf(KindInvalid, "invalid", "%q is no state of a dead letter; the states are %s", state, Listed(DeadLetterStates))
		}
		only += ", '" + string(state) + "'" // one of our own words
	}
	if only != "" {
		only = " AND state IN (" + only[2:] + ")"
	}
	list.query = selectDeadLetters + " WHERE app_id = ? AND key < ?" + only + " ORDER BY key DESC LIMIT ?"
	page, err := keyedPage(ctx, s, list, request)
	for i := range page.Items {
		s.nameTrigger(&page.Items[i].Event)
	}
	return page, err
}

// ResolveDeadLetter closes a dead letter with a note. Conflict
// "dead_letter_closed" when it was resolved or replayed already.
func (s *Store) ResolveDeadLetter(ctx context.Context, id uuid.UUID, note string) (DeadLetter, error) {
	return write(ctx, s, true, func(t *transaction) (DeadLetter, error) {
		d, err := openDeadLetter(t, id)
		if err != nil {
			return DeadLetter{}, err
		}
		if err := checkText("note", note, 0, maxNoteBytes); err != nil {
			return DeadLetter{}, err
		}
		t.touch(d.target())
		return s.closeDeadLetter(t, d, DeadLetterResolved, note)
	})
}

// target names the dead letter in the audit.
func (d DeadLetter) target() Target { return Target{Kind: "dead_letter", ID: &d.ID, App: &d.AppID} }

func openDeadLetter(t *transaction, id uuid.UUID) (DeadLetter, error) {
	d, err := deadLetter(t, id)
	if err == nil && d.State != DeadLetterOpen && d.State != DeadLetterHandlerFailed {
		return DeadLetter{}, Errorf(KindConflict, "dead_letter_closed", "the dead letter is %s already", d.State)
	}
	return d, err
}

func (s *Store) closeDeadLetter(t *transaction, d DeadLetter, state DeadLetterState, note string) (DeadLetter, error) {
	key, _, _ := splitID(d.ID)
	err := s.setDeadLetter(t, d.AppID, deadLetterChange{key: key, from: d.State, to: state, note: note})
	d.State, d.Note = state, note
	return d, err
}

// deadLetterChange is what becomes of a dead letter that is in the state from.
type deadLetterChange struct {
	key      int64
	from, to DeadLetterState
	note     string
}

// setDeadLetter changes the state and the note of one of the app's dead
// letters. A longer note counts towards the app's cap.
func (s *Store) setDeadLetter(t *transaction, app uuid.UUID, c deadLetterChange) error {
	n, err := t.exec("UPDATE dead_letters SET bytes = bytes - octet_length(note) + ?, state = ?, note = ? WHERE key = ? AND state = ?",
		len(c.note), string(c.to), c.note, c.key, string(c.from))
	if err != nil || n == 0 || c.note == "" {
		return err
	}
	return s.keepDeadLetters(t, app, deadLetterRoom{0, int64(len(c.note))})
}

// ReplayDeadLetter queues the event again, with all attempts before it, under
// the same event id and with the time at which it occurred. Conflict
// "dead_letter_closed", or "trigger_gone" when the trigger or the script does
// not exist any more; limit "outbox_full". A replay by a run that an event
// started is one step deeper than that event, so that a handler that replays
// what fails comes to an end.
func (s *Store) ReplayDeadLetter(ctx context.Context, id uuid.UUID, origin Origin) (DeadLetter, error) {
	return write(ctx, s, true, func(t *transaction) (DeadLetter, error) {
		d, err := openDeadLetter(t, id)
		if err != nil {
			return DeadLetter{}, err
		}
		target := PendingDelivery{App: d.AppID, Trigger: d.Event.TriggerID, Script: d.ScriptID}
		if target.Trigger != uuid.Nil {
			current, err := trigger(t, target.Trigger)
			if err != nil {
				return DeadLetter{}, triggerGone(err)
			}
			target.Script = current.ScriptID
		} else if _, err := script(t, target.Script); err != nil {
			return DeadLetter{}, triggerGone(err)
		}
		event := newEvent{id: d.Event.ID, app: d.AppID, kind: d.Event.Kind, depth: max(d.Event.Depth, origin.Depth+1), at: d.Event.OccurredAt,
			data: d.Event.Data, body: d.Event.Body}
		if _, err := s.put(t, event, target); err != nil {
			return DeadLetter{}, err
		}
		t.touch(d.target())
		return s.closeDeadLetter(t, d, DeadLetterReplayed, d.Note)
	})
}

func triggerGone(err error) error {
	if KindOf(err) != KindNotFound {
		return err
	}
	return Errorf(KindConflict, "trigger_gone", "what this was for does not exist any more; it can only be resolved")
}

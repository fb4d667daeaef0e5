package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
)

// CronFiring is one firing of a cron trigger: for the slot ScheduledAt, and for
// Missed slots before it that nobody fired. Slot is the stored slot that it
// answers to, Next the one to wait for from now on.
type CronFiring struct {
	Trigger     uuid.UUID
	Slot        Time
	ScheduledAt Time
	Missed      int64
	Next        *Time
}

type cronEvent struct {
	Schedule    string `json:"schedule"`
	Timezone    string `json:"timezone"`
	ScheduledAt Time   `json:"scheduled_at"`
	Missed      int64  `json:"missed"`
}

// FireCron queues an event for each firing and moves the trigger's slot, in one
// transaction: no slot is fired twice, whatever ends the process.
func (s *Store) FireCron(ctx context.Context, firings []CronFiring) (CronOutcome, error) {
	return write(because(ctx, CauseEvents), s, true, func(t *transaction) (CronOutcome, error) {
		var outcome CronOutcome
		for _, firing := range firings {
			err := s.fireCron(t, firing)
			switch {
			case errors.Is(err, errStaleSlot):
				outcome.Stale = append(outcome.Stale, firing.Trigger)
			case KindOf(err) == KindLimit:
				outcome.Full = append(outcome.Full, firing.Trigger)
			case err != nil:
				return CronOutcome{}, err
			}
		}
		return outcome, nil
	})
}

// CronOutcome names the triggers that did not fire. Those in Full have an app
// whose outbox is full, and stay due. Those in Stale were changed meanwhile:
// the slot that they wait for is another one.
type CronOutcome struct{ Full, Stale []uuid.UUID }

// errStaleSlot says that a firing is not for the stored slot.
var errStaleSlot = errors.New("the trigger waits for another slot")

func (s *Store) fireCron(t *transaction, firing CronFiring) error {
	found, err := trigger(t, firing.Trigger)
	if err != nil && KindOf(err) != KindNotFound {
		return err
	}
	if !found.Fires() || found.Cron == nil || found.Cron.NextAt == nil || *found.Cron.NextAt != firing.Slot {
		return errStaleSlot
	}
	data, err := json.Marshal(cronEvent{Schedule: found.Cron.Schedule, Timezone: found.Cron.Timezone, ScheduledAt: firing.ScheduledAt, Missed: firing.Missed})
	if err != nil {
		return err
	}
	event := newEvent{id: s.newID(), app: found.AppID, kind: string(TriggerCron), depth: 1, data: data}
	if err := s.putEvent(t, event, &found); err != nil {
		return err
	}
	_, err = t.exec("UPDATE triggers SET next_at = ? WHERE id = ?", firing.Next, firing.Trigger)
	return err
}

// SetCronSlots stores the slots that cron triggers wait for, without firing;
// nil for one that never fires again.
func (s *Store) SetCronSlots(ctx context.Context, slots map[uuid.UUID]*Time) error {
	return s.change(because(ctx, CauseEvents), func(t *transaction) error {
		for id, at := range slots {
			if _, err := t.exec("UPDATE triggers SET next_at = ? WHERE id = ? AND kind = 'cron'", at, id); err != nil {
				return err
			}
		}
		return nil
	})
}

package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
)

// firedStamps are when triggers last fired and how many of their loops were
// stopped, since the last flush. They are written once a minute: a stamp is
// worth no write of its own.
type firedStamps struct {
	mutex  sync.Mutex
	stamps map[uuid.UUID]firedStamp
}

type firedStamp struct {
	at    Time
	loops int64
}

// NoteFired remembers that a trigger's script was started, or that it was not
// because the event's chain had grown too long.
func (s *Store) NoteFired(trigger uuid.UUID, loopStopped bool) {
	f := &s.fired
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.stamps == nil {
		f.stamps = make(map[uuid.UUID]firedStamp)
	}
	stamp := f.stamps[trigger]
	if loopStopped {
		stamp.loops++
	} else {
		stamp.at = s.now()
	}
	f.stamps[trigger] = stamp
}

// overlay puts what is not written yet over what was read.
func (f *firedStamps) overlay(t *Trigger) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	stamp := f.stamps[t.ID]
	t.LoopsStopped += stamp.loops
	if stamp.at != 0 {
		t.LastFiredAt = &stamp.at
	}
}

func (f *firedStamps) take() map[uuid.UUID]firedStamp {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	taken := f.stamps
	f.stamps = nil
	return taken
}

// giveBack returns stamps that could not be written.
func (f *firedStamps) giveBack(taken map[uuid.UUID]firedStamp) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.stamps == nil {
		f.stamps = make(map[uuid.UUID]firedStamp)
	}
	for id, stamp := range taken {
		newer := f.stamps[id]
		f.stamps[id] = firedStamp{at: max(stamp.at, newer.at), loops: stamp.loops + newer.loops}
	}
}

func (s *Store) flushFired(ctx context.Context) error {
	taken := s.fired.take()
	if len(taken) == 0 {
		return nil
	}
	err := s.relax(ctx, func(t *transaction) error {
		for id, stamp := range taken {
			var at *Time
			if stamp.at != 0 {
				at = &stamp.at
			}
			if _, err := t.exec("UPDATE triggers SET last_fired_at = coalesce(?, last_fired_at), loops_stopped = loops_stopped + ? WHERE id = ?",
				at, stamp.loops, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.fired.giveBack(taken)
		return fmt.Errorf("writing when triggers fired: %w", err)
	}
	return nil
}

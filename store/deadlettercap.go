package store

import (
	"context"

	"github.com/google/uuid"
)

// The caps of one app's dead letters: past them the oldest go, and are counted.
// The bytes are those of event, body, error, attempts and note. A hundredth more
// goes than has to, because it takes a walk over all of them to know which.
const (
	maxDeadLetters      = 10_000
	maxDeadLetterBytes  = 32 << 20
	keepDeadLetters     = maxDeadLetters - maxDeadLetters/100
	keepDeadLetterBytes = maxDeadLetterBytes - maxDeadLetterBytes/100
)

// deadLetterRoom is how much an app may add at least before its dead letters
// have to be looked at again: they are many, and each burial would read them all.
type deadLetterRoom struct{ rows, bytes int64 }

// keepDeadLetters holds an app's dead letters to their caps once some were
// added. What is known of its room takes no notice of operations that come to
// nothing: then there is more. Only the writer calls it.
func (s *Store) keepDeadLetters(t *transaction, app uuid.UUID, added deadLetterRoom) error {
	if room, known := s.deadLetterRooms[app]; known {
		room = deadLetterRoom{room.rows - added.rows, room.bytes - added.bytes}
		if s.deadLetterRooms[app] = room; room.rows >= 0 && room.bytes >= 0 {
			return nil
		}
	}
	delete(s.deadLetterRooms, app)
	room, cut, err := countDeadLetters(t, app)
	if err != nil {
		return err
	}
	if room.rows >= 0 && room.bytes >= 0 || cut == 0 {
		s.deadLetterRooms[app] = room
		return nil
	}
	dropped, err := t.exec("DELETE FROM dead_letters WHERE app_id = ? AND key <= ?", app, cut)
	s.deadLettersDropped.Add(dropped)
	return err
}

// countDeadLetters walks over the index alone, from the newest to the oldest,
// and returns the room that is left, and the key from which on backwards they
// are to go when there is none; 0 when there is but one.
func countDeadLetters(t *transaction, app uuid.UUID) (room deadLetterRoom, cut int64, err error) {
	var rows, bytes int64
	err = t.each(func(r row) error {
		rows, bytes = rows+1, bytes+r.integer(1)
		if cut == 0 && rows > 1 && (rows > keepDeadLetters || bytes > keepDeadLetterBytes) {
			cut = r.integer(0)
		}
		return nil
	}, "SELECT key, bytes FROM dead_letters WHERE app_id = ? ORDER BY key DESC", app)
	return deadLetterRoom{maxDeadLetters - rows, maxDeadLetterBytes - bytes}, cut, err
}

// DeadLetterStats counts the dead letters that are kept, those that need a look
// among them, and since the start those that came and those that went because
// their app had too many.
type DeadLetterStats struct{ Kept, Open, Made, Dropped int64 }

// DeadLetterStats returns the counts.
func (s *Store) DeadLetterStats(ctx context.Context) (DeadLetterStats, error) {
	stats, err := readValue(ctx, s, func(t *transaction) (DeadLetterStats, error) {
		r, err := t.first("SELECT count(*), coalesce(sum(state IN (?, ?)), 0) FROM dead_letters", string(DeadLetterOpen), string(DeadLetterHandlerFailed))
		if err != nil {
			return DeadLetterStats{}, err
		}
		return DeadLetterStats{Kept: r.integer(0), Open: r.integer(1)}, nil
	})
	stats.Made, stats.Dropped = s.deadLettersMade.Load(), s.deadLettersDropped.Load()
	return stats, err
}

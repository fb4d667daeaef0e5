package store

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// An execution's id is a UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 bits
// that count within one, 62 random bits, and 6 fixed ones. The log's integer
// key is the first 63 of the free bits, so that reading by id needs no index;
// the other 59, the rest, are in the record.
const (
	sequenceBits = 12
	keyTailBits  = 3 // random bits in the key
	keyTimeShift = sequenceBits + keyTailBits
	restBits     = 59
)

// idGenerator makes UUIDv7s that only grow. It takes no lock.
type idGenerator struct {
	now  func() time.Time
	last atomic.Int64 // milliseconds << sequenceBits | sequence
}

// start makes the next id later than that of key, whatever the clock says.
func (g *idGenerator) start(key int64) { raise(&g.last, key>>keyTailBits) }

func (g *idGenerator) next() uuid.UUID { return g.nextAt(g.now()) }

func (g *idGenerator) nextAt(now time.Time) uuid.UUID {
	for {
		last := g.last.Load()
		// A clock that stands or steps back, or 4,096 ids in one millisecond,
		// carries the count into the time: the order matters more.
		next := max(now.UnixMilli()<<sequenceBits, last+1)
		if g.last.CompareAndSwap(last, next) {
			random := rand.Uint64()
			return joinID(next<<keyTailBits|int64(random>>restBits&(1<<keyTailBits-1)), int64(random&(1<<restBits-1)))
		}
	}
}

// splitID returns the key and the rest of a UUIDv7; false for another UUID.
func splitID(id uuid.UUID) (key, rest int64, ok bool) {
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	milliseconds, sequence, random := high>>16, high&0xfff, low&(1<<62-1)
	key = int64(milliseconds<<keyTimeShift | sequence<<keyTailBits | random>>restBits)
	return key, int64(random & (1<<restBits - 1)), high>>12&0xf == 7 && low>>62 == 2
}

// joinID is the inverse of splitID.
func joinID(key, rest int64) (id uuid.UUID) {
	k := uint64(key)
	binary.BigEndian.PutUint64(id[:8], k>>keyTimeShift<<16|7<<12|k>>keyTailBits&0xfff)
	binary.BigEndian.PutUint64(id[8:], 2<<62|(k&(1<<keyTailBits-1))<<restBits|uint64(rest))
	return id
}

// keyTime is the time in an id's key.
func keyTime(key int64) Time { return Time(key >> keyTimeShift) }

// firstKeyAt is the lowest key of a millisecond.
func firstKeyAt(at Time) int64 { return max(int64(at), 0) << keyTimeShift }

// newestExecutionKey is 0 for an empty log.
func newestExecutionKey(t *transaction) (int64, error) {
	n, err := t.count("SELECT key FROM executions ORDER BY key DESC LIMIT 1")
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return n, err
}

// NewExecutionID returns a UUIDv7 that no other execution of this database
// has, later than all before it, also across a restart and a clock that steps
// back. now is what the caller's clock says.
func (s *Store) NewExecutionID(now time.Time) uuid.UUID { return s.ids.nextAt(now) }

// newID makes the id of anything else that the store keeps.
func (s *Store) newID() uuid.UUID { return s.ids.next() }

// LatestTime is the latest time that any id of the database bears.
func (s *Store) LatestTime() Time { return Time(s.ids.last.Load() >> sequenceBits) }

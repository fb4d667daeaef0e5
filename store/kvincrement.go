package store

import (
	"context"
	"math"
	"strconv"
)

// IncrementKV adds by to the whole number under a key, which counts from 0 when
// there is none, and returns the sum. The entry keeps its expiry. It refuses
// with KindInvalid "not_a_number" when something else is stored, and with
// "number_too_large" beyond ±2^53, where sums would no longer be exact.
func (s *Store) IncrementKV(ctx context.Context, key KVKey, by int64, origin Origin) (int64, error) {
	if err := key.check(); err != nil {
		return 0, err
	}
	return write(ctx, s, true, func(t *transaction) (int64, error) { return s.incrementKV(t, key, by, origin) })
}

func (s *Store) incrementKV(t *transaction, key KVKey, by int64, origin Origin) (int64, error) {
	in, err := ensureCollection(t, key.collection())
	if err != nil {
		return 0, err
	}
	old, err := storedEntry(t, in, key)
	if err != nil {
		return 0, err
	}
	entry := &KVEntry{Key: key.Key, UpdatedAt: t.at}
	var value []byte
	if old.exists() {
		value, entry.ExpiresAt = old.Value, old.ExpiresAt
	}
	sum, err := Increment(value, by)
	if err != nil {
		return 0, err
	}
	if by == 0 && old.exists() {
		t.unsynced = true
		return sum, nil
	}
	entry.Value = strconv.AppendInt(nil, sum, 10)
	return sum, s.storeKV(t, storedChange{key: key, in: in, old: old, origin: origin}, entry)
}

// Increment adds by to a stored value, nil for none; see IncrementKV.
func Increment(value []byte, by int64) (int64, error) {
	present := 0.0
	if value != nil {
		var err error
		if present, err = strconv.ParseFloat(string(value), 64); err != nil || present != math.Trunc(present) || math.Abs(present) > maxInteger {
			return 0, Errorf(KindInvalid, "not_a_number", "what is stored under the key is not a whole number within 2^53")
		}
	}
	sum := int64(present) + by
	if sum < -maxInteger || sum > maxInteger {
		return 0, Errorf(KindInvalid, "number_too_large", "the sum would be beyond 2^53, where whole numbers are no longer exact")
	}
	return sum, nil
}

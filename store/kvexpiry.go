package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// sweepRows bounds one step of the sweep, and with it how long writes wait.
const sweepRows = 200

const (
	hasExpired = "SELECT EXISTS (SELECT 1 FROM kv_entries WHERE expires_at <= ?)"
	// An expired entry is invisible from its moment on; what the sweep does is
	// give its space back, so it may come late and is no change that an event tells of.
	sweepKV = "DELETE FROM kv_entries WHERE rowid IN (SELECT rowid FROM kv_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)" +
		" RETURNING collection, key, version"
	selectCollectionByNumber = "SELECT app_id, name, floor FROM collections WHERE number = ?"
)

// sweptKV is one entry that the sweep deleted.
type sweptKV struct {
	collection int64
	key        string
	version    int64
}

// sweepExpired deletes one step of expired entries; true when there may be more.
func (s *Store) sweepExpired(ctx context.Context) (more bool, err error) {
	expired, err := readValue(ctx, s, func(t *transaction) (int64, error) { return t.count(hasExpired, t.at) })
	if err != nil || expired == 0 {
		return false, err
	}
	// Not ctx: a caller that stops waiting stops nothing.
	err = s.writer.do(context.Background(), &operation{frees: true, fn: func(t *transaction) error {
		swept, err := sweepStep(t)
		more = len(swept) == sweepRows
		return err
	}})
	if err != nil {
		return false, fmt.Errorf("deleting expired entries: %w", err)
	}
	return more, nil
}

func sweepStep(t *transaction) (swept []sweptKV, err error) {
	t.wrote = true
	err = t.each(func(r row) error {
		swept = append(swept, sweptKV{r.integer(0), r.text(1), r.integer(2)})
		return nil
	}, sweepKV, t.at, sweepRows)
	if err != nil {
		return nil, err
	}
	highest := make(map[int64]int64)
	for _, entry := range swept {
		highest[entry.collection] = max(highest[entry.collection], entry.version)
	}
	names := make(map[int64]KVKey, len(highest))
	for number, version := range highest {
		r, err := t.first(selectCollectionByNumber, number)
		if err != nil {
			return nil, err
		}
		names[number] = KVKey{App: uuid.UUID(r.id(0)), Collection: r.text(1)}
		if err := (collection{number: number, floor: r.integer(2)}).retire(t, version); err != nil {
			return nil, err
		}
	}
	for _, entry := range swept {
		key := names[entry.collection]
		key.Key = entry.key
		t.published = append(t.published, publication{key: key, kind: kindKV})
	}
	return swept, nil
}

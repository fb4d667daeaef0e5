package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// KVQuery asks for entries in the order of their keys' bytes. Limit is 1 to
// MaxKVPage, 0 means 50; Cursor is what the page before gave.
type KVQuery struct {
	App        uuid.UUID
	Collection string
	Prefix     string
	Cursor     string
	Limit      int
	// MaxBytes ends a page early, 0 means 1 MiB; a page has at least one entry.
	MaxBytes int
	// Overlay are a transaction's own writes, which the page shows as if they
	// were stored; those of other collections are passed over.
	Overlay []DataWrite
}

const (
	// MaxKVPage is the most entries of one page (spec 3, "Data").
	MaxKVPage = 1000
	// maxPageBytes keeps a thousand long values from coming at once.
	maxPageBytes = 1 << 20

	selectKVPage = "SELECT e.key, e.version, e.expires_at, e.updated_at, e.value FROM collections c JOIN kv_entries e ON e.collection = c.number" +
		" WHERE c.app_id = ? AND c.kind = 'kv' AND c.name = ? AND e.key > ? AND e.key >= ? AND e.key < ?" +
		" AND (e.expires_at IS NULL OR e.expires_at > ?) ORDER BY e.key LIMIT ?"
)

// errEnough ends the reading of rows.
var errEnough = errors.New("enough rows")

// ListKV returns the entries whose keys begin with a prefix.
func (s *Store) ListKV(ctx context.Context, query KVQuery) (Page[KVEntry], error) {
	after, err := s.checkKVQuery(&query)
	if err != nil {
		return Page[KVEntry]{}, err
	}
	return readValue(ctx, s, func(t *transaction) (Page[KVEntry], error) { return s.listKV(t, query, after) })
}

// checkKVQuery fills in the limit and returns the key that the page begins after.
func (s *Store) checkKVQuery(query *KVQuery) (after string, err error) {
	if err := CheckCollectionName(query.Collection); err != nil {
		return "", err
	}
	if len(query.Prefix) > maxKeyBytes {
		return "", Errorf(KindInvalid, "invalid_key", "a prefix is at most %d bytes", maxKeyBytes)
	}
	if query.MaxBytes == 0 {
		query.MaxBytes = maxPageBytes
	}
	switch {
	case query.Limit == 0:
		query.Limit = defaultPageLimit
	case query.Limit < 0 || query.Limit > MaxKVPage:
		return "", Errorf(KindInvalid, "invalid_limit", "limit must be between 1 and %d", MaxKVPage)
	}
	return s.position(query.list(), query.Cursor)
}

// list names the list that cursors belong to.
func (q *KVQuery) list() string {
	return "kv " + q.App.String() + " " + q.Collection + " " + q.Prefix
}

func (s *Store) listKV(t *transaction, query KVQuery, after string) (Page[KVEntry], error) {
	page, size, more := Page[KVEntry]{Items: []KVEntry{}}, 0, false
	err := t.each(func(r row) error {
		if more = len(page.Items) == query.Limit || size > query.MaxBytes; more {
			return errEnough
		}
		entry := KVEntry{Key: r.text(0), Version: r.integer(1), ExpiresAt: r.optionalTime(2), UpdatedAt: r.time(3), Value: r.blob(4)}
		size += len(entry.Key) + len(entry.Value)
		page.Items = append(page.Items, entry)
		return nil
	}, selectKVPage, query.App, query.Collection, after, query.Prefix, behind(query.Prefix), t.at, query.Limit+1)
	if err != nil && !errors.Is(err, errEnough) {
		return page, err
	}
	last := behind(query.Prefix) // the page speaks for all keys up to this one
	if more {
		last = page.Items[len(page.Items)-1].Key
	}
	page.Items = query.overlay(page.Items, after, last)
	if n := query.Limit; len(page.Items) > n {
		page.Items, more, last = page.Items[:n], true, page.Items[n-1].Key
	}
	if more {
		page.NextCursor = s.cursor(query.list(), last)
	}
	return page, nil
}

// overlay puts the transaction's own writes between after and last into a page.
func (q *KVQuery) overlay(items []KVEntry, after, last string) []KVEntry {
	for _, w := range q.Overlay {
		if w.Kind != DataKV || w.Collection != q.Collection || !strings.HasPrefix(w.Key, q.Prefix) || w.Key <= after || w.Key > last {
			continue
		}
		at, there := slices.BinarySearchFunc(items, w.Key, func(e KVEntry, key string) int { return strings.Compare(e.Key, key) })
		switch entry := (KVEntry{Key: w.Key, Value: w.Value}); {
		case w.Value == nil && there:
			items = slices.Delete(items, at, at+1)
		case w.Value != nil && there:
			items[at] = entry
		case w.Value != nil:
			items = slices.Insert(items, at, entry)
		}
	}
	return items
}

// behind is the least text that is greater than all that begin with prefix, in
// the order of bytes. 0xff is in no key, since keys are UTF-8.
func behind(prefix string) string { return prefix + "\xff" }

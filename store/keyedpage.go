package store

import (
	"context"
	"encoding/binary"

	"github.com/google/uuid"
)

// keyedList is a list of an app's rows in the order of their integer keys. Its
// query takes the app, the key after which to begin, and the number of rows.
type keyedList[T any] struct {
	name  string
	app   uuid.UUID
	query string
	scan  func(row) (T, error)
	id    func(*T) uuid.UUID
	// first is where the list begins: 0, or the largest number for one that
	// runs backwards.
	first int64
}

// keyedPage reads one page of a list from the database.
func keyedPage[T any](ctx context.Context, s *Store, list keyedList[T], request PageRequest) (Page[T], error) {
	limit, err := request.limit()
	if err != nil {
		return Page[T]{}, err
	}
	position, err := s.position(list.name, request.Cursor)
	if err != nil {
		return Page[T]{}, err
	}
	after := list.first
	if position != "" {
		after = int64(binary.BigEndian.Uint64([]byte(position)))
	}
	found, err := readValue(ctx, s, func(t *transaction) ([]*T, error) {
		return collect(t, list.scan, list.query, list.app, after, limit+1)
	})
	if err != nil {
		return Page[T]{}, err
	}
	page := Page[T]{Items: make([]T, 0, min(len(found), limit))}
	for _, item := range found[:min(len(found), limit)] {
		page.Items = append(page.Items, *item)
	}
	if len(found) > limit {
		key, _, _ := splitID(list.id(found[limit-1]))
		page.NextCursor = s.cursor(list.name, string(binary.BigEndian.AppendUint64(nil, uint64(key))))
	}
	return page, nil
}

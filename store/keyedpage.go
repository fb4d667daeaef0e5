package store

import (
	"context"
	"encoding/binary"
	"errors"

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
	// bytes is about what an item holds: a page ends early after maxPageBytes.
	// nil for items that are always short.
	bytes func(*T) int
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
	page, more, err := list.read(ctx, s, after, limit)
	if err != nil {
		return Page[T]{}, err
	}
	if more {
		key, _, _ := splitID(list.id(&page.Items[len(page.Items)-1]))
		page.NextCursor = s.cursor(list.name, string(binary.BigEndian.AppendUint64(nil, uint64(key))))
	}
	return page, nil
}

// read reads a page, which says whether there are more behind it.
func (l *keyedList[T]) read(ctx context.Context, s *Store, after int64, limit int) (page Page[T], more bool, err error) {
	page.Items = []T{}
	size := 0
	err = s.read(ctx, func(t *transaction) error {
		err := t.each(func(r row) error {
			if more = len(page.Items) == limit || size > maxPageBytes; more {
				return errEnough
			}
			item, err := l.scan(r)
			if l.bytes != nil {
				size += l.bytes(&item)
			}
			page.Items = append(page.Items, item)
			return err
		}, l.query, l.app, after, limit+1)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return page, more, err
}

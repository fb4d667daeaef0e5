package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"sort"
)

const (
	defaultPageLimit = 50
	maxPageLimit     = 200
	cursorSignature  = 8 // bytes
)

// PageRequest asks for a page; Limit 0 means 50, at most 200; Cursor is what
// the page before gave, opaque to callers. A bad one is KindInvalid.
type PageRequest struct {
	Limit  int
	Cursor string
}

// Page is one page of a list. It may be short, even empty, and still have a
// next one.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"` // asks for the next page; not there on the last
}

// limit returns the number of items to give.
func (p PageRequest) limit() (int, error) {
	switch {
	case p.Limit == 0:
		return defaultPageLimit, nil
	case p.Limit < 0 || p.Limit > maxPageLimit:
		return 0, Errorf(KindInvalid, "invalid_limit", "limit must be between 1 and %d", maxPageLimit)
	default:
		return p.Limit, nil
	}
}

// cursor makes the opaque form of a position in a list. The signature ties it
// to this instance and to one list with its filter; it is no secret, it only
// turns a changed or foreign cursor into an error instead of a wrong page.
func (s *Store) cursor(list, position string) string {
	return base64.RawURLEncoding.EncodeToString(append(s.signCursor(list, position), position...))
}

// position reads a cursor; "" is the beginning of the list.
func (s *Store) position(list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	// Strict: otherwise several spellings would stand for the same bytes.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorSignature {
		return "", badCursor()
	}
	position := string(raw[cursorSignature:])
	if !hmac.Equal(raw[:cursorSignature], s.signCursor(list, position)) {
		return "", badCursor()
	}
	return position, nil
}

func badCursor() error {
	return Errorf(KindInvalid, "invalid_cursor", "the cursor is not one that this list gave; begin without one")
}

func (s *Store) signCursor(list, position string) []byte {
	mac := hmac.New(sha256.New, s.instance[:])
	mac.Write([]byte(list + "\x00" + position)) // a hash's Write never fails
	return mac.Sum(nil)[:cursorSignature]
}

// pageOf cuts a page out of all, which is in ascending order of at.
func pageOf[T any](s *Store, list string, request PageRequest, all []*T, at func(*T) string) (Page[T], error) {
	limit, err := request.limit()
	if err != nil {
		return Page[T]{}, err
	}
	after, err := s.position(list, request.Cursor)
	if err != nil {
		return Page[T]{}, err
	}
	begin := 0
	if after != "" {
		begin = sort.Search(len(all), func(i int) bool { return at(all[i]) > after })
	}
	end := min(begin+limit, len(all))
	page := Page[T]{Items: make([]T, 0, end-begin)}
	for _, item := range all[begin:end] {
		page.Items = append(page.Items, *item)
	}
	if end < len(all) {
		page.NextCursor = s.cursor(list, at(all[end-1]))
	}
	return page, nil
}

package store

import (
	"fmt"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	for i := range 25 {
		testApp(t, s, fmt.Sprintf("app-%02d", i))
	}
	var slugs []string
	request := PageRequest{Limit: 10}
	var cursors []string
	for {
		page := must[Page[App]](t)(s.Apps(t.Context(), nil, request))
		for _, a := range page.Items {
			slugs = append(slugs, a.Slug)
		}
		if request.Cursor = page.NextCursor; request.Cursor == "" {
			break
		}
		cursors = append(cursors, request.Cursor)
	}
	if len(slugs) != 25 || len(cursors) != 2 || slugs[0] != "app-00" || slugs[24] != "app-24" {
		t.Errorf("%d apps on %d pages: %v", len(slugs), len(cursors)+1, slugs)
	}
	for _, limit := range []int{-1, 201} {
		_, err := s.Apps(t.Context(), nil, PageRequest{Limit: limit})
		wantCode(t, err, KindInvalid, "invalid_limit")
	}
	cursor := cursors[0]
	bad := []string{"x", "!!!", cursor + "A", cursor[:len(cursor)-1], cursor[:8]}
	// The last letter carries bits that stand for nothing; those count too.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(cursor) - 1
	bad = append(bad, cursor[:end]+string(alphabet[strings.IndexByte(alphabet, cursor[end])^1]))
	for i := range cursor {
		other := byte('A')
		if cursor[i] == other {
			other = 'B'
		}
		bad = append(bad, cursor[:i]+string(other)+cursor[i+1:])
	}
	for _, c := range bad {
		_, err := s.Apps(t.Context(), nil, PageRequest{Cursor: c})
		wantCode(t, err, KindInvalid, "invalid_cursor")
	}
	_, err := s.Scripts(t.Context(), ScriptFilter{}, PageRequest{Cursor: cursor})
	wantCode(t, err, KindInvalid, "invalid_cursor")
	_, err = newTestStore(t).Apps(t.Context(), nil, PageRequest{Cursor: cursor})
	wantCode(t, err, KindInvalid, "invalid_cursor")
}

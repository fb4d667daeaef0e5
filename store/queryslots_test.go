package store

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
)

// One app's queries never hold what other apps need, and who gives up waiting
// leaves nothing behind.
func TestQueriesOfOneAppLeaveASlotToOthers(t *testing.T) {
	t.Parallel()
	q := newQuerySlots()
	busy, other, third := uuid.New(), uuid.New(), uuid.New()
	gone, giveUp := context.WithCancel(t.Context())
	giveUp()
	var leaves []func()
	for range appReaders {
		leaves = append(leaves, must[func()](t)(q.enter(t.Context(), busy)))
	}
	if _, err := q.enter(gone, busy); !errors.Is(err, context.Canceled) {
		t.Errorf("one app got more than %d slots: %v", appReaders, err)
	}
	leaves = append(leaves, must[func()](t)(q.enter(t.Context(), other))) // at once
	if _, err := q.enter(gone, third); !errors.Is(err, context.Canceled) {
		t.Errorf("more than %d queries read at once: %v", documentReaders, err)
	}
	for _, leave := range leaves {
		leave()
	}
	if len(q.apps) != 0 || len(q.all) != 0 {
		t.Errorf("%d apps and %d slots are left", len(q.apps), len(q.all))
	}
}

package scheduler

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"picloud/store"
)

func TestJanitorRemovesExpiredSessions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var now atomic.Pointer[time.Time]
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now.Store(&start)
	db, err := store.Open(ctx, store.Config{
		Dir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return *now.Load() }, OnFatal: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	owner, err := db.CreateFirstOwner(ctx, "ada", "hash")
	if err != nil {
		t.Fatal(err)
	}
	for i, life := range []time.Duration{time.Hour, 3 * time.Hour} {
		err := db.StartSession(ctx, store.Session{
			TokenHash: sha256.Sum256([]byte{byte(i)}), UserID: owner.ID,
			CreatedAt: store.TimeOf(start), ExpiresAt: store.TimeOf(start.Add(life)),
		}, "hash")
		if err != nil {
			t.Fatal(err)
		}
	}
	later := start.Add(2 * time.Hour)
	now.Store(&later)
	for _, j := range janitorJobs(db) {
		if err := j.run(ctx); err != nil {
			t.Errorf("%s: %v", j.name, err)
		}
	}
	if left, err := db.DeleteExpiredSessions(ctx); left != 0 || err != nil {
		t.Errorf("the janitor left %d expired sessions: %v", left, err)
	}
	if _, _, err := db.SessionUser(ctx, sha256.Sum256([]byte{1})); err != nil {
		t.Errorf("a live session is gone: %v", err)
	}
}

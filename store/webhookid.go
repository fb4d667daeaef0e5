package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"
)

const upsertWebhookID = "INSERT INTO webhook_ids (app_id, id_hash, expires_at) VALUES (?, ?, ?)" +
	" ON CONFLICT (app_id, id_hash) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?"

// hashOf stands for a sender's id, which may be long and is not needed again.
func hashOf(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:16]
}

// FirstWebhook reports whether an app sees an id for the first time within ttl,
// and remembers it, durably, if so. A repeat costs no write.
func (s *Store) FirstWebhook(ctx context.Context, app uuid.UUID, id string, ttl time.Duration) (bool, error) {
	hash := hashOf(id)
	known, err := readValue(ctx, s, func(t *transaction) (int64, error) {
		return t.count("SELECT EXISTS (SELECT 1 FROM webhook_ids WHERE app_id = ? AND id_hash = ? AND expires_at > ?)", app, hash, t.at)
	})
	if err != nil || known == 1 {
		return false, err
	}
	return write(because(ctx, CauseEvents), s, true, func(t *transaction) (bool, error) {
		n, err := t.exec(upsertWebhookID, app, hash, t.at+Time(ttl.Milliseconds()), t.at)
		return n == 1, err
	})
}

package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// remembered is one of the tables of what webhooks have brought: its rows
// belong to an owner, expire, and are bounded in number. Those that expire
// first go first.
type remembered struct {
	most                    int
	boundary, expired, drop string
}

var (
	rememberedIDs = remembered{
		most:     100_000,
		boundary: "SELECT expires_at FROM webhook_ids WHERE app_id = ? ORDER BY expires_at DESC LIMIT 1 OFFSET ?",
		expired:  "SELECT EXISTS (SELECT 1 FROM webhook_ids WHERE app_id = ? AND expires_at <= ?)",
		drop: "DELETE FROM webhook_ids WHERE app_id = ?1 AND id_hash IN" +
			" (SELECT id_hash FROM webhook_ids WHERE app_id = ?1 AND expires_at <= ?2 LIMIT ?3)",
	}
	rememberedAnswers = remembered{
		most:     10_000,
		boundary: "SELECT expires_at FROM webhook_answers WHERE route_id = ? ORDER BY expires_at DESC LIMIT 1 OFFSET ?",
		expired:  "SELECT EXISTS (SELECT 1 FROM webhook_answers WHERE route_id = ? AND expires_at <= ?)",
		drop: "DELETE FROM webhook_answers WHERE number IN" +
			" (SELECT number FROM webhook_answers WHERE route_id = ?1 AND expires_at <= ?2 LIMIT ?3)",
	}
)

// TrimWebhooks is the janitor's: it drops what has expired, and the surplus of
// an app or route that has too much, in small steps. It writes nothing when
// there is none.
func (s *Store) TrimWebhooks(ctx context.Context) error {
	catalog := s.Catalog()
	for app := range catalog.Apps {
		if err := s.trimRemembered(ctx, rememberedIDs, app); err != nil {
			return fmt.Errorf("trimming webhook ids: %w", err)
		}
	}
	for _, route := range catalog.Routes {
		if err := s.trimRemembered(ctx, rememberedAnswers, route.ID); err != nil {
			return fmt.Errorf("trimming webhook answers: %w", err)
		}
	}
	return nil
}

func (s *Store) trimRemembered(ctx context.Context, what remembered, owner uuid.UUID) error {
	for {
		more, err := readValue(ctx, s, func(t *transaction) (int64, error) {
			until, err := what.until(t, owner)
			if err != nil {
				return 0, err
			}
			return t.count(what.expired, owner, until)
		})
		if err != nil || more == 0 {
			return err
		}
		err = s.writer.do(ctx, &operation{frees: true, fn: func(t *transaction) error { return what.trim(t, owner) }})
		if err != nil {
			return err
		}
	}
}

// until is the moment up to which an owner's rows go: now, or later when the
// owner has too many.
func (r remembered) until(t *transaction, owner uuid.UUID) (Time, error) {
	found, err := t.first(r.boundary, owner, r.most)
	if errors.Is(err, errNoRow) {
		return t.at, nil
	}
	if err != nil {
		return 0, err
	}
	return max(t.at, found.time(0)), nil
}

// trim drops one step of an owner's rows.
func (r remembered) trim(t *transaction, owner uuid.UUID) error {
	until, err := r.until(t, owner)
	if err != nil {
		return err
	}
	_, err = t.exec(r.drop, owner, until, trimRows)
	return err
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// WebhookAnswer is what the first delivery of an id was answered. It is given
// again, byte by byte, to its repeats, so it is sealed rather than masked: a
// script may have answered with a secret.
type WebhookAnswer struct {
	Status int           `json:"status"`
	Header []HeaderField `json:"header"`
	Body   []byte        `json:"body"`
}

const (
	// maxAnswerBytes is the longest body that is kept. Senders look at the status.
	maxAnswerBytes = 64 << 10
	// trimAnswersEvery is after how many answers a route's surplus is dropped:
	// the look at it walks over all of the route's, which one write need not pay.
	trimAnswersEvery = 64

	upsertAnswer = "INSERT INTO webhook_answers (route_id, id_hash, expires_at, sealed) VALUES (?, ?, ?, ?)" +
		" ON CONFLICT (route_id, id_hash) DO UPDATE SET expires_at = excluded.expires_at, sealed = excluded.sealed"
	selectAnswer = "SELECT sealed FROM webhook_answers WHERE route_id = ? AND id_hash = ? AND expires_at > ?"
)

// WebhookAnswer returns what a route has answered to the delivery of that id,
// nil when none is remembered.
func (s *Store) WebhookAnswer(ctx context.Context, route uuid.UUID, id string) (*WebhookAnswer, error) {
	hash := hashOf(id)
	sealed, err := readValue(ctx, s, func(t *transaction) ([]byte, error) {
		r, err := t.first(selectAnswer, route, hash, t.at)
		if errors.Is(err, errNoRow) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return r.blob(0), nil
	})
	if err != nil || sealed == nil {
		return nil, err
	}
	text, err := s.answers.open(sealed, answerPlace(route, hash))
	if err != nil {
		return nil, internalError("opening a webhook's stored answer", err)
	}
	var answer WebhookAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, internalError("reading a webhook's stored answer", err)
	}
	return &answer, nil
}

// RememberWebhook keeps the answer to a delivery for ttl; when it returns, the
// card has it. Of a body over 64 KiB the status and headers are kept. A route
// that has gone meanwhile remembers nothing.
func (s *Store) RememberWebhook(ctx context.Context, route uuid.UUID, id string, answer WebhookAnswer, ttl time.Duration) error {
	if len(answer.Body) > maxAnswerBytes {
		answer.Body = nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("writing a webhook's answer: %w", err)
	}
	hash := hashOf(id)
	sealed := s.answers.seal(text, answerPlace(route, hash))
	return s.change(because(ctx, CauseEvents), func(t *transaction) error {
		there, err := t.count("SELECT EXISTS (SELECT 1 FROM routes WHERE id = ?)", route)
		if err != nil || there == 0 {
			return err
		}
		if _, err := t.exec(upsertAnswer, route, hash, t.at+Time(ttl.Milliseconds()), sealed); err != nil {
			return err
		}
		number, err := t.count("SELECT last_insert_rowid()")
		if err != nil || number%trimAnswersEvery != 0 {
			return err
		}
		return rememberedAnswers.trim(t, route)
	})
}

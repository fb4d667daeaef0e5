package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	maxTopicBytes = 512 // as a key's
	// MaxPayloadBytes is the most that a topic's payload may have as JSON.
	MaxPayloadBytes = 256 << 10
	maxDedupeBytes  = 512
	// MaxDelay is the longest delay of a published topic.
	MaxDelay = 365 * 24 * time.Hour
	// dedupeFor is how long a dedupe key is remembered (spec 3).
	dedupeFor = 24 * time.Hour
)

// TopicPublication is one call of topics.publish. Payload is JSON of up to
// 256 KiB; Delay is 0 to MaxDelay. A Dedupe key that was seen on the topic
// within 24 h is not queued again; "" means none.
type TopicPublication struct {
	App     uuid.UUID
	Topic   string
	Payload []byte
	Delay   time.Duration
	Dedupe  string
	Origin  Origin
}

type topicEvent struct {
	Topic   string          `json:"topic"`
	Payload json.RawMessage `json:"payload"`
}

// PublishTopic queues the payload for each topic trigger of the app whose
// filter matches, and returns the event's id (of the first one, for a repeated
// dedupe key). KindInvalid "invalid_topic", "invalid_payload", "invalid_delay"
// or "invalid_dedupe"; limit "outbox_full".
func (s *Store) PublishTopic(ctx context.Context, p TopicPublication) (uuid.UUID, error) {
	if err := p.check(); err != nil {
		return uuid.Nil, err
	}
	return write(ctx, s, true, func(t *transaction) (uuid.UUID, error) { return s.publishTopic(t, p) })
}

func (s *Store) publishTopic(t *transaction, p TopicPublication) (uuid.UUID, error) {
	id := s.newID()
	if p.Dedupe != "" {
		if first, err := t.dedupe(p, id); err != nil || first != id {
			return first, err
		}
	}
	event := newEvent{id: id, app: p.App, kind: string(TriggerTopic), depth: p.Origin.Depth + 1, wait: p.Delay}
	for _, trigger := range s.Catalog().triggersOf(p.App, TriggerTopic, "") {
		if !matchTopic(trigger.Topic.Filter, p.Topic) {
			continue
		}
		if event.data == nil {
			data, err := json.Marshal(topicEvent{Topic: p.Topic, Payload: p.Payload})
			if err != nil {
				return uuid.Nil, err
			}
			event.data = data
		}
		if err := s.putEvent(t, event, trigger); err != nil {
			return uuid.Nil, err
		}
	}
	return id, nil
}

func (p *TopicPublication) check() error {
	if err := checkTopic(p.Topic); err != nil {
		return err
	}
	switch {
	case len(p.Payload) > MaxPayloadBytes:
		return Errorf(KindInvalid, "invalid_payload", "a topic's payload may have %d bytes as JSON; this one has %d", MaxPayloadBytes, len(p.Payload))
	case !json.Valid(p.Payload):
		return Errorf(KindInvalid, "invalid_payload", "a topic's payload must be JSON")
	case p.Delay < 0 || p.Delay > MaxDelay:
		return Errorf(KindInvalid, "invalid_delay", "a delay is 0 to %d seconds", int64(MaxDelay.Seconds()))
	case len(p.Dedupe) > maxDedupeBytes || !utf8.ValidString(p.Dedupe):
		return Errorf(KindInvalid, "invalid_dedupe", "a dedupe key is text of at most %d bytes", maxDedupeBytes)
	}
	return nil
}

// dedupe notes that the publication's key was seen and returns the id of the
// first event that bore it within 24 h: id itself when there was none.
func (t *transaction) dedupe(p TopicPublication, id uuid.UUID) (uuid.UUID, error) {
	sum := sha256.Sum256([]byte(p.Topic + "\x00" + p.Dedupe))
	hash := sum[:16]
	since := t.oldestDedupe()
	// A time in the future was written by a clock that was wrong.
	r, err := t.first("SELECT event_id FROM topic_dedupe WHERE app_id = ? AND hash = ? AND seen_at BETWEEN ? AND ?", p.App, hash, since, t.at)
	if err == nil {
		return r.id(0), nil
	}
	if !errors.Is(err, errNoRow) {
		return uuid.Nil, err
	}
	_, err = t.exec("INSERT OR REPLACE INTO topic_dedupe (app_id, hash, event_id, seen_at) VALUES (?, ?, ?, ?)", p.App, hash, id, t.at)
	return id, err
}

// dedupeStep is how many dedupe keys are looked at and forgotten at once, and
// with it how long others wait for that.
const dedupeStep = 1000

// dedupeSpan is a part of the dedupe keys: those behind one and up to another,
// each the app's id and the hash.
type dedupeSpan struct {
	after, last [2][]byte
	rows        int
	old         bool // some of them are to be forgotten
}

// DeleteOldDedupeKeys forgets the keys that were seen more than 24 h ago, a
// step at a time.
func (s *Store) DeleteOldDedupeKeys(ctx context.Context) error {
	lowest := []byte{0} // below all ids
	for span := (dedupeSpan{last: [2][]byte{lowest, lowest}, rows: dedupeStep}); span.rows == dedupeStep; {
		var err error
		after := span.last
		if span, err = readValue(ctx, s, func(t *transaction) (dedupeSpan, error) { return nextDedupeSpan(t, after) }); err != nil {
			return err
		}
		if !span.old {
			continue
		}
		err = s.writer.do(ctx, &operation{frees: true, fn: func(t *transaction) error {
			_, err := t.exec("DELETE FROM topic_dedupe WHERE (app_id, hash) > (?, ?) AND (app_id, hash) <= (?, ?) AND seen_at < ?",
				span.after[0], span.after[1], span.last[0], span.last[1], t.oldestDedupe())
			return err
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

func nextDedupeSpan(t *transaction, after [2][]byte) (dedupeSpan, error) {
	span := dedupeSpan{after: after}
	err := t.each(func(r row) error {
		span.last, span.rows = [2][]byte{r.blob(0), r.blob(1)}, span.rows+1
		span.old = span.old || r.time(2) < t.oldestDedupe()
		return nil
	}, "SELECT app_id, hash, seen_at FROM topic_dedupe WHERE (app_id, hash) > (?, ?) ORDER BY app_id, hash LIMIT ?", after[0], after[1], dedupeStep)
	return span, err
}

// oldestDedupe is since when a key must have been seen to count.
func (t *transaction) oldestDedupe() Time { return TimeOf(t.at.Time().Add(-dedupeFor)) }

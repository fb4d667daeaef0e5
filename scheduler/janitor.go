package scheduler

import (
	"context"
	"fmt"
	"time"

	"picloud/store"
)

// The janitor's pace. Nothing depends on it for correctness: an expired
// session is refused whether its row is there or not, and the log's bounds may
// be passed for an hour. The first round waits until the start is over, but
// not an hour, for a machine that is switched off often.
const (
	janitorFirst = 2 * time.Minute
	janitorEvery = time.Hour
)

// janitorJobs are the jobs that remove what has expired.
func janitorJobs(s *store.Store) []job {
	return []job{
		{"expired sessions", janitorFirst, janitorEvery, func(ctx context.Context) error {
			if _, err := s.DeleteExpiredSessions(ctx); err != nil {
				return fmt.Errorf("delete expired sessions: %w", err)
			}
			return nil
		}},
		{"old dedupe keys", janitorFirst, janitorEvery, func(ctx context.Context) error {
			if err := s.DeleteOldDedupeKeys(ctx); err != nil {
				return fmt.Errorf("delete old dedupe keys: %w", err)
			}
			return nil
		}},
		{"log retention", janitorFirst, janitorEvery, func(ctx context.Context) error {
			if err := s.RunRetention(ctx); err != nil {
				return fmt.Errorf("trim the execution log: %w", err)
			}
			return nil
		}},
		{"remembered webhooks", janitorFirst, janitorEvery, s.TrimWebhooks},
	}
}

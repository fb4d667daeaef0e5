package store

import (
	"context"
	"errors"
	"math"

	"github.com/google/uuid"
)

// AbandonedExecution is a run that ended after its caller had gone.
type AbandonedExecution struct {
	ExecutionID uuid.UUID `json:"execution_id"`
	AppID       uuid.UUID `json:"app_id"`
	ScriptID    uuid.UUID `json:"script_id"`
	RequestID   string    `json:"request_id"`
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	StatusCode  int       `json:"status_code"` // of the answer that nobody took
	DurationMS  float64   `json:"duration_ms"`
	AbandonedAt Time      `json:"abandoned_at"`
}

// maxAbandoned is how many an app keeps; past it the oldest go.
const maxAbandoned = 1000

func scanAbandoned(r row) (AbandonedExecution, error) {
	took, _ := r[8].(float64)
	return AbandonedExecution{ExecutionID: joinID(r.integer(0), r.integer(1)), AppID: r.id(2), ScriptID: r.id(3), RequestID: r.text(4),
		Method: r.text(5), Path: r.text(6), StatusCode: int(r.integer(7)), DurationMS: took, AbandonedAt: r.time(9)}, nil
}

// RecordAbandoned keeps a note of a run whose caller had gone. It is relaxed:
// the note may be lost with the power within a second.
func (s *Store) RecordAbandoned(ctx context.Context, a AbandonedExecution) error {
	return s.relax(ctx, func(t *transaction) error {
		key, rest, _ := splitID(a.ExecutionID)
		_, err := t.exec("INSERT OR REPLACE INTO abandoned_executions (key, rest, app_id, script_id, request_id, method, path, status_code, duration_ms,"+
			" abandoned_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", key, rest, a.AppID, a.ScriptID, a.RequestID, a.Method, a.Path, a.StatusCode,
			a.DurationMS, t.at)
		if err != nil {
			return err
		}
		oldest, err := t.count("SELECT key FROM abandoned_executions WHERE app_id = ? ORDER BY key DESC LIMIT 1 OFFSET ?", a.AppID, maxAbandoned)
		if errors.Is(err, errNoRow) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM abandoned_executions WHERE app_id = ? AND key <= ?", a.AppID, oldest)
		return err
	})
}

// AbandonedExecutions lists an app's abandoned executions, newest first.
func (s *Store) AbandonedExecutions(ctx context.Context, app uuid.UUID, request PageRequest) (Page[AbandonedExecution], error) {
	return keyedPage(ctx, s, keyedList[AbandonedExecution]{
		name: "abandoned executions " + app.String(), app: app, scan: scanAbandoned, first: math.MaxInt64,
		id: func(a *AbandonedExecution) uuid.UUID { return a.ExecutionID },
		query: "SELECT key, rest, app_id, script_id, request_id, method, path, status_code, duration_ms, abandoned_at FROM abandoned_executions" +
			" WHERE app_id = ? AND key < ? ORDER BY key DESC LIMIT ?",
	}, request)
}

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// trimRows is what one step deletes: enough that a page full of rows goes
	// at once, few enough that no write waits long behind it.
	trimRows = 1000
	// sparseBatch: a batch is written anew when it holds less than this part of
	// the records it was made with.
	sparseBatch = 4
)

// retention bounds the execution log by age and by rows per script.
type retention struct {
	rows int
	age  time.Duration

	mutex  sync.Mutex
	counts map[int64]int64 // rows by source; nil until first needed
}

// slack is how far over its rows a script may go before a tick trims it, so
// that each trim is worth its writes. RunRetention leaves no slack.
func (r *retention) slack() int64 { return int64(max(r.rows/4, 64)) }

// addRows counts what was written.
func (r *retention) addRows(rows []flushRow) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.counts == nil {
		return
	}
	for i := range rows {
		r.counts[rows[i].source.number]++
	}
}

// remove counts what was deleted, by the source of each row.
func (r *retention) remove(sources []int64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.counts == nil {
		return
	}
	for _, source := range sources {
		r.counts[source]--
	}
}

// longest returns the source that is furthest over its rows.
func (r *retention) longest(slack int64) (source int64, found bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	most := int64(r.rows) + slack
	for each, n := range r.counts {
		if n > most {
			source, most, found = each, n, true
		}
	}
	return source, found
}

// RunRetention trims the execution log by age and by rows per script, in small
// steps, until nothing is over its bounds.
func (s *Store) RunRetention(ctx context.Context) error {
	for {
		aged, err := s.trimAge(ctx)
		if err != nil {
			return err
		}
		long, err := s.trimLongest(ctx, 0)
		if err != nil {
			return err
		}
		if !aged && !long {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// countSources reads the rows per source once; flushes and trims keep them.
// It holds the flush's turn, so that no row is counted twice or not at all.
func (s *Store) countSources(ctx context.Context) error {
	r := &s.log.retention
	r.mutex.Lock()
	known := r.counts != nil
	r.mutex.Unlock()
	if known {
		return nil
	}
	s.log.turn <- struct{}{}
	defer func() { <-s.log.turn }()
	counts := make(map[int64]int64)
	err := s.read(ctx, func(t *transaction) error {
		return t.each(func(r row) error {
			counts[r.integer(0)] = r.integer(1)
			return nil
		}, "SELECT source, count(*) FROM executions GROUP BY source")
	})
	if err != nil {
		return fmt.Errorf("counting the execution log: %w", err)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.counts = counts
	return nil
}

// trimAge deletes one step of the oldest rows; true when more may follow. It
// writes nothing when there are none.
func (s *Store) trimAge(ctx context.Context) (bool, error) {
	limit := firstKeyAt(TimeOf(s.config.Now().Add(-s.log.retention.age)))
	old, err := readValue(ctx, s, func(t *transaction) (int64, error) {
		return t.count("SELECT EXISTS (SELECT 1 FROM executions WHERE key < ?)", limit)
	})
	if err != nil || old == 0 {
		return false, err
	}
	return s.trim(ctx, "DELETE FROM executions WHERE key IN"+
		" (SELECT key FROM executions WHERE key < ? ORDER BY key LIMIT ?) RETURNING source, batch", limit, trimRows)
}

// trimLongest deletes one step of the oldest rows of the script that has most
// over its bound and slack.
func (s *Store) trimLongest(ctx context.Context, slack int64) (bool, error) {
	if s.log.written.Load() == 0 && slack > 0 {
		return false, nil // nothing came since the start
	}
	if err := s.countSources(ctx); err != nil {
		return false, err
	}
	source, found := s.log.retention.longest(slack)
	if !found {
		return false, nil
	}
	// The walk to the last row to keep is a reader's, not the writer's.
	keep, err := readValue(ctx, s, func(t *transaction) (int64, error) {
		return t.count("SELECT key FROM executions WHERE source = ? ORDER BY key DESC LIMIT 1 OFFSET ?", source, s.log.retention.rows-1)
	})
	if errors.Is(err, errNoRow) {
		err = nil
	}
	if err != nil {
		return false, err
	}
	return s.trim(ctx, "DELETE FROM executions WHERE key IN"+
		" (SELECT key FROM executions WHERE source = ? AND key < ? ORDER BY key LIMIT ?) RETURNING source, batch", source, keep, trimRows)
}

// trim runs a DELETE that returns source and batch, and tidies the batches.
func (s *Store) trim(ctx context.Context, query string, arguments ...any) (bool, error) {
	var sources, batches []int64
	// Not ctx: the counts must follow whatever the writer does.
	err := s.writer.do(context.Background(), &operation{frees: true, fn: func(t *transaction) error {
		t.wrote = true
		err := t.each(func(r row) error {
			sources, batches = append(sources, r.integer(0)), append(batches, r.integer(1))
			return nil
		}, query, arguments...)
		if err != nil {
			return err
		}
		slices.Sort(batches)
		for _, batch := range slices.Compact(slices.Clone(batches)) {
			if err := s.log.tidyBatch(t, batch); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return false, fmt.Errorf("trimming the execution log: %w", err)
	}
	s.log.retention.remove(sources)
	return len(sources) > 0, ctx.Err()
}

// tidyBatch deletes a batch that no row refers to, and writes one anew that
// few rows refer to: one slow script must not keep the space of all the records
// that were flushed together with its own.
func (l *executionLog) tidyBatch(t *transaction, id int64) error {
	r, err := t.first("SELECT first_key, last_key, records FROM execution_batches WHERE id = ?", id)
	if errors.Is(err, errNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	live := make(map[int64]bool)
	err = t.each(func(r row) error {
		live[r.integer(0)] = true
		return nil
	}, "SELECT key FROM executions WHERE key BETWEEN ? AND ? AND batch = ?", r.integer(0), r.integer(1), id)
	switch {
	case err != nil:
		return err
	case len(live) == 0:
		_, err = t.exec("DELETE FROM execution_batches WHERE id = ?", id)
		return err
	case int64(len(live))*sparseBatch <= r.integer(2):
		return rewriteBatch(t, id, live)
	}
	return nil
}

func rewriteBatch(t *transaction, id int64, live map[int64]bool) error {
	r, err := t.first("SELECT data FROM execution_batches WHERE id = ?", id)
	if err != nil {
		return err
	}
	var encoder batchEncoder
	encoder.reset()
	err = unpackBatch(r.blob(0), func(key int64, x *Execution) error {
		if live[key] {
			encoder.add(key, x)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// deflate's own writer: the flush may be using the log's at this moment.
	data := append(encoder.start(), deflate(string(encoder.buffer))...)
	_, err = t.exec("UPDATE execution_batches SET records = ?, data = ? WHERE id = ?", len(live), data, id)
	return err
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
)

// promises are what a crashed process had told its callers.
type promises struct {
	kept    map[step]bool // acknowledged and durable: must be there
	refused map[step]bool // failed with storage_full: must not be there
	// gapless says that a worker's steps were acknowledged one after another, so
	// that none may be missing before one that is there.
	gapless bool
}

// checkCrashed opens what a crash has left and returns everything that is
// wrong with it; nil means that nothing is.
func checkCrashed(t testing.TB, dir string, p promises) error {
	t.Helper()
	ctx := context.Background()
	var fatal error
	s, err := Open(ctx, Config{Dir: dir, Logger: discard, Now: time.Now, OnFatal: func(err error) { fatal = err }})
	if err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	err = checkContent(ctx, s, p)
	if err == nil {
		_, err = s.CreateApp(ctx, AppDraft{Slug: "after-" + strconv.FormatInt(time.Now().UnixNano(), 36)})
	}
	return errors.Join(err, s.Close(ctx), fatal)
}

func checkContent(ctx context.Context, s *Store, p promises) error {
	if err := checkFile(ctx, s); err != nil {
		return err
	}
	users, err := s.HasUsers(ctx)
	if err != nil || !users {
		if len(p.kept) > 0 {
			err = errors.Join(err, errors.New("the first owner is gone"))
		}
		return err
	}
	picture, err := readPicture(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(picture.checkEvents(), picture.checkPromises(p), checkExecutions(ctx, s))
}

// checkFile asks SQLite whether the file is sound.
func checkFile(ctx context.Context, s *Store) error {
	return s.read(ctx, func(t *transaction) error {
		r, err := t.first("PRAGMA integrity_check")
		if err == nil && r.text(0) != "ok" {
			err = errors.New("integrity_check: " + r.text(0))
		}
		return errors.Join(err, t.each(func(r row) error {
			return fmt.Errorf("foreign_key_check: a row of %s refers to nothing", r.text(0))
		}, "PRAGMA foreign_key_check"))
	})
}

// picture is what a database holds of the load.
type picture struct {
	kv        map[string]map[string]int // by collection and key
	notes     map[string]int
	happened  map[step]bool
	fromTrace struct{ kv, notes map[string]int } // what the events alone lead to
}

func readPicture(ctx context.Context, s *Store) (*picture, error) {
	app := s.Catalog().AppBySlug("default").ID
	p := &picture{kv: map[string]map[string]int{loadWatched: {}, loadPlain: {}}, notes: map[string]int{}, happened: map[step]bool{}}
	p.fromTrace.kv, p.fromTrace.notes = map[string]int{}, map[string]int{}
	return p, s.read(ctx, func(t *transaction) error {
		return errors.Join(p.readEntries(t, app), p.readNotes(t, app), p.readEvents(t))
	})
}

func (p *picture) readEntries(t *transaction, app uuid.UUID) error {
	return t.each(func(r row) error {
		value, err := strconv.Atoi(string(r.blob(2)))
		p.kv[r.text(0)][r.text(1)] = value
		return err
	}, "SELECT c.name, e.key, e.value FROM kv_entries e JOIN collections c ON c.number = e.collection WHERE c.app_id = ?", app)
}

func (p *picture) readNotes(t *transaction, app uuid.UUID) error {
	return t.each(func(r row) error {
		p.notes[r.text(0)] = int(r.integer(1))
		return nil
	}, "SELECT d.id, d.data ->> 'n' FROM documents d JOIN collections c ON c.number = d.collection WHERE c.app_id = ?", app)
}

// readEvents repeats the changes that the outbox tells of, in their order.
func (p *picture) readEvents(t *transaction) error {
	return t.each(func(r row) error {
		if r.text(0) == kindDocs {
			var e struct {
				ID   string `json:"document_id"`
				Data struct{ N int }
			}
			err := json.Unmarshal(r.blob(1), &e)
			p.fromTrace.notes[e.ID] = e.Data.N
			return err
		}
		var e struct {
			Key, Op string
			Value   int
		}
		if err := json.Unmarshal(r.blob(1), &e); err != nil {
			return err
		}
		return p.readChange(e.Key, e.Op, e.Value)
	}, "SELECT kind, event FROM outbox ORDER BY key")
}

func (p *picture) readChange(key, op string, value int) error {
	var worker, number int
	if _, err := fmt.Sscanf(key, "%d", &worker); err != nil {
		return err
	}
	fmt.Sscanf(key, "%d-%d", &worker, &number) //nolint:errcheck // an updated entry's key has no number
	if op == opDelete {
		delete(p.fromTrace.kv, key)
		number += stepDelete - stepInsert
	} else {
		p.fromTrace.kv[key] = value
		number = value
	}
	p.happened[step{worker, number}] = true
	return nil
}

// checkEvents: the events lead to just the entries and documents that are
// there, so that there is neither an event without its change nor a change
// without its event.
func (p *picture) checkEvents() error {
	return errors.Join(
		sameContent("entries", p.kv[loadWatched], p.fromTrace.kv),
		sameContent("documents", p.notes, p.fromTrace.notes))
}

func sameContent(what string, stored, fromTrace map[string]int) (err error) {
	for key, value := range stored {
		if said, ok := fromTrace[key]; !ok || said != value {
			err = errors.Join(err, fmt.Errorf("%s: %s is %d without its event", what, key, value))
		}
	}
	for key := range fromTrace {
		if _, ok := stored[key]; !ok {
			err = errors.Join(err, fmt.Errorf("%s: an event tells of %s, which is not there", what, key))
		}
	}
	return err
}

// checkMany: of a transaction's writes all are there or none.
func (p *picture) checkMany() (err error) {
	for key, value := range p.kv[loadPlain] {
		var s step
		if _, bad := fmt.Sscanf(key, "%d-%d", &s.worker, &s.number); bad != nil || s.number != value {
			return fmt.Errorf("%s is %d: %w", key, value, bad)
		}
		watched, first := p.kv[loadWatched][key]
		note, second := p.notes[key]
		if s.kind() == stepMany && !(first && second && watched == value && note == value) {
			err = errors.Join(err, fmt.Errorf("half a transaction: %s", key))
		}
		p.happened[s] = true
	}
	for key := range p.notes {
		if _, ok := p.kv[loadPlain][key]; !ok {
			err = errors.Join(err, fmt.Errorf("half a transaction: only the document of %s", key))
		}
	}
	return err
}

func (p *picture) checkPromises(said promises) (err error) {
	if many := p.checkMany(); many != nil { // notes also which relaxed steps are there
		return many
	}
	newest := map[int]int{}
	for s := range p.happened {
		newest[s.worker] = max(newest[s.worker], s.number)
		if said.refused[s] {
			err = errors.Join(err, fmt.Errorf("step %v is there, but was refused", s))
		}
	}
	for s, kept := range said.kept {
		if kept && !p.happened[s] {
			err = errors.Join(err, fmt.Errorf("step %v was acknowledged and is lost", s))
		}
	}
	for worker := range newest {
		for number := 0; said.gapless && number < newest[worker]; number++ {
			if s := (step{worker, number}); !p.happened[s] {
				err = errors.Join(err, fmt.Errorf("step %v is missing before step %d", s, newest[worker]))
			}
		}
	}
	return err
}

// checkExecutions reads every record of the log.
func checkExecutions(ctx context.Context, s *Store) error {
	app := s.Catalog().AppBySlug("default").ID
	rows, err := readValue(ctx, s, func(t *transaction) (int64, error) { return t.count("SELECT count(*) FROM executions") })
	if err != nil {
		return err
	}
	var readable int64
	page := PageRequest{Limit: 100}
	for {
		found, err := s.Executions(ctx, ExecutionFilter{App: app}, page)
		if err != nil {
			return fmt.Errorf("reading the execution log: %w", err)
		}
		readable += int64(len(found.Items))
		if page.Cursor = found.NextCursor; page.Cursor == "" {
			break
		}
	}
	if readable != rows {
		return fmt.Errorf("%d of %d execution records can be read", readable, rows)
	}
	return nil
}

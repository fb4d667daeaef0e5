package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// crashLoad is the work during which the rigs cut the power or fail a file
// operation: from its own trace alone one can tell which steps a database holds.
type crashLoad struct {
	*Store
	app, script uuid.UUID
}

// step is one operation of one of the load's workers.
type step struct{ worker, number int }

func (s step) key() string { return fmt.Sprintf("%d-%d", s.worker, s.number) }

// The kinds of step follow each other in turn.
const (
	stepInsert   = iota // a durable entry that a trigger watches
	stepRelaxed         // a relaxed entry that none watches
	stepMany            // two entries and a document in one transaction
	stepUpdate          // one entry, again and again, watched
	stepDelete          // of what stepInsert made
	stepPromoted        // asks for a relaxed write, which its event makes durable
	stepKinds
)

func (s step) kind() int { return s.number % stepKinds }

// durable says that a power cut may not take the step once it was acknowledged.
func (s step) durable() bool { return s.kind() != stepRelaxed }

const (
	loadWatched = "watched"
	loadPlain   = "plain"
	loadNotes   = "notes"
)

// openLoad finds, or in a new database makes, what the steps need.
func openLoad(ctx context.Context, s *Store) (*crashLoad, error) {
	users, err := s.HasUsers(ctx)
	if err != nil {
		return nil, err
	}
	if !users {
		if _, err := s.CreateFirstOwner(ctx, "ada", "hash"); err != nil {
			return nil, err
		}
	}
	l := &crashLoad{Store: s, app: s.Catalog().AppBySlug("default").ID}
	if script := s.Catalog().ScriptByName(l.app, "handler"); script != nil {
		l.script = script.ID
	} else {
		made, err := s.CreateScript(ctx, l.app, ScriptDraft{Name: "handler", Source: "return 1"})
		if err != nil {
			return nil, err
		}
		l.script = made.ID
	}
	return l, errors.Join(l.listen(ctx, TriggerKV, loadWatched), l.listen(ctx, TriggerDocs, loadNotes))
}

func (l *crashLoad) listen(ctx context.Context, kind TriggerKind, collection string) error {
	if len(l.Catalog().triggersOf(l.app, kind, collection)) > 0 {
		return nil
	}
	return l.change(ctx, func(t *transaction) error {
		t.changedCatalog = true
		_, err := t.exec("INSERT INTO triggers (id, app_id, script_id, registered_by, kind, name, enabled, ordered, max_attempts, backoff,"+
			" base_ms, max_ms, rule, loops_stopped, created_at) SELECT ?, ?, ?, id, ?, ?, 1, 0, 5, 'exponential', 1000, 900000, ?, 0, ? FROM users",
			l.newID(), l.app, l.script, string(kind), collection, `{"collection":"`+collection+`"}`, t.at)
		return err
	})
}

// do makes one step and records an execution.
func (l *crashLoad) do(ctx context.Context, s step) error {
	err := l.write(ctx, s)
	e := testExecution(l.Store, l.script)
	e.AppID = l.app
	l.RecordExecution(e)
	return err
}

func (l *crashLoad) write(ctx context.Context, s step) error {
	value := json.RawMessage(strconv.Itoa(s.number))
	switch s.kind() {
	case stepInsert:
		return l.set(ctx, loadWatched, s.key(), KVWrite{Value: value})
	case stepRelaxed:
		return l.set(ctx, loadPlain, s.key(), KVWrite{Value: value, Relaxed: true})
	case stepUpdate:
		return l.set(ctx, loadWatched, strconv.Itoa(s.worker), KVWrite{Value: value})
	case stepDelete:
		inserted := step{s.worker, s.number - stepDelete + stepInsert}
		_, err := l.DeleteKV(ctx, KVKey{l.app, loadWatched, inserted.key()}, KVDeletion{})
		return err
	case stepPromoted:
		return l.set(ctx, loadWatched, s.key(), KVWrite{Value: value, Relaxed: true})
	default:
		return l.CommitData(ctx, DataCommit{App: l.app, Writes: []DataWrite{
			{DataKey: DataKey{DataKV, loadPlain, s.key()}, Value: value},
			{DataKey: DataKey{DataKV, loadWatched, s.key()}, Value: value},
			{DataKey: DataKey{DataDocs, loadNotes, s.key()}, Value: json.RawMessage(`{"n":` + string(value) + `}`)},
		}})
	}
}

func (l *crashLoad) set(ctx context.Context, collection, key string, draft KVWrite) error {
	_, err := l.SetKV(ctx, KVKey{l.app, collection, key}, draft)
	return err
}

// checkpoint moves the WAL into the database as the checkpointer does when it
// has grown, so that few steps see many beginnings of the WAL.
func (l *crashLoad) checkpoint() { l.checkpointer.pass() }

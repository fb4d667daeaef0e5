package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
)

// DataKind tells key-value entries from documents.
type DataKind string

// The kinds of data.
const (
	DataKV   DataKind = kindKV
	DataDocs DataKind = kindDocs
)

// DataKey names an entry or a document inside an app.
type DataKey struct {
	Kind            DataKind
	Collection, Key string
}

// DataRead is what a transaction saw under a key; Version 0 means nothing.
type DataRead struct {
	DataKey
	Version int64
}

// DataListing says that a transaction listed or searched a collection, after
// it had noted DataPosition. Any later change of that collection is a conflict:
// it may have added what the listing would have shown.
type DataListing struct {
	Kind       DataKind
	Collection string
	Position   uint64
}

// DataWrite is what a transaction leaves under a key. A nil Value deletes. TTL
// and ExpiresAt are for key-value entries; see KVWrite.
type DataWrite struct {
	DataKey
	Value     json.RawMessage
	TTL       time.Duration
	ExpiresAt *Time
}

// DataCommit is an optimistic transaction that wants to commit.
type DataCommit struct {
	App      uuid.UUID
	Reads    []DataRead
	Listings []DataListing
	Writes   []DataWrite // at most one for a key
	Origin   Origin
}

// DataPosition is what a DataListing compares with.
func (s *Store) DataPosition() uint64 { return s.data.changes.now() }

// CommitData checks that everything the transaction has read is as it was, and
// makes its writes, all as one operation. Otherwise nothing is written and the
// error is KindConflict "transaction_conflict".
func (s *Store) CommitData(ctx context.Context, commit DataCommit) error {
	if len(commit.Writes) == 0 {
		return s.read(ctx, func(t *transaction) error { return s.checkReads(t, &commit) })
	}
	return s.change(ctx, func(t *transaction) error {
		if err := s.checkReads(t, &commit); err != nil {
			return err
		}
		for _, w := range commit.Writes {
			if err := s.writeOne(t, &commit, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) checkReads(t *transaction, commit *DataCommit) error {
	for _, listing := range commit.Listings {
		name := collectionName{commit.App, string(listing.Kind), listing.Collection}
		// Operations of the same group before this one are not yet published.
		if s.data.changes.since(name, listing.Position) || publishes(t.published, name) {
			return transactionConflict()
		}
	}
	for _, read := range commit.Reads {
		version, err := currentVersion(t, commit.App, read.DataKey)
		if err != nil {
			return err
		}
		if version != read.Version {
			return transactionConflict()
		}
	}
	return nil
}

func transactionConflict() error {
	return Errorf(KindConflict, "transaction_conflict", "something that the transaction has read was changed meanwhile")
}

func publishes(published []publication, name collectionName) bool {
	for i := range published {
		p := &published[i]
		if p.key.Collection == name.name && p.kind == name.kind && p.key.App == name.app {
			return true
		}
	}
	return false
}

// currentVersion is the version of what is under a key, 0 when there is nothing.
func currentVersion(t *transaction, app uuid.UUID, key DataKey) (int64, error) {
	in, err := findCollection(t, collectionName{app, string(key.Kind), key.Collection})
	if err != nil {
		return 0, ignoreNoRow(err)
	}
	if key.Kind == DataDocs {
		stored, err := storedDocument(t, in, key.Key)
		return stored.current(), err
	}
	stored, err := storedEntry(t, in, KVKey{app, key.Collection, key.Key})
	return stored.current(), err
}

func (s *Store) writeOne(t *transaction, commit *DataCommit, w DataWrite) error {
	if w.Kind == DataDocs {
		return s.writeDocument(t, commit, w)
	}
	key := KVKey{commit.App, w.Collection, w.Key}
	if w.Value == nil {
		_, err := s.deleteKV(t, key, KVDeletion{Origin: commit.Origin})
		return err
	}
	draft := KVWrite{Value: w.Value, TTL: w.TTL, ExpiresAt: w.ExpiresAt, Origin: commit.Origin}
	if err := errors.Join(key.check(), draft.check()); err != nil {
		return err
	}
	_, err := s.setKV(t, key, draft)
	return err
}

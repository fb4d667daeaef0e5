package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
)

// InsertDocument stores a new document. Without an ID in key it gets a UUIDv7;
// one that is taken is a conflict "document_exists", whose details have its rev.
func (s *Store) InsertDocument(ctx context.Context, key DocumentKey, draft DocumentWrite) (*Document, error) {
	if key.ID == "" {
		key.ID = s.NewDocumentID()
	}
	if err := errors.Join(key.check(), checkDocument(draft.Data)); err != nil {
		return nil, err
	}
	return write(ctx, s, true, func(t *transaction) (*Document, error) {
		in, err := ensureCollection(t, key.collection())
		if err != nil {
			return nil, err
		}
		old, err := storedDocument(t, in, key.ID)
		if err != nil {
			return nil, err
		}
		if old != nil {
			return nil, &Error{Kind: KindConflict, Code: "document_exists", Details: map[string]any{"rev": old.Rev},
				Message: "a document with this id exists; replace it, or choose another id"}
		}
		return s.insertDocument(t, documentChange{key: key, in: in, origin: draft.Origin}, draft.Data)
	})
}

// NewDocumentID is the id that a new document gets: ids sort by age.
func (s *Store) NewDocumentID() string { return s.newID().String() }

// documentChange is what a change of one document is made to.
type documentChange struct {
	key    DocumentKey
	in     collection
	old    *storedDoc // nil: there is none
	origin Origin
}

func (s *Store) insertDocument(t *transaction, change documentChange, data json.RawMessage) (*Document, error) {
	document := &Document{ID: change.key.ID, Rev: change.in.floor + 1, Data: data, CreatedAt: t.at, UpdatedAt: t.at}
	_, err := t.exec(insertDocument, change.in.number, storedID(document.ID), document.Rev, document.CreatedAt, document.UpdatedAt, string(data))
	if err != nil {
		return nil, err
	}
	return document, s.changedDocument(t, change, opInsert, data)
}

// changedDocument tells the cache's counters and the triggers.
func (s *Store) changedDocument(t *transaction, change documentChange, op string, data json.RawMessage) error {
	key := change.key
	t.touch(Target{Kind: "document", Name: key.Collection, App: &key.App})
	t.published = append(t.published, publication{key: KVKey{key.App, key.Collection, key.ID}, kind: kindDocs})
	event := dataChange{kind: kindDocs, app: key.App, collection: key.Collection, key: key.ID, op: op, value: data, origin: change.origin}
	if change.old != nil {
		event.previous = change.old.Data
	}
	return s.emit(t, event)
}

// ReplaceDocument stores other data under the id of a document, or KindNotFound.
// Data that is already there costs no write.
func (s *Store) ReplaceDocument(ctx context.Context, key DocumentKey, draft DocumentWrite) (*Document, error) {
	return s.updateDocument(ctx, key, draft, func(*transaction, *storedDoc) (json.RawMessage, error) { return draft.Data, nil })
}

// PatchDocument changes a document by a JSON merge patch (RFC 7396), or KindNotFound.
func (s *Store) PatchDocument(ctx context.Context, key DocumentKey, draft DocumentWrite) (*Document, error) {
	return s.updateDocument(ctx, key, draft, func(t *transaction, old *storedDoc) (json.RawMessage, error) {
		r, err := t.first(mergeDocument, string(draft.Data), old.row)
		if err != nil {
			return nil, err
		}
		merged := json.RawMessage(r.text(0))
		return merged, checkDocument(merged)
	})
}

// MergeDocument returns what a JSON merge patch makes of a document's data.
func (s *Store) MergeDocument(ctx context.Context, data, changes json.RawMessage) (json.RawMessage, error) {
	if err := checkDocument(changes); err != nil {
		return nil, err
	}
	return readValue(ctx, s, func(t *transaction) (json.RawMessage, error) {
		r, err := t.first("SELECT json(jsonb_patch(jsonb(?), jsonb(?)))", string(data), string(changes))
		if err != nil {
			return nil, err
		}
		merged := json.RawMessage(r.text(0))
		return merged, checkDocument(merged)
	})
}

func (s *Store) updateDocument(ctx context.Context, key DocumentKey, draft DocumentWrite,
	changed func(*transaction, *storedDoc) (json.RawMessage, error)) (*Document, error) {
	if err := errors.Join(key.check(), checkDocument(draft.Data)); err != nil {
		return nil, err
	}
	return write(ctx, s, true, func(t *transaction) (*Document, error) {
		in, old, err := existingDocument(t, key)
		if err != nil {
			return nil, err
		}
		if err := checkVersion("rev", draft.IfRev, old.current()); err != nil {
			return nil, err
		}
		if old == nil {
			return nil, noSuch("document")
		}
		data, err := changed(t, old)
		if err != nil {
			return nil, err
		}
		return s.rewriteDocument(t, documentChange{key: key, in: in, old: old, origin: draft.Origin}, data)
	})
}

// existingDocument returns a document with its collection; nil when there is none.
func existingDocument(t *transaction, key DocumentKey) (collection, *storedDoc, error) {
	in, err := findCollection(t, key.collection())
	if err != nil {
		return in, nil, ignoreNoRow(err)
	}
	old, err := storedDocument(t, in, key.ID)
	return in, old, err
}

func (s *Store) rewriteDocument(t *transaction, change documentChange, data json.RawMessage) (*Document, error) {
	old := change.old
	if bytes.Equal(old.Data, data) {
		return &old.Document, nil
	}
	document := &Document{ID: old.ID, Rev: old.Rev + 1, Data: data, CreatedAt: old.CreatedAt, UpdatedAt: t.at}
	if _, err := t.exec(updateDocument, document.Rev, document.UpdatedAt, string(data), old.row); err != nil {
		return nil, err
	}
	return document, s.changedDocument(t, change, opUpdate, data)
}

// DocumentDeletion says how to delete a document; its fields are as in DocumentWrite.
type DocumentDeletion struct {
	IfRev  *int64
	Origin Origin
}

// DeleteDocument deletes a document and reports whether it was there.
func (s *Store) DeleteDocument(ctx context.Context, key DocumentKey, deletion DocumentDeletion) (bool, error) {
	if err := key.check(); err != nil {
		return false, err
	}
	return write(ctx, s, true, func(t *transaction) (bool, error) { return s.deleteDocument(t, key, deletion) })
}

func (s *Store) deleteDocument(t *transaction, key DocumentKey, deletion DocumentDeletion) (bool, error) {
	in, old, err := existingDocument(t, key)
	if err != nil {
		return false, err
	}
	if err := checkVersion("rev", deletion.IfRev, old.current()); err != nil || old == nil {
		return false, err
	}
	if _, err := t.exec(removeDocument, old.row); err != nil {
		return false, err
	}
	if err := in.retire(t, old.Rev); err != nil {
		return false, err
	}
	return true, s.changedDocument(t, documentChange{key: key, in: in, old: old, origin: deletion.Origin}, opDelete, nil)
}

// writeDocument makes one write of a transaction.
func (s *Store) writeDocument(t *transaction, commit *DataCommit, w DataWrite) error {
	key := DocumentKey{commit.App, w.Collection, w.Key}
	if w.Value == nil {
		_, err := s.deleteDocument(t, key, DocumentDeletion{Origin: commit.Origin})
		return err
	}
	if err := errors.Join(key.check(), checkDocument(w.Value)); err != nil {
		return err
	}
	in, err := ensureCollection(t, key.collection())
	if err != nil {
		return err
	}
	change := documentChange{key: key, in: in, origin: commit.Origin}
	if change.old, err = storedDocument(t, in, key.ID); err != nil {
		return err
	}
	if change.old == nil {
		_, err = s.insertDocument(t, change, w.Value)
	} else {
		_, err = s.rewriteDocument(t, change, w.Value)
	}
	return err
}

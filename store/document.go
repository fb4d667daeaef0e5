package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
)

// Document is one JSON object of a document collection.
type Document struct {
	ID        string          `json:"id"`
	Rev       int64           `json:"rev"` // goes up with each change
	Data      json.RawMessage `json:"data"`
	CreatedAt Time            `json:"created_at"`
	UpdatedAt Time            `json:"updated_at"`
}

// DocumentKey names one document.
type DocumentKey struct {
	App        uuid.UUID
	Collection string
	ID         string
}

// DocumentWrite is what a document becomes, or with PatchDocument how it
// changes. Data is a JSON object that CanonicalJSON or the SDK's encoder made,
// at most MaxDocumentBytes. IfRev, when set, refuses with conflict
// "stale_version" unless it is the document's rev.
type DocumentWrite struct {
	Data   json.RawMessage
	IfRev  *int64
	Origin Origin
}

// MaxDocumentBytes bounds a document's JSON text (spec 3, "Data").
const MaxDocumentBytes = 1 << 20

const (
	documentColumns = "id, rev, created_at, updated_at, json(data)"

	selectDocument = "SELECT rowid, " + documentColumns + " FROM documents WHERE collection = ? AND id = ?"
	findDocument   = "SELECT 0, d.id, d.rev, d.created_at, d.updated_at, json(d.data) FROM collections c JOIN documents d ON d.collection = c.number" +
		" WHERE c.app_id = ? AND c.kind = 'docs' AND c.name = ? AND d.id = ?"
	insertDocument = "INSERT INTO documents (collection, id, rev, created_at, updated_at, data) VALUES (?, ?, ?, ?, ?, jsonb(?))"
	updateDocument = "UPDATE documents SET rev = ?, updated_at = ?, data = jsonb(?) WHERE rowid = ?"
	removeDocument = "DELETE FROM documents WHERE rowid = ?"
	mergeDocument  = "SELECT json(jsonb_patch(data, jsonb(?))) FROM documents WHERE rowid = ?"
)

func (k DocumentKey) collection() collectionName {
	return collectionName{k.App, kindDocs, k.Collection}
}

func (k DocumentKey) check() error {
	if err := CheckCollectionName(k.Collection); err != nil {
		return err
	}
	return CheckKey(k.ID)
}

// checkDocument checks a document's, or a patch's, JSON text.
func checkDocument(data json.RawMessage) error {
	if len(data) > MaxDocumentBytes {
		return Errorf(KindTooLarge, "document_too_large", "a document is at most %d bytes of JSON, this one has %d", MaxDocumentBytes, len(data))
	}
	if len(data) == 0 || data[0] != '{' {
		return Errorf(KindInvalid, "invalid_document", "a document is a JSON object")
	}
	if namesZero(data) {
		return Errorf(KindInvalid, "invalid_document", "a field's name has a zero character in it")
	}
	return nil
}

// namesZero reports whether a name in JSON without white space has a zero
// character. SQLite compares names up to the first one, so that a patch of
// "a\u0000b" would change "a".
func namesZero(data []byte) bool {
	zero := []byte(`\u0000`)
	if !bytes.Contains(data, zero) {
		return false
	}
	for i := 0; i < len(data); i++ {
		if data[i] != '"' {
			continue
		}
		found := false
		for i++; data[i] != '"'; i++ {
			if data[i] == '\\' {
				found = found || bytes.HasPrefix(data[i:], zero)
				i++
			}
		}
		if found && data[i+1] == ':' { // inside the object something always follows
			return true
		}
	}
	return false
}

// storedID is the form in which an id is stored: of a UUID the 16 bytes, which
// are less than half of its text.
func storedID(id string) any {
	if parsed, err := uuid.Parse(id); err == nil && parsed.String() == id {
		return parsed[:]
	}
	return id
}

func shownID(r row, i int) string {
	if raw, ok := r[i].([]byte); ok && len(raw) == len(uuid.UUID{}) {
		return uuid.UUID(raw).String()
	}
	return r.text(i)
}

type storedDoc struct {
	Document
	row int64
}

func scanDocument(r row) *storedDoc {
	return &storedDoc{row: r.integer(0), Document: Document{
		ID: shownID(r, 1), Rev: r.integer(2), CreatedAt: r.time(3), UpdatedAt: r.time(4), Data: json.RawMessage(r.text(5)),
	}}
}

// storedDocument returns what an operation finds under an id; nil when there is nothing.
func storedDocument(t *transaction, in collection, id string) (*storedDoc, error) {
	r, err := t.first(selectDocument, in.number, storedID(id))
	if err != nil {
		return nil, ignoreNoRow(err)
	}
	return scanDocument(r), nil
}

// ignoreNoRow is err, or nil when err only says that there is no row.
func ignoreNoRow(err error) error {
	if errors.Is(err, errNoRow) {
		return nil
	}
	return err
}

func (d *storedDoc) current() int64 {
	if d == nil {
		return 0
	}
	return d.Rev
}

// Document returns a document, or nil when there is none.
func (s *Store) Document(ctx context.Context, key DocumentKey) (*Document, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	return readValue(ctx, s, func(t *transaction) (*Document, error) {
		r, err := t.first(findDocument, key.App, key.Collection, storedID(key.ID))
		if err != nil {
			return nil, ignoreNoRow(err)
		}
		return &scanDocument(r).Document, nil
	})
}

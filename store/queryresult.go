package store

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/uuid"
)

const selectDocumentRow = "SELECT rowid, " + documentColumns + " FROM documents WHERE rowid = ?"

// fetch reads the documents at the places, up to the bounds of a page.
func (s *Store) fetch(d *documentSource, places []documentPlace) (Page[Document], error) {
	page, size, overlay := Page[Document]{Items: []Document{}}, 0, d.overlay()
	for i, place := range places {
		if i == d.query.Limit || size > d.query.MaxBytes {
			var err error
			page.NextCursor, err = s.writeCursor(d, places[i-1].keys)
			return page, err
		}
		document := Document{CreatedAt: d.t.at, UpdatedAt: d.t.at}
		if place.row < 0 {
			w := overlay[-1-place.row]
			document.ID, document.Data = w.Key, w.Value
		} else {
			r, err := d.t.first(selectDocumentRow, place.row)
			if err != nil {
				return page, err
			}
			document = scanDocument(r).Document
		}
		if len(d.query.fields) > 0 {
			var err error
			if document.Data, err = project(document.Data, d.query.fields); err != nil {
				return page, err
			}
		}
		size += len(document.ID) + len(document.Data)
		page.Items = append(page.Items, document)
	}
	return page, nil
}

// list names the list that cursors belong to.
func (d *documentSource) list() string {
	return "docs " + d.app.String() + " " + d.name + " " + d.query.shape
}

func (s *Store) writeCursor(d *documentSource, keys []any) (string, error) {
	shown := make([]any, len(keys))
	for i, key := range keys {
		shown[i] = key
		if raw, ok := key.([]byte); ok {
			shown[i] = map[string]string{"id": uuid.UUID(raw).String()}
		}
	}
	position, err := json.Marshal(shown)
	return s.cursor(d.list(), string(position)), err
}

// readCursor returns the sort values of the last document of the page before.
func (s *Store) readCursor(d *documentSource, order []sortField) ([]any, error) {
	position, err := s.position(d.list(), d.query.Cursor)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(position))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil || len(values) != len(order) {
		return nil, badCursor()
	}
	for i, value := range values {
		if object, ok := value.(map[string]any); ok {
			text, _ := object["id"].(string)
			values[i] = storedID(text)
		} else if values[i], ok = scalar(value); !ok {
			return nil, badCursor()
		}
	}
	return values, nil
}

var errNotAnObject = errors.New("a stored document is not an object")

// project keeps the fields of a document that a query asks for.
func project(data json.RawMessage, fields []field) (json.RawMessage, error) {
	kept := map[string]any{}
	for _, f := range fields {
		if err := copyField(kept, data, f.path); err != nil {
			return nil, err
		}
	}
	return json.Marshal(kept)
}

// copyField copies one field, when it is there, with the objects around it.
func copyField(to map[string]any, data json.RawMessage, path []string) error {
	if len(path) == 0 {
		return nil
	}
	var object map[string]json.RawMessage
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return errors.Join(errNotAnObject, err)
	}
	value, there := object[path[0]]
	if !there {
		return nil
	}
	if len(path) == 1 {
		to[path[0]] = value
		return nil
	}
	inner, ok := to[path[0]].(map[string]any)
	if !ok {
		if to[path[0]] != nil {
			return nil // all of it is kept already
		}
		inner = map[string]any{}
	}
	if err := copyField(inner, value, path[1:]); err != nil || len(inner) == 0 {
		return err
	}
	to[path[0]] = inner
	return nil
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// documentReaders bounds how many queries read at once, so that slow ones
// leave a reading connection to everybody else.
const documentReaders = readConnections - 1

// QueryReport says how a query was done, for the execution record.
type QueryReport struct {
	Collection string  `json:"collection"`
	Query      string  `json:"query"` // its fields and operators, without values
	Plan       string  `json:"plan"`  // SQLite's, of an index or of the whole collection
	Scanned    int64   `json:"scanned"`
	Returned   int64   `json:"returned"`
	DurationMS float64 `json:"duration_ms"`
}

// documentSource is the collection that a query reads, in one transaction.
type documentSource struct {
	t     *transaction
	app   uuid.UUID
	name  string
	in    collection // its number is 0 when it has never held anything
	query *DocumentQuery
	index documentIndex
	terms []condition // that index serves
}

// FindDocuments returns a page of what a query asks for. It ends early after
// about 1 MiB; NextCursor goes on behind the last document, whatever was
// inserted or deleted meanwhile.
func (s *Store) FindDocuments(ctx context.Context, app uuid.UUID, name string, query *DocumentQuery) (page Page[Document], report QueryReport, err error) {
	report, err = s.readDocuments(ctx, app, name, query, func(source *documentSource) (text *queryText, err error) {
		var places []documentPlace
		if text, places, err = s.findPlaces(source); err == nil {
			page, err = s.fetch(source, places)
		}
		return text, err
	})
	report.Returned = int64(len(page.Items))
	return page, report, err
}

// CountDocuments returns how many documents a query's where matches.
func (s *Store) CountDocuments(ctx context.Context, app uuid.UUID, name string, query *DocumentQuery) (count int64, report QueryReport, err error) {
	report, err = s.readDocuments(ctx, app, name, query, func(source *documentSource) (*queryText, error) {
		text := source.selected("count(*)")
		err := source.t.queryOnce(source.t.ctx, func(r row) error { count = r.integer(0); return nil }, text.sql.String(), text.args...)
		return text, err
	})
	report.Returned = count
	return count, report, err
}

// readDocuments runs a query's statement on one snapshot, and reports it.
func (s *Store) readDocuments(ctx context.Context, app uuid.UUID, name string, query *DocumentQuery, run func(*documentSource) (*queryText, error)) (QueryReport, error) {
	report := QueryReport{Collection: name, Query: query.describe()}
	if err := CheckCollectionName(name); err != nil {
		return report, err
	}
	query.fillDefaults()
	select {
	case s.queries <- struct{}{}:
		defer func() { <-s.queries }()
	case <-ctx.Done():
		return report, ctx.Err()
	}
	err := s.read(ctx, func(t *transaction) error {
		began, scanned := monotonic(), t.scanned
		source := documentSource{t: t, app: app, name: name, query: query}
		if err := source.open(); err != nil {
			return err
		}
		text, err := run(&source)
		if err != nil {
			return err
		}
		report.Scanned = t.scanned - scanned
		report.DurationMS = float64((monotonic()-began)/1000) / 1000
		report.Plan, err = source.plan(text)
		return err
	})
	return report, err
}

// open finds the collection and the index to use.
func (d *documentSource) open() error {
	var err error
	if d.in, err = findCollection(d.t, collectionName{d.app, kindDocs, d.name}); err != nil {
		return ignoreNoRow(err)
	}
	declared, err := documentIndexes(d.t, d.in)
	if err == nil && len(d.overlay()) == 0 {
		d.index, d.terms = d.query.chooseIndex(declared)
	}
	return err
}

// overlay are the writes of a transaction that concern the collection.
func (d *documentSource) overlay() (writes []DataWrite) {
	for _, w := range d.query.Overlay {
		if w.Kind == DataDocs && w.Collection == d.name {
			writes = append(writes, w)
		}
	}
	return writes
}

// selected begins a statement: columns of the documents that where matches.
// The collection's number is written out, because a partial index is used only
// for a condition that is known when the statement is prepared.
func (d *documentSource) selected(columns string) *queryText {
	text := &queryText{}
	text.add("SELECT " + columns + " FROM ")
	overlay := d.overlay()
	if len(overlay) > 0 {
		text.overlaid(d.in, d.t.at, overlay)
		text.add(" WHERE row_scanned(place)")
	} else {
		text.add("documents")
		if d.index.name != "" {
			text.add(" INDEXED BY " + d.index.name)
		}
		text.add(fmt.Sprintf(" WHERE collection = %d AND row_scanned(rowid)", d.in.number))
	}
	text.indexTerms(d.terms)
	if len(d.query.where.parts) > 0 {
		text.add(" AND ")
		text.condition(&d.query.where)
	}
	return text
}

// overlaid writes the collection with a transaction's own writes in place of
// what is stored. Their place is -1 and below, in the order of the writes.
func (q *queryText) overlaid(in collection, at Time, writes []DataWrite) {
	q.add(fmt.Sprintf("(SELECT rowid AS place, id, rev, created_at, updated_at, data FROM documents WHERE collection = %d AND id NOT IN (", in.number))
	ids := make([]any, len(writes))
	for i, w := range writes {
		ids[i] = storedID(w.Key)
	}
	q.add(placeholders(len(ids))+")", ids...)
	for i, w := range writes {
		if w.Value != nil {
			q.add(" UNION ALL SELECT ?, ?, 0, ?, ?, jsonb(?)", -1-i, ids[i], at, at, string(w.Value))
		}
	}
	q.add(")")
}

// documentPlace is a found document: its row, and where it stands in the order.
type documentPlace struct {
	row  int64
	keys []any
}

// findPlaces runs the query for rows and sort values alone: sorting whole
// documents would hold a page of them in memory, each as long as it may be.
func (s *Store) findPlaces(d *documentSource) (*queryText, []documentPlace, error) {
	order := total(d.query.sort)
	place := "rowid"
	if len(d.overlay()) > 0 {
		place = "place"
	}
	columns := []string{place}
	for _, key := range order {
		columns = append(columns, key.key())
	}
	text := d.selected(strings.Join(columns, ", "))
	if d.query.Cursor != "" {
		values, err := s.readCursor(d, order)
		if err != nil {
			return text, nil, err
		}
		text.after(order, values)
	}
	text.order(order)
	text.add(" LIMIT ?", d.query.Limit+1)
	var places []documentPlace
	err := d.t.queryOnce(d.t.ctx, func(r row) error {
		found := documentPlace{row: r.integer(0)}
		for _, key := range r[1:] {
			found.keys = append(found.keys, key)
		}
		places = append(places, found)
		return nil
	}, text.sql.String(), text.args...)
	return text, places, err
}

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

// plan is SQLite's plan for the statement, in one line.
func (d *documentSource) plan(text *queryText) (string, error) {
	var steps []string
	err := d.t.queryOnce(d.t.ctx, func(r row) error {
		steps = append(steps, r.text(3))
		return nil
	}, "EXPLAIN QUERY PLAN "+text.sql.String(), text.args...)
	return strings.Join(steps, "; "), err
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

// describe names the query's fields and operators, for people.
func (q *DocumentQuery) describe() string {
	var parts []string
	describeConditions(&parts, &q.where)
	for _, key := range q.sort {
		direction := "+"
		if key.descending {
			direction = "-"
		}
		parts = append(parts, "sort "+direction+clipName(key.text))
	}
	text := strings.Join(parts, ", ")
	if len(text) > maxDescription {
		text = strings.ToValidUTF8(text[:maxDescription], "") + "…"
	}
	return text
}

// maxDescription bounds a query's description in the execution record, in bytes.
const maxDescription = 200

func describeConditions(parts *[]string, c *condition) {
	if len(c.parts) == 0 && c.field.text != "" {
		*parts = append(*parts, clipName(c.field.text)+" "+c.op)
		return
	}
	if c.op == "any" || c.op == "not" {
		*parts = append(*parts, c.op)
	}
	for i := range c.parts {
		describeConditions(parts, &c.parts[i])
	}
}

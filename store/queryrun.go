package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// QueryReport says how a query was done, for the execution record.
type QueryReport struct {
	Collection string  `json:"collection"`
	Query      string  `json:"query"`   // its fields and operators, without values
	Plan       string  `json:"plan"`    // SQLite's, of an index or of the whole collection
	Scanned    int64   `json:"scanned"` // documents looked at
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
	leave, err := s.queries.enter(ctx, app)
	if err != nil {
		return report, err
	}
	defer leave()
	err = s.read(ctx, func(t *transaction) error {
		began, scanned := monotonic(), t.scanned
		source := documentSource{t: t, app: app, name: name, query: query}
		err := source.open()
		var text *queryText
		if err == nil {
			text, err = run(&source)
		}
		// Also of a query that ran out of time: it is the one to be seen.
		report.Scanned = t.scanned - scanned
		report.DurationMS = float64((monotonic()-began)/1000) / 1000
		if err == nil {
			report.Plan, err = source.plan(text)
		}
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
// They are one bound value, because SQLite bounds the terms and the values of a
// statement.
func (q *queryText) overlaid(in collection, at Time, writes []DataWrite) {
	q.add("(WITH own (place, id, data) AS MATERIALIZED (SELECT -1 - key, iif(value ->> 'text', CAST(unhex(value ->> 'id') AS TEXT), unhex(value ->> 'id')),"+
		" jsonb_extract(value, '$.data') FROM json_each(?))", ownDocuments(writes))
	q.add(fmt.Sprintf(" SELECT rowid AS place, id, rev, created_at, updated_at, data FROM documents WHERE collection = %d", in.number))
	q.add(" AND id NOT IN (SELECT id FROM own) UNION ALL SELECT place, id, 0, ?, ?, data FROM own WHERE data IS NOT NULL)", at, at)
}

// ownDocuments are a transaction's writes as a JSON array. Ids are written as
// the bytes that are stored, in hexadecimal: they may be a UUID's or any text.
func ownDocuments(writes []DataWrite) string {
	list := []byte{'['}
	for i, w := range writes {
		if i > 0 {
			list = append(list, ',')
		}
		id, isUUID := storedID(w.Key).([]byte)
		if !isUUID {
			id = []byte(w.Key)
		}
		list = fmt.Appendf(list, `{"id":"%x","text":%t`, id, !isUUID)
		if w.Value != nil {
			list = append(append(list, `,"data":`...), w.Value...)
		}
		list = append(list, '}')
	}
	return string(append(list, ']'))
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

// plan is SQLite's plan for the statement, in one line.
func (d *documentSource) plan(text *queryText) (string, error) {
	var steps []string
	err := d.t.queryOnce(d.t.ctx, func(r row) error {
		steps = append(steps, r.text(3))
		return nil
	}, "EXPLAIN QUERY PLAN "+text.sql.String(), text.args...)
	return strings.Join(steps, "; "), err
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

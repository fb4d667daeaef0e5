package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

const (
	// Each index costs about a page for a write that changes its field, and each
	// is looked at when a document is written, of whatever collection.
	maxCollectionIndexes = 8
	maxAppIndexes        = 64 // so that no app takes all
	maxIndexes           = 128

	selectIndexes    = "SELECT field, name FROM document_indexes WHERE collection = ?"
	selectAppIndexes = "SELECT i.name FROM document_indexes i JOIN collections c ON c.number = i.collection WHERE c.app_id = ?"
	countIndexes     = "SELECT count(*), coalesce(sum(c.app_id = own.app_id), 0) FROM collections own, document_indexes i" +
		" JOIN collections c ON c.number = i.collection WHERE own.number = ?"
	insertIndex = "INSERT INTO document_indexes (collection, field, name) VALUES (?, ?, ?)"
)

// documentIndex is a declared index.
type documentIndex struct{ field, name string }

// EnsureDocumentIndex declares an index on each of the fields that has none
// yet. KindLimit "too_many_indexes" over 8 in a collection, 64 in an app or
// 128 in all.
// Making one takes the writer as long as reading the collection takes.
func (s *Store) EnsureDocumentIndex(ctx context.Context, app uuid.UUID, name string, fields []string) error {
	if err := CheckCollectionName(name); err != nil {
		return err
	}
	places := make([]field, len(fields))
	for i, text := range fields {
		var err error
		if places[i], err = parseField(text); err != nil {
			return err
		}
	}
	declared, err := readValue(ctx, s, func(t *transaction) (bool, error) { return allDeclared(t, collectionName{app, kindDocs, name}, places) })
	if err != nil || declared {
		return err
	}
	return s.change(ctx, func(t *transaction) error {
		in, err := ensureCollection(t, collectionName{app, kindDocs, name})
		if err != nil {
			return err
		}
		declared, err := documentIndexes(t, in)
		if err != nil {
			return err
		}
		for _, place := range places {
			if isDeclared(declared, place) {
				continue
			}
			made, err := createIndex(t, in, place, declared)
			if err != nil {
				return err
			}
			declared = append(declared, made)
		}
		return nil
	})
}

// isDeclared reports whether a field has an index; the id has one anyway.
func isDeclared(declared []documentIndex, place field) bool {
	return place.column == "id" || slices.ContainsFunc(declared, func(i documentIndex) bool { return i.field == place.text })
}

// allDeclared spares scripts that declare their indexes in each run the wait
// for the writer.
func allDeclared(t *transaction, name collectionName, places []field) (bool, error) {
	in, err := findCollection(t, name)
	if err != nil {
		return false, ignoreNoRow(err)
	}
	declared, err := documentIndexes(t, in)
	return !slices.ContainsFunc(places, func(place field) bool { return !isDeclared(declared, place) }), err
}

func documentIndexes(t *transaction, in collection) (declared []documentIndex, err error) {
	err = t.each(func(r row) error {
		declared = append(declared, documentIndex{r.text(0), r.text(1)})
		return nil
	}, selectIndexes, in.number)
	return declared, err
}

// createIndex makes one index. Its name is free: numbers of a collection are
// taken in turn, and none is dropped but with the whole collection.
func createIndex(t *transaction, in collection, place field, declared []documentIndex) (documentIndex, error) {
	counts, err := t.first(countIndexes, in.number)
	if err != nil {
		return documentIndex{}, err
	}
	if len(declared) >= maxCollectionIndexes || counts.integer(0) >= maxIndexes || counts.integer(1) >= maxAppIndexes {
		return documentIndex{}, Errorf(KindLimit, "too_many_indexes", "a collection may have %d indexes, an app %d, and all together %d",
			maxCollectionIndexes, maxAppIndexes, maxIndexes)
	}
	made := documentIndex{place.text, fmt.Sprintf("documents_%d_%d", in.number, len(declared)+1)}
	t.wrote = true
	if err := t.run(fmt.Sprintf("CREATE INDEX %s ON documents (%s, id) WHERE collection = %d", made.name, place.key(), in.number)); err != nil {
		return made, err
	}
	_, err = t.exec(insertIndex, in.number, made.field, made.name)
	return made, err
}

// dropIndexes drops the indexes of an app's collections before the app goes.
func dropIndexes(t *transaction, app uuid.UUID) error {
	var names []string
	err := t.each(func(r row) error {
		names = append(names, r.text(0))
		return nil
	}, selectAppIndexes, app)
	for _, name := range names {
		if err == nil {
			err = t.run("DROP INDEX " + name)
		}
	}
	return err
}

// chooseIndex returns the index that serves the query best, or none: one whose
// field is compared with a value, before one whose field has a range, before
// one that has the order of the result. SQLite has no statistics to choose by.
func (q *DocumentQuery) chooseIndex(declared []documentIndex) (chosen documentIndex, terms []condition) {
	best := 0
	for _, index := range declared {
		rank, found := q.rank(index.field)
		if rank > best {
			best, chosen, terms = rank, index, found
		}
	}
	return chosen, terms
}

// rank says how well an index on a field serves, and which comparisons it does.
func (q *DocumentQuery) rank(field string) (rank int, terms []condition) {
	if order := total(q.sort); len(order) <= 2 && order[0].text == field {
		rank = 1
	}
	for _, c := range conjuncts(&q.where) {
		if c.field.text != field {
			continue
		}
		switch c.op {
		case "eq", "in":
			if len(c.values) > 0 && !slices.ContainsFunc(c.values, func(v any) bool { return !isOrdered(v) }) {
				rank, terms = max(rank, 3), append(terms, *c)
			}
		case "gt", "gte", "lt", "lte", "starts_with":
			rank, terms = max(rank, 2), append(terms, *c)
		}
	}
	return rank, terms
}

// isOrdered reports whether an index has a value at a place of its own.
func isOrdered(value any) bool {
	switch value.(type) {
	case int64, float64, string:
		return true
	}
	return false
}

// conjuncts are the comparisons that must all hold.
func conjuncts(c *condition) []*condition {
	if c.op != "all" {
		return []*condition{c}
	}
	var all []*condition
	for i := range c.parts {
		all = append(all, conjuncts(&c.parts[i])...)
	}
	return all
}

// indexTerms writes what comparisons imply for an index's key, which is what
// lets SQLite use it. It takes one bound for each end, so ” (which lies between
// all numbers and all strings) stands only where nothing else does.
func (q *queryText) indexTerms(terms []condition) {
	open := func(ops ...string) bool {
		return !slices.ContainsFunc(terms, func(c condition) bool { return slices.Contains(ops, c.op) })
	}
	for i := range terms {
		c, key := &terms[i], terms[i].field.key()
		value := clipKey(c.values[0])
		_, isText := value.(string)
		switch c.op {
		case "eq", "in":
			q.add(" AND "+key+" IN ("+placeholders(len(c.values))+")", clipKeys(c.values)...)
		case "starts_with":
			q.add(" AND "+key+" >= ?", value)
			if value == c.values[0] {
				q.add(" AND "+key+" < ?", behind(value.(string)))
			}
		case "gt", "gte":
			q.add(" AND "+key+" >= ?", value)
			if !isText && open("lt", "lte") {
				q.add(" AND " + key + " < ''")
			}
		case "lt", "lte":
			q.add(" AND "+key+" <= ?", value)
			if isText && open("gt", "gte") {
				q.add(" AND " + key + " >= ''")
			}
		}
	}
}

func clipKeys(values []any) []any {
	clipped := make([]any, len(values))
	for i, value := range values {
		clipped[i] = clipKey(value)
	}
	return clipped
}

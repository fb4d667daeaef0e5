package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// DocumentQuery is a checked query (spec 3, "Data"). Without the parts that
// ParseDocumentQuery reads it asks for all documents in the order of their ids.
type DocumentQuery struct {
	Limit  int    // 1 to MaxDocumentPage, 0 means 100
	Cursor string // what the page before gave
	// MaxBytes ends a page early, 0 means 1 MiB; a page has at least one document.
	MaxBytes int
	// Overlay are a transaction's own writes, which the answer shows as if they
	// were stored; those of other collections are passed over.
	Overlay []DataWrite

	where  condition
	sort   []sortField
	fields []field // empty: all
	shape  string  // where and sort as JSON, which cursors belong to
}

// condition is a node of a query's where: a combination of others, or one
// field compared with values.
type condition struct {
	op     string
	parts  []condition // of all, any and not
	field  field
	values []any // nil, bool, string, int64 or float64
}

type sortField struct {
	field
	descending bool
}

const (
	// MaxDocumentPage is the most documents of one page.
	MaxDocumentPage      = 1000
	defaultDocumentLimit = 100

	maxQueryTerms  = 200 // comparisons in one query
	maxQueryDepth  = 20  // of combinators in each other
	maxQueryValues = 1000
	maxSortFields  = 4
)

// fillDefaults sets the bounds that are left out.
func (q *DocumentQuery) fillDefaults() {
	if q.Limit == 0 {
		q.Limit = defaultDocumentLimit
	}
	if q.MaxBytes == 0 {
		q.MaxBytes = maxPageBytes
	}
}

var operators = []string{"eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "exists", "contains", "starts_with"}

func invalidQuery(format string, args ...any) *Error {
	return Errorf(KindInvalid, "invalid_query", format, args...)
}

// ParseDocumentQuery reads a query from JSON: an object with where, sort,
// limit, cursor and fields, all optional; its page may have up to mostItems
// documents. What it cannot read is KindInvalid "invalid_query" and named in
// the message.
func ParseDocumentQuery(data []byte, mostItems int) (*DocumentQuery, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var raw map[string]any
	if err := decoder.Decode(&raw); err != nil {
		return nil, invalidQuery("a query is an object with where, sort, limit, cursor and fields")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, invalidQuery("something follows the query")
	}
	p := queryParser{query: &DocumentQuery{}, mostItems: mostItems}
	if err := p.parse(raw); err != nil {
		return nil, err
	}
	shape, err := json.Marshal([]any{raw["where"], raw["sort"]})
	p.query.shape = string(shape)
	return p.query, err
}

type queryParser struct {
	query         *DocumentQuery
	mostItems     int
	terms, values int
}

func (p *queryParser) parse(raw map[string]any) (err error) {
	for _, name := range sortedNames(raw) {
		value := raw[name]
		switch name {
		case "where":
			p.query.where, err = p.all("where", value, 0)
		case "sort":
			err = p.parseSort(value)
		case "fields":
			err = p.parseFields(value)
		case "limit":
			limit, ok := value.(json.Number)
			n, parseErr := strconv.Atoi(limit.String())
			if !ok || parseErr != nil || n < 1 || n > p.mostItems {
				return invalidQuery("limit must be a whole number from 1 to %d", p.mostItems)
			}
			p.query.Limit = n
		case "cursor":
			cursor, ok := value.(string)
			if !ok {
				return invalidQuery("cursor must be a string")
			}
			p.query.Cursor = cursor
		default:
			return invalidQuery("a query has no part %.64q (known: where, sort, limit, cursor, fields)", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sortedNames[V any](object map[string]V) []string { return slices.Sorted(maps.Keys(object)) }

func (p *queryParser) parseSort(raw any) error {
	if text, ok := raw.(string); ok {
		raw = []any{text}
	}
	items, ok := list(raw)
	if !ok || len(items) > maxSortFields {
		return invalidQuery("sort must be a list of at most %d fields, \"-\" before one for the other direction", maxSortFields)
	}
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return invalidQuery("sort must be a list of field names")
		}
		name, descending := strings.CutPrefix(text, "-")
		place, err := parseField(name)
		if err != nil {
			return err
		}
		p.query.sort = append(p.query.sort, sortField{place, descending})
	}
	return nil
}

func (p *queryParser) parseFields(raw any) error {
	items, ok := list(raw)
	if !ok || len(items) > maxQueryTerms {
		return invalidQuery("fields must be a list of at most %d field names", maxQueryTerms)
	}
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return invalidQuery("fields must be a list of field names")
		}
		place, err := parseField(text)
		if err != nil {
			return err
		}
		if place.column != "" {
			continue // shown beside the data in any case
		}
		p.query.fields = append(p.query.fields, place)
	}
	if len(items) > 0 && len(p.query.fields) == 0 {
		p.query.fields = []field{{}} // none of the data
	}
	return nil
}

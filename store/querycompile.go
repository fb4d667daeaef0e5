package store

import "strings"

// queryText is a statement under construction: SQL and its bound values. A
// query's values never become part of the SQL.
type queryText struct {
	sql  strings.Builder
	args []any
}

func (q *queryText) add(text string, args ...any) {
	q.sql.WriteString(text)
	q.args = append(q.args, args...)
}

// condition writes c. Its value may be NULL, which where takes for false; not
// makes a plain false of it first, so that it turns into true.
func (q *queryText) condition(c *condition) {
	switch c.op {
	case "all":
		q.join(c.parts, " AND ", "1")
	case "any":
		q.join(c.parts, " OR ", "0")
	case "not":
		q.not(&c.parts[0])
	case "ne":
		q.not(&condition{op: "eq", field: c.field, values: c.values})
	case "not_in":
		q.not(&condition{op: "in", field: c.field, values: c.values})
	case "in":
		q.in(c)
	case "exists":
		if c.values[0] == true {
			q.add("(" + c.field.kind() + " IS NOT NULL)")
		} else {
			q.add("(" + c.field.kind() + " IS NULL)")
		}
	case "contains":
		q.contains(c.field, c.values[0])
	case "starts_with":
		q.add("("+c.field.value()+" >= ? AND "+c.field.value()+" < ? AND "+c.field.kind()+" = 'text')", c.values[0], behind(c.values[0].(string)))
	default:
		q.compare(c.field, c.op, c.values[0])
	}
}

func (q *queryText) not(c *condition) {
	q.add("(ifnull(")
	q.condition(c)
	q.add(", 0) = 0)")
}

func (q *queryText) join(parts []condition, operator, none string) {
	if len(parts) == 0 {
		q.add(none)
		return
	}
	q.add("(")
	for i := range parts {
		if i > 0 {
			q.add(operator)
		}
		q.condition(&parts[i])
	}
	q.add(")")
}

var comparisonSQL = map[string]string{"eq": " = ?", "gt": " > ?", "gte": " >= ?", "lt": " < ?", "lte": " <= ?"}

// compare writes a comparison within one type: numbers with numbers, strings
// with strings. SQLite would put all numbers before all strings; the bound at ”
// between the two keeps an index from being read beyond the type.
func (q *queryText) compare(f field, op string, value any) {
	x := f.value()
	switch v := value.(type) {
	case nil:
		q.add("(" + f.kind() + " = 'null')")
	case bool:
		q.add("(" + f.kind() + " = " + boolKind(v) + ")")
	case string:
		q.add("("+x+comparisonSQL[op]+" AND "+f.kind()+" = 'text')", v)
	case []byte: // a stored id
		q.add("("+x+comparisonSQL[op]+")", v)
	default:
		q.add("("+x+comparisonSQL[op]+" AND "+f.kind()+" IN ('integer', 'real'))", v)
	}
}

func boolKind(v bool) string {
	if v {
		return "'true'"
	}
	return "'false'"
}

// in writes one list for each type.
func (q *queryText) in(c *condition) {
	var numbers, texts, others []any
	for _, value := range c.values {
		switch value.(type) {
		case int64, float64:
			numbers = append(numbers, value)
		case string:
			texts = append(texts, value)
		default:
			others = append(others, value)
		}
	}
	x, kind := c.field.value(), c.field.kind()
	q.add("(")
	separator := ""
	for _, group := range []struct {
		values []any
		kinds  string
	}{{numbers, "IN ('integer', 'real')"}, {texts, "= 'text'"}} {
		if len(group.values) > 0 {
			q.add(separator+"("+x+" IN ("+placeholders(len(group.values))+") AND "+kind+" "+group.kinds+")", group.values...)
			separator = " OR "
		}
	}
	for _, value := range others {
		q.add(separator)
		q.compare(c.field, "eq", value)
		separator = " OR "
	}
	if separator == "" {
		q.add("0")
	}
	q.add(")")
}

func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// contains writes: an array has the value among its items, or a string has the
// other as a part.
func (q *queryText) contains(f field, value any) {
	kind := f.kind()
	q.add("(" + kind + " = 'array' AND EXISTS (SELECT 1 FROM json_each(data, " + f.literal() + ") item WHERE ")
	text, isText := value.(string)
	switch v := value.(type) {
	case nil:
		q.add("item.type = 'null'")
	case bool:
		q.add("item.type = " + boolKind(v))
	case string:
		q.add("item.type = 'text' AND item.value = ?", v)
	default:
		q.add("item.type IN ('integer', 'real') AND item.value = ?", v)
	}
	q.add(")")
	if isText {
		q.add(" OR "+kind+" = 'text' AND instr("+f.value()+", ?) > 0", text)
	}
	q.add(")")
}

// order writes the sort.
func (q *queryText) order(sort []sortField) {
	q.add(" ORDER BY ")
	for i, key := range sort {
		if i > 0 {
			q.add(", ")
		}
		q.add(key.key())
		if key.descending {
			q.add(" DESC")
		}
	}
}

// total adds the id, as the tie-break that makes the order total, in the
// direction of the last field: so an index can be read either way.
func total(sort []sortField) []sortField {
	descending := false
	for i, key := range sort {
		descending = key.descending
		if key.column == "id" {
			return sort[:i+1] // nothing after a unique key matters
		}
	}
	return append(sort[:len(sort):len(sort)], sortField{field{text: "id", column: "id"}, descending})
}

// after writes: the row comes behind the one with these sort values. NULL
// sorts first.
func (q *queryText) after(sort []sortField, values []any) {
	if first := sort[0]; !first.descending && values[0] != nil {
		q.add(" AND "+first.key()+" >= ?", values[0]) // implied by the rest; lets an index begin here
	}
	q.add(" AND (")
	for i, key := range sort {
		if i > 0 {
			q.add(" OR ")
		}
		q.add("(")
		for j, before := range sort[:i] {
			q.add(before.key()+" IS ? AND ", values[j])
		}
		switch x := key.key(); {
		case key.descending && values[i] == nil:
			q.add("0")
		case key.descending:
			q.add("("+x+" < ? OR "+x+" IS NULL)", values[i])
		case values[i] == nil:
			q.add(x + " IS NOT NULL")
		default:
			q.add(x+" > ?", values[i])
		}
		q.add(")")
	}
	q.add(")")
}

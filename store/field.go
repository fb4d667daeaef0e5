package store

import (
	"encoding/json"
	"strings"
)

// field is a place in a document, or one of its own facts.
type field struct {
	text string // as the query has it
	// column is id, rev, created_at or updated_at: what the platform keeps of a
	// document. A field of the data with such a name is written with a
	// backslash before it.
	column string
	path   []string // of the data, outermost first
}

const (
	maxFieldBytes  = 512
	maxFieldLevels = 16
)

// parseField reads a dotted path. A backslash takes the next character as it
// is: "a\.b" is one name with a dot, "\rev" the data's own field rev.
func parseField(text string) (field, error) {
	switch text {
	case "id", "rev", "created_at", "updated_at":
		return field{text: text, column: text}, nil
	}
	if text == "" || len(text) > maxFieldBytes {
		return field{}, invalidQuery("a field name is 1 to %d bytes", maxFieldBytes)
	}
	if strings.IndexByte(text, 0) >= 0 { // SQLite would compare no further
		return field{}, invalidQuery("field %.64q has a zero character in it", text)
	}
	var path []string
	var name strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 == len(text):
			return field{}, invalidQuery("field %.64q ends with a backslash, which stands before another character", text)
		case c == '\\':
			i++
			name.WriteByte(text[i])
		case c == '.':
			path = append(path, name.String())
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	if path = append(path, name.String()); len(path) > maxFieldLevels {
		return field{}, invalidQuery("field %.64q is more than %d levels deep", text, maxFieldLevels)
	}
	return field{text: text, path: path}, nil
}

// literal is the path as SQLite's JSON functions take it, in SQL. It is part of
// the statement and not bound, because only then can an index on the
// same expression serve it. Both quotings are complete: a name cannot leave it.
func (f field) literal() string {
	var path strings.Builder
	path.WriteString("$")
	for _, name := range f.path {
		quoted, err := json.Marshal(name)
		if err != nil {
			panic(err) // a string always has a JSON form
		}
		path.WriteByte('.')
		path.Write(quoted)
	}
	return "'" + strings.ReplaceAll(path.String(), "'", "''") + "'"
}

// value is the SQL expression of what the field holds: NULL when it is null or
// missing, 1 or 0 for a boolean, JSON text for an array or object.
func (f field) value() string {
	if f.column != "" {
		return f.column
	}
	return "json_extract(data, " + f.literal() + ")"
}

// kind is the SQL expression of the field's JSON type, NULL when it is missing.
func (f field) kind() string {
	switch f.column {
	case "":
		return "json_type(data, " + f.literal() + ")"
	case "id":
		return "'text'"
	default:
		return "'integer'"
	}
}

// maxKeyCharacters is how much of a string an index or a sort looks at: with
// all of it a thousand documents could fill the memory with their keys.
const maxKeyCharacters = 512

// key is the SQL expression of what sorts and indexes are made of: the value,
// of a string the beginning.
func (f field) key() string {
	x := f.value()
	if f.column != "" {
		return x
	}
	return "iif(typeof(" + x + ") = 'text', substr(" + x + ", 1, 512), " + x + ")"
}

// clipKey is what key makes of a value. SQLite's substr ends at a zero
// character; since that is the least of all, the order is kept.
func clipKey(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	characters := 0
	for i := range text {
		if characters++; characters > maxKeyCharacters {
			return text[:i]
		}
	}
	return text
}

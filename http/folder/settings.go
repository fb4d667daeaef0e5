package folder

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// settings takes app.toml apart.
func (r *reader) settings(text string) {
	fields := map[string]any{}
	if err := toml.Unmarshal([]byte(text), &fields); err != nil {
		r.report(unreadable(err))
		return
	}
	r.folder.top = Entry{Fields: fields, places: places(text)}
	for _, name := range sortedKeys(fields) {
		if !slices.Contains(topFields, name) {
			r.report(r.folder.At(name).At("unknown_field", "there is no field %q here", name))
		}
	}
	r.folder.Slug, r.folder.Name, r.folder.Description = r.text("slug"), r.text("name"), r.text("description")
	r.folder.Secrets = r.texts("secrets")
	r.scripts, r.modules = r.tables("scripts"), r.tables("modules")
	r.folder.Routes, r.folder.Triggers = r.list("routes"), r.list("triggers")
}

var topFields = []string{"slug", "name", "description", "secrets", "scripts", "modules", "routes", "triggers"}

func unreadable(err error) Problem {
	place := Place{Settings, 1, 1}
	message := err.Error()
	var decoding *toml.DecodeError
	if errors.As(err, &decoding) {
		place.Line, place.Column = decoding.Position()
		message = strings.TrimPrefix(decoding.Error(), "toml: ")
	}
	return place.At("bad_toml", "%s", message)
}

func (r *reader) wrongType(field, want string) {
	r.report(r.folder.At(field).At("wrong_type", "field %q must be %s", field, want))
}

// text takes a field that is a string; nil when it is left out.
func (r *reader) text(field string) *string {
	value, given := r.folder.top.Fields[field]
	text, isText := value.(string)
	if isText {
		return &text
	}
	if given {
		r.wrongType(field, "a string")
	}
	return nil
}

func (r *reader) texts(field string) (texts []string) {
	value, given := r.folder.top.Fields[field]
	list, isList := value.([]any)
	for _, each := range list {
		text, isText := each.(string)
		isList = isList && isText
		texts = append(texts, text)
	}
	if given && !isList {
		r.wrongType(field, "a list of strings")
	}
	return texts
}

// tables takes a table of tables apart, such as [scripts.NAME].
func (r *reader) tables(field string) map[string]Entry {
	value, given := r.folder.top.Fields[field]
	outer, isTable := value.(map[string]any)
	if given && !isTable {
		r.wrongType(field, "tables such as ["+field+".NAME]")
	}
	entries := make(map[string]Entry, len(outer))
	for _, name := range sortedKeys(outer) {
		fields, isTable := outer[name].(map[string]any)
		if !isTable {
			r.wrongType(field+"."+name, "a table")
			continue
		}
		entries[name] = Entry{Fields: fields, places: r.folder.top.places, path: field + "." + quoted(name)}
	}
	return entries
}

// list takes an array of tables apart, such as [[routes]].
func (r *reader) list(field string) []Entry {
	value, given := r.folder.top.Fields[field]
	list, isList := value.([]any)
	if given && !isList {
		r.wrongType(field, "tables such as [["+field+"]]")
	}
	entries := make([]Entry, 0, len(list))
	for index, each := range list {
		fields, isTable := each.(map[string]any)
		if !isTable {
			r.wrongType(field, "tables such as [["+field+"]]")
			return entries
		}
		entries = append(entries, Entry{Fields: fields, places: r.folder.top.places, path: fmt.Sprintf("%s[%d]", field, index)})
	}
	return entries
}

// quoted keeps a name with dots in it one step of a path.
func quoted(name string) string { return strings.ReplaceAll(name, ".", "\x00") }

// places finds where each field of a readable document stands. Tables in lists
// are counted: "routes[1].path".
func places(text string) map[string]Place {
	found := map[string]Place{}
	counts := map[string]int{}
	table := ""
	var parser unstable.Parser
	parser.Reset([]byte(text))
	for parser.NextExpression() {
		expression := parser.Expression()
		switch expression.Kind {
		case unstable.Table, unstable.ArrayTable:
			path, place := keyPath(&parser, "", expression, counts)
			if expression.Kind == unstable.ArrayTable {
				counts[path]++
				path = fmt.Sprintf("%s[%d]", path, counts[path]-1)
			}
			table = path
			found[path] = place
		case unstable.KeyValue:
			keyValue(&parser, table, expression, counts, found)
		}
	}
	return found
}

// keyValue notes a field, and those of an inline table or a list of them in it.
func keyValue(parser *unstable.Parser, table string, node *unstable.Node, counts map[string]int, found map[string]Place) {
	path, place := keyPath(parser, table, node, counts)
	found[path] = place
	value := node.Value()
	children := value.Children()
	for index := 0; children.Next(); index++ {
		child := children.Node()
		switch {
		case child.Kind == unstable.KeyValue:
			keyValue(parser, path, child, counts, found)
		case child.Kind == unstable.InlineTable:
			item := fmt.Sprintf("%s[%d]", path, index)
			found[item] = place
			for fields := child.Children(); fields.Next(); {
				keyValue(parser, item, fields.Node(), counts, found)
			}
		}
	}
}

// keyPath is the path that a key stands for. A step into a list of tables is
// one into its last table.
func keyPath(parser *unstable.Parser, path string, node *unstable.Node, counts map[string]int) (string, Place) {
	place := Place{Settings, 1, 1}
	for key := node.Key(); key.Next(); {
		if counts[path] > 0 {
			path = fmt.Sprintf("%s[%d]", path, counts[path]-1)
		}
		path = join(path, quoted(string(key.Node().Data)))
		start := parser.Shape(key.Node().Raw).Start
		place.Line, place.Column = start.Line, start.Column
	}
	return path, place
}

func sortedKeys[V any](fields map[string]V) []string {
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

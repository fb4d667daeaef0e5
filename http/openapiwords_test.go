package http

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fieldWords are the comments on the fields of the Go types that the API takes
// and gives, by "import path.Type.Field": the document shows them.
var fieldWords = sync.OnceValues(func() (map[string]string, error) {
	words := map[string]string{}
	for path, folder := range map[string]string{
		"picloud/http": ".", "picloud/http/folder": "folder", "picloud/store": "../store", "picloud/runtime": "../runtime", "picloud/runtime/lint": "../runtime/lint",
	} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			addWords(words, path, parsed)
		}
	}
	return words, nil
})

func addWords(words map[string]string, path string, file *ast.File) {
	ast.Inspect(file, func(node ast.Node) bool {
		declared, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if made, ok := declared.Type.(*ast.StructType); ok {
			for _, field := range made.Fields.List {
				for _, name := range field.Names {
					words[path+"."+declared.Name.Name+"."+name.Name] = wordsOn(field, name.Name)
				}
			}
		}
		return true
	})
}

// wordsOn are the comment beside a field, or above it, without the field's Go
// name, which readers of the document do not know: "Error is why …".
func wordsOn(field *ast.Field, name string) string {
	text := field.Comment.Text()
	if text == "" {
		text = field.Doc.Text()
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, start := range []string{name + " is ", name + " are ", name + " "} {
		if rest, ok := strings.CutPrefix(text, start); ok {
			text = rest
			break
		}
	}
	return strings.TrimSuffix(text, ".")
}

// describe gives a field of a type its words; those of a change say what the
// draft's say where they say nothing else.
func (s *schemas) describe(kind reflect.Type, field string) string {
	words, err := fieldWords()
	if err != nil {
		s.t.Fatal(err)
	}
	if field == "" {
		return "" // a type's own comment is about the code
	}
	name, _, _ := strings.Cut(kind.Name(), "[")
	if text := words[kind.PkgPath()+"."+name+"."+field]; text != "" {
		return text
	}
	shared := words[kind.PkgPath()+"."+strings.TrimSuffix(name, "Change")+"Draft."+field]
	if strings.Contains(shared, "left out") || strings.Contains(shared, "null") {
		s.t.Errorf("%s.%s needs words of its own: what is left out of a change stays as it was", name, field)
	}
	return shared
}

// Whoever writes a call must know what each field of its body means.
func TestOpenAPIDescribesEveryFieldOfBodies(t *testing.T) {
	t.Parallel()
	var document struct {
		Components struct {
			Schemas map[string]struct {
				AdditionalProperties *bool
				Properties           map[string]struct{ Description string }
			}
		}
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range slices.Sorted(maps.Keys(document.Components.Schemas)) {
		schema := document.Components.Schemas[name]
		if schema.AdditionalProperties == nil || *schema.AdditionalProperties {
			continue // an answer, which may gain fields
		}
		for property, of := range schema.Properties {
			checked++
			if of.Description == "" {
				t.Errorf("openapi.json does not say what %s.%s is; write a comment beside the field", name, property)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d fields of bodies were found", checked)
	}
}

// exampleOf is a body with the fields that have an example beside them, in
// their order; nil when none has.
func exampleOf(body any) json.RawMessage {
	var fields []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(body)) {
		given := field.Tag.Get("example")
		if given == "" {
			continue
		}
		if !json.Valid([]byte(given)) {
			given = strconv.Quote(given) // a text
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, strconv.Quote(name)+":"+given)
	}
	if fields == nil {
		return nil
	}
	return json.RawMessage("{" + strings.Join(fields, ",") + "}")
}

// What the document shows as a body can be sent as it is.
func TestOpenAPIExamplesAreBodies(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	for _, route := range s.adminRoutes() {
		body := route.takes
		if choice, ok := body.(optional); ok {
			body = choice.body
		}
		if body == nil || reflect.TypeOf(body).NumField() == 0 {
			continue
		}
		name := route.method + " " + openPath(adminPrefix+route.path)
		example := exampleOf(body)
		if example == nil {
			t.Errorf("%s has no example of a body; write one beside a field of %T", name, body)
			continue
		}
		hold(t, "the example of "+name+" is", described().operations[name].takes, example)
	}
}

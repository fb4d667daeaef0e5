package client_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"picloud/cli/client"
)

// document is the part of openapi.json that the calls are held to.
type document struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Parameters  []struct{ Name, In string }
	RequestBody *struct{ Content content }
	Responses   map[string]struct{ Content content }
}

type content map[string]struct{ Schema schema }

type schema struct {
	Ref                  string `json:"$ref"`
	Properties           map[string]schema
	Items                *schema
	AnyOf, AllOf         []schema
	Type                 any
	AdditionalProperties any
}

func readDocument(t *testing.T) *document {
	t.Helper()
	text, err := os.ReadFile("../../http/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// find returns the operation that answers a request, and its template.
func (d *document) find(method, path string) (operation, string) {
	words := strings.Split(path, "/")
	for template, operations := range d.Paths {
		parts := strings.Split(template, "/")
		fits := len(parts) == len(words)
		for i := 0; fits && i < len(parts); i++ {
			fits = parts[i] == words[i] || strings.HasPrefix(parts[i], "{") && slices.Contains([]string{"value", "1"}, words[i])
		}
		if o, ok := operations[strings.ToLower(method)]; fits && ok {
			return o, template
		}
	}
	return operation{}, ""
}

// properties are the fields of a schema's object; open says that it may have any.
func (d *document) properties(s schema) (fields map[string]schema, open bool) {
	for s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	fields = maps.Clone(s.Properties)
	if fields == nil {
		fields = map[string]schema{}
	}
	for _, part := range append(s.AnyOf, s.AllOf...) {
		inner, any := d.properties(part)
		maps.Copy(fields, inner)
		open = open || any
	}
	if s.Items != nil {
		return d.properties(*s.Items)
	}
	additional, isBool := s.AdditionalProperties.(bool)
	return fields, open || s.AdditionalProperties != nil && (!isBool || additional)
}

// TestCallsAreInTheDocument makes every call of the client once, with every
// field set, and holds path, method, query, body and the fields of the answer
// to openapi.json.
func TestCallsAreInTheDocument(t *testing.T) {
	t.Parallel()
	d := readDocument(t)
	methods := reflect.TypeFor[*client.Client]()
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			c := &call{t: t, document: d}
			server := httptest.NewServer(c)
			defer server.Close()
			in := []reflect.Value{reflect.ValueOf(client.New(server.URL, "token")), reflect.ValueOf(context.Background())}
			for n := 2; n < method.Type.NumIn(); n++ {
				in = append(in, filled(method.Type.In(n)))
			}
			out := method.Func.Call(in)
			if c.requests != 1 {
				t.Fatalf("%d requests", c.requests)
			}
			if method.Name != "StreamLogs" && !out[len(out)-1].IsNil() {
				t.Errorf("the call failed: %v", out[len(out)-1])
			}
			if len(out) == 2 {
				c.checkAnswer(out[0].Type())
			}
		})
	}
}

// filled is a value of a type with something in every field.
func filled(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(`{}`))
	case of.Kind() == reflect.String:
		v.SetString("value")
	case of.Kind() == reflect.Int || of.Kind() == reflect.Int64:
		v.SetInt(1)
	case of.Kind() == reflect.Float64:
		v.SetFloat(1)
	case of.Kind() == reflect.Bool:
		v.SetBool(true)
	case of.Kind() == reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
		v.Elem().Set(filled(of.Elem()))
	case of.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, filled(of.Elem())))
	case of.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(of))
		v.SetMapIndex(filled(of.Key()), filled(of.Elem()))
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			if v.Field(i).CanSet() {
				v.Field(i).Set(filled(of.Field(i).Type))
			}
		}
	case of.Kind() == reflect.Func:
		v.Set(reflect.MakeFunc(of, func([]reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.Zero(reflect.TypeFor[error]())}
		}))
	}
	return v
}

// call is the far side of one call.
type call struct {
	t        *testing.T
	document *document
	found    operation
	requests int
}

func (c *call) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.requests++
	var template string
	if c.found, template = c.document.find(r.Method, r.URL.EscapedPath()); template == "" {
		c.t.Errorf("the document has no %s %s", r.Method, r.URL.Path)
	}
	for name := range r.URL.Query() {
		known := false
		for _, parameter := range c.found.Parameters {
			known = known || parameter.In == "query" && parameter.Name == name
		}
		if !known {
			c.t.Errorf("%s %s has no parameter %q", r.Method, template, name)
		}
	}
	var body any
	if json.NewDecoder(r.Body).Decode(&body) == nil {
		if c.found.RequestBody == nil {
			c.t.Errorf("%s %s takes no body", r.Method, template)
		} else {
			c.checkFields(body, c.found.RequestBody.Content["application/json"].Schema, "")
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write([]byte(`{}`)); err != nil {
		c.t.Error(err)
	}
}

// checkFields holds the names in a body to a schema.
func (c *call) checkFields(value any, s schema, where string) {
	switch v := value.(type) {
	case []any:
		for _, each := range v {
			c.checkFields(each, s, where)
		}
	case map[string]any:
		fields, open := c.document.properties(s)
		if open || len(fields) == 0 {
			return // any JSON
		}
		for name, inner := range v {
			field, known := fields[name]
			if !known {
				c.t.Errorf("the body has no field %s%s; it has %v", where, name, slices.Sorted(maps.Keys(fields)))
				continue
			}
			c.checkFields(inner, field, where+name+".")
		}
	}
}

// checkAnswer holds the fields that the client reads to the answer's schema.
func (c *call) checkAnswer(of reflect.Type) {
	s := schema{}
	for _, status := range []string{"200", "201"} {
		if found, ok := c.found.Responses[status]; ok {
			s = found.Content["application/json"].Schema
		}
	}
	if of.Kind() == reflect.Slice { // of the items of a page
		fields, _ := c.document.properties(s)
		s, of = fields["items"], of.Elem()
	}
	fields, open := c.document.properties(s)
	if open || of.Kind() != reflect.Struct {
		return
	}
	for _, name := range jsonNames(of) {
		if _, known := fields[name]; !known {
			c.t.Errorf("the answer has no field %q; it has %v", name, slices.Sorted(maps.Keys(fields)))
		}
	}
}

func jsonNames(of reflect.Type) (names []string) {
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			names = append(names, jsonNames(field.Type)...)
		case field.IsExported() && name != "-":
			names = append(names, name)
		}
	}
	return names
}

package http

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const apiPageFile = "../docs/http-api.md"

// docs/http-api.md is openapi.json for people who have no instance at hand; it
// is made, never written.
func TestAPIPageIsTheDocument(t *testing.T) {
	t.Parallel()
	made := apiPage(t)
	if *update {
		if err := os.WriteFile(apiPageFile, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(apiPageFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made) {
		at := firstDifference(kept, made)
		t.Errorf("docs/http-api.md is stale; run go test ./http -run APIPage -update. It says\n%s\nand should say\n%s", near(kept, at), near(made, at))
	}
}

// described parts of the document that the page shows.
type (
	pageSchema struct {
		Type, Format, Description string
		Ref                       string `json:"$ref"`
		Enum                      []string
		Minimum, Maximum          *int64
		Items                     *pageSchema
		AnyOf                     []pageSchema
		Properties                json.RawMessage
		AdditionalProperties      json.RawMessage
		Required                  []string
		Codes                     map[string]struct {
			Status int
			When   string
		} `json:"x-codes"`
	}
	pageContent map[string]struct {
		Schema  pageSchema
		Example json.RawMessage
	}
	pageCall struct {
		Summary, Description string
		Tags                 []string
		Parameters           []struct {
			Name, In, Description string
			Schema                pageSchema
		}
		RequestBody *struct {
			Required bool
			Content  pageContent
		}
		Responses map[string]struct {
			Content pageContent
			Codes   []string `json:"x-codes"`
		}
	}
	pageDocument struct {
		Info       struct{ Description string }
		Tags       []struct{ Name, Description string }
		Paths      map[string]map[string]pageCall
		Components struct{ Schemas map[string]pageSchema }
	}
)

// apiPageWriter writes one Markdown document.
type apiPageWriter struct {
	out bytes.Buffer
	t   *testing.T
}

func (w *apiPageWriter) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

func apiPage(t *testing.T) []byte {
	var document pageDocument
	if err := json.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	w := &apiPageWriter{t: t}
	w.line("# The HTTP API")
	w.line("")
	w.line("%s This page is made of the OpenAPI document that each instance serves at", document.Info.Description)
	w.line("`/api/v1/openapi.json`, by `go test ./http -run APIPage -update`; the page of an instance shows the same under Reference, with commands to copy.")
	w.line("")
	w.line("A program shows its API key as `Authorization: Bearer pic_…`. Bodies and answers are JSON. Every error is")
	w.line("`{\"error\":{\"code\":…,\"message\":…,\"details\":…}}`; codes are stable. Lists come in pages: `?limit=` up to 200, `?cursor=` with the `next_cursor` of the page before.")
	w.line("")
	for _, tag := range document.Tags {
		w.line("- [%s](#%s): %s", tag.Name, anchor(tag.Name), tag.Description)
	}
	w.line("- [Types](#types), [error codes](#error-codes)")
	for _, tag := range document.Tags {
		w.line("\n## %s\n\n%s", tag.Name, tag.Description)
		w.calls(document.Paths, tag.Name)
	}
	w.types(document.Components.Schemas)
	w.codes(document.Components.Schemas["ErrorCode"])
	return w.out.Bytes()
}

func (w *apiPageWriter) calls(paths map[string]map[string]pageCall, tag string) {
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if call, ok := paths[path][method]; ok && call.Tags[0] == tag {
				w.call(strings.ToUpper(method)+" "+path, call)
			}
		}
	}
}

func (w *apiPageWriter) call(name string, call pageCall) {
	w.line("\n### `%s`\n\n%s. %s\n", name, call.Summary, cmp.Or(call.Description, "Needs no credential."))
	for _, p := range call.Parameters {
		w.line("- `%s` (%s, %s): %s", p.Name, p.In, typeWords(p.Schema), p.Description)
	}
	if body := call.RequestBody; body != nil {
		content := body.Content["application/json"]
		may := map[bool]string{true: "Body", false: "Body, which may be left out"}[body.Required]
		w.line("- %s: %s%s", may, typeWords(content.Schema), exampleWords(content.Example))
	}
	var refused []string
	for _, status := range slices.Sorted(maps.Keys(call.Responses)) {
		answer := call.Responses[status]
		switch {
		case status == "default":
		case answer.Codes != nil:
			refused = append(refused, status+" `"+strings.Join(answer.Codes, "`, `")+"`")
		default:
			w.line("- Answers %s%s", status, contentWords(answer.Content))
		}
	}
	if refused != nil {
		w.line("- Refuses: %s", strings.Join(refused, "; "))
	}
}

func exampleWords(example json.RawMessage) string {
	if example == nil {
		return ""
	}
	return ", such as `" + string(example) + "`"
}

func contentWords(content pageContent) string {
	if answer, ok := content["application/json"]; ok {
		return " with " + typeWords(answer.Schema)
	}
	var words string
	for media := range content {
		words += " with `" + media + "`"
	}
	return words
}

// typeWords is a schema in a few words, with links to named types.
func typeWords(s pageSchema) string {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		if name == "ErrorCode" { // has a section of its own, see codes
			return "[" + name + "](#error-codes)"
		}
		return "[" + name + "](#" + anchor(name) + ")"
	case s.AnyOf != nil:
		var words []string
		for _, choice := range s.AnyOf {
			words = append(words, typeWords(choice))
		}
		return strings.Join(words, " or ")
	case s.Enum != nil:
		return "`" + strings.Join(s.Enum, "`, `") + "`"
	case s.Items != nil:
		return "list of " + typeWords(*s.Items)
	case s.Format == "uuid":
		return "UUID"
	case s.Format == "date-time":
		return "time"
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("%s from %d to %d", s.Type, *s.Minimum, *s.Maximum)
	}
	var others pageSchema
	if bytes.HasPrefix(s.AdditionalProperties, []byte("{")) && json.Unmarshal(s.AdditionalProperties, &others) == nil {
		return "object of name → " + typeWords(others)
	}
	return cmp.Or(s.Type, "any JSON value")
}

func (w *apiPageWriter) types(schemas map[string]pageSchema) {
	w.line("\n## Types\n\nTimes are RFC 3339 in UTC with milliseconds. A `*` marks what a body must have; a `?` what may be missing from an answer.")
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		schema := schemas[name]
		if name == "ErrorCode" {
			continue
		}
		w.line("\n### %s\n", name)
		if schema.Properties == nil {
			w.line("%s", typeWords(schema))
			continue
		}
		w.line("| field | type | |\n| --- | --- | --- |")
		w.fields(schema)
	}
}

func (w *apiPageWriter) fields(schema pageSchema) {
	isBody := string(schema.AdditionalProperties) == "false"
	for name, field := range w.inOrder(schema.Properties) {
		mark := ""
		switch required := slices.Contains(schema.Required, name); {
		case isBody && required:
			mark = "*"
		case !isBody && !required:
			mark = "?"
		}
		w.line("| `%s`%s | %s | %s |", name, mark, typeWords(field), strings.ReplaceAll(field.Description, "|", `\|`))
	}
}

// inOrder goes through an object's members as they are written: fields of Go
// types have an order that means something.
func (w *apiPageWriter) inOrder(object json.RawMessage) func(yield func(string, pageSchema) bool) {
	return func(yield func(string, pageSchema) bool) {
		decoder := json.NewDecoder(bytes.NewReader(object))
		if _, err := decoder.Token(); err != nil {
			w.t.Fatal(err)
		}
		for decoder.More() {
			name, err := decoder.Token()
			var field pageSchema
			if err == nil {
				err = decoder.Decode(&field)
			}
			if err != nil {
				w.t.Fatal(err)
			}
			if !yield(name.(string), field) {
				return
			}
		}
	}
}

func (w *apiPageWriter) codes(schema pageSchema) {
	w.line("\n## Error codes\n\nBeside those that stand with a call, any call may be refused with `%s`.\n", strings.Join(anyCallMeets, "`, `"))
	w.line("| code | status | when |\n| --- | --- | --- |")
	for _, code := range slices.Sorted(maps.Keys(schema.Codes)) {
		w.line("| `%s` | %d | %s |", code, schema.Codes[code].Status, schema.Codes[code].When)
	}
}

// anchor is the address of a heading as GitHub makes it.
func anchor(heading string) string { return strings.ReplaceAll(strings.ToLower(heading), " ", "-") }

package http

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/invopop/jsonschema"

	"picloud/http/routing"
	"picloud/runtime"
	"picloud/runtime/lint"
	"picloud/runtime/signature"
	"picloud/store"
)

// schemas makes the schemas of Go types. A body needs the fields that are
// tagged as required and takes no others than its own; an answer has all but
// those with omitempty, and may gain some.
type schemas struct {
	t              *testing.T
	answer, bodies *jsonschema.Reflector
	named          map[string]json.RawMessage
	kinds          map[string]reflect.Type // what a name stands for
}

func newSchemas(t *testing.T) *schemas {
	s := &schemas{t: t, named: map[string]json.RawMessage{}, kinds: map[string]reflect.Type{}}
	s.answer = &jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true, Namer: s.name, Mapper: mapped, LookupComment: s.describe}
	s.bodies = &jsonschema.Reflector{Anonymous: true, RequiredFromJSONSchemaTags: true, Namer: s.name, Mapper: mapped, LookupComment: s.describe}
	for kind, words := range enumerations {
		s.keep(s.name(kind), &jsonschema.Schema{Type: "string", Enum: words})
	}
	codes, err := json.Marshal(errorCodes())
	if err != nil {
		t.Fatal(err)
	}
	s.named["ErrorCode"] = codes
	return s
}

// of is the schema of an answer's type, given an empty value of it.
func (s *schemas) of(value any) json.RawMessage { return s.reflect(s.answer, value) }

// ofBody is the schema of a request body's type.
func (s *schemas) ofBody(value any) json.RawMessage { return s.reflect(s.bodies, value) }

func (s *schemas) reflect(r *jsonschema.Reflector, value any) json.RawMessage {
	root := r.ReflectFromType(reflect.TypeOf(value))
	for name, schema := range root.Definitions {
		s.complete(r, name, schema)
		s.keep(name, schema)
	}
	root.Definitions, root.Version = nil, ""
	return s.text(root)
}

// complete says what tags do not: which fields may be null, which words they
// take, and what is in those that the code keeps raw.
func (s *schemas) complete(r *jsonschema.Reflector, name string, schema *jsonschema.Schema) {
	kind := s.kinds[name]
	if kind.Kind() != reflect.Struct || schema.Properties == nil {
		return
	}
	for _, field := range reflect.VisibleFields(kind) {
		property, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		found, ok := schema.Properties.Get(property)
		if !ok {
			continue
		}
		words := found.Description
		if exact := s.exact(r, name+"."+property); exact != nil {
			found = exact
		} else if field.Type == reflect.TypeFor[json.RawMessage]() {
			found = &jsonschema.Schema{Description: "any JSON value"}
		}
		if words := wordsOf[property]; words != nil {
			limitTo(found, words)
		}
		if field.Type.Kind() == reflect.Pointer && s.mayBeNull(r, name, options) {
			found.Description = ""
			found = nullable(found)
		}
		if words != "" {
			described := *found // what exact answers may be shared
			described.Description, found = words, &described
		}
		schema.Properties.Set(property, found)
	}
}

// mayBeNull reports whether a pointer shows as null: in an answer unless it is
// left out then, and in a body but for changes, where null would say the same as
// leaving the field out and look like taking its value away.
func (s *schemas) mayBeNull(r *jsonschema.Reflector, name, options string) bool {
	if r == s.bodies {
		return !strings.HasSuffix(name, "Change")
	}
	return options == ""
}

func (s *schemas) exact(r *jsonschema.Reflector, field string) *jsonschema.Schema {
	switch value := rawFields[field].(type) {
	case nil:
		return nil
	case *jsonschema.Schema:
		return value
	default:
		schema := r.ReflectFromType(reflect.TypeOf(value))
		for name, inner := range schema.Definitions {
			s.complete(r, name, inner)
			s.keep(name, inner)
		}
		schema.Definitions, schema.Version = nil, ""
		if reflect.TypeOf(value).Kind() == reflect.Pointer {
			return nullable(schema)
		}
		return schema
	}
}

func nullable(schema *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{schema, {Type: "null"}}}
}

func limitTo(schema *jsonschema.Schema, words []any) {
	switch {
	case schema.Type == "string":
		schema.Enum = words
	case schema.Type == "array" && schema.Items.Type == "string":
		schema.Items.Enum = words
	}
}

// keep adds a schema under its name, which no other may have.
func (s *schemas) keep(name string, schema *jsonschema.Schema) {
	text := s.text(schema)
	if before, ok := s.named[name]; ok && string(before) != string(text) {
		s.t.Fatalf("%s is not the same as a body and as an answer:\n%s\n%s", name, before, text)
	}
	s.named[name] = text
}

func (s *schemas) text(schema *jsonschema.Schema) json.RawMessage {
	text, err := json.Marshal(schema)
	if err != nil {
		s.t.Fatal(err)
	}
	return json.RawMessage(strings.ReplaceAll(string(text), "#/$defs/", "#/components/schemas/"))
}

// name is a type's name in the document: Page[store.User] is UserPage.
func (s *schemas) name(kind reflect.Type) string {
	name := kind.Name()
	if name == "" || kind.PkgPath() == "" {
		return ""
	}
	if shorter, ok := shorterNames[name]; ok {
		name = shorter
	}
	if generic, inner, ok := strings.Cut(name, "["); ok {
		inner = strings.TrimSuffix(inner, "]")
		inner = inner[strings.LastIndexByte(inner, '.')+1:]
		if shorter, ok := shorterNames[inner]; ok {
			inner = shorter
		}
		name = inner + generic
	}
	letters := []rune(name)
	letters[0] = unicode.ToUpper(letters[0])
	name = string(letters)
	if before, ok := s.kinds[name]; ok && before != kind {
		s.t.Fatalf("%s and %s have one name in openapi.json", before, kind)
	}
	s.kinds[name] = kind
	return name
}

// shorterNames are for types whose names say what only the code is about.
var shorterNames = map[string]string{"appView": "App", "newKey": "NewAPIKey", "errorBody": "Error", "invokeAnswer": "TestRun", "signedIn": "SignIn", "versions": "Versions"}

// enumerations are the types that take a few words only.
var enumerations = map[reflect.Type][]any{
	reflect.TypeFor[store.Role]():            anyOf(store.RoleOwner, store.RoleAdmin, store.RoleMember),
	reflect.TypeFor[store.AppRole]():         anyOf(store.AppAdmin, store.AppEditor, store.AppViewer),
	reflect.TypeFor[store.Scope]():           anyOf(store.Scopes...),
	reflect.TypeFor[store.ScriptKind]():      anyOf(store.ScriptEndpoint, store.ScriptModule),
	reflect.TypeFor[store.Access]():          anyOf(store.AccessOpen, store.AccessAuthenticated),
	reflect.TypeFor[store.ExecutionStatus](): anyOf(executionStatuses...),
	reflect.TypeFor[store.TriggerKind]():     anyOf(eventKinds...),
	reflect.TypeFor[store.DeadLetterState](): anyOf(store.DeadLetterOpen, store.DeadLetterResolved, store.DeadLetterReplayed, store.DeadLetterHandlerFailed),
	reflect.TypeFor[lint.Severity]():         anyOf(lint.SeverityError, lint.SeverityWarning),
}

// wordsOf are the texts that fields of these names take.
var wordsOf = map[string][]any{
	"dispatch_mode":   anyOf(dispatchSync, dispatchAsync),
	"path_kind":       anyOf(routing.PathExact, routing.PathPrefix, routing.PathParam),
	"host_kind":       anyOf(routing.HostAny, routing.HostStrict, routing.HostWildcard),
	"provider":        anyOf(signature.Providers...),
	"backoff":         anyOf(store.BackoffExponential, store.BackoffLinear, store.BackoffConstant),
	"ops":             anyOf("insert", "update", "delete"),
	"invocation_type": anyOf(runtime.KindHTTP, runtime.KindExecute, runtime.KindTrigger, runtime.KindTest),
	"level":           anyOf("trace", "debug", "info", "warn", "error"),
}

func anyOf[T ~string](words ...T) []any {
	list := make([]any, 0, len(words))
	for _, word := range words {
		list = append(list, string(word))
	}
	return list
}

// mapped are the types whose JSON is not what their fields say.
func mapped(kind reflect.Type) *jsonschema.Schema {
	switch kind {
	case reflect.TypeFor[store.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[uuid.UUID]():
		return &jsonschema.Schema{Type: "string", Format: "uuid"}
	case reflect.TypeFor[store.Event]():
		return eventSchema()
	}
	if enumerations[kind] != nil {
		return &jsonschema.Schema{Ref: "#/components/schemas/" + strings.TrimPrefix(kind.String(), kind.String()[:strings.IndexByte(kind.String(), '.')+1])}
	}
	return nil
}

// eventSchema has the fields of every event; those of its kind are beside them.
func eventSchema() *jsonschema.Schema {
	schema := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.TrueSchema,
		Required: []string{"id", "kind", "occurred_at", "depth", "trigger_id"}}
	id := &jsonschema.Schema{Type: "string", Format: "uuid"}
	schema.Properties.Set("id", id)
	schema.Properties.Set("kind", &jsonschema.Schema{Type: "string", Enum: append(slices.Clone(anyOf(eventKinds...)), store.KindRequest)})
	schema.Properties.Set("occurred_at", &jsonschema.Schema{Type: "string", Format: "date-time"})
	schema.Properties.Set("depth", &jsonschema.Schema{Type: "integer"})
	schema.Properties.Set("trigger_id", nullable(id))
	for _, name := range []string{"trigger_name", "body"} {
		schema.Properties.Set(name, &jsonschema.Schema{Type: "string"})
	}
	schema.Properties.Set("body_base64", &jsonschema.Schema{Type: "boolean"})
	return schema
}

// rawFields says what is in fields that the code keeps raw, or as plain text.
// A pointer says that null is taken too.
var rawFields = map[string]any{
	"ErrorContent.code":         &jsonschema.Schema{Ref: "#/components/schemas/ErrorCode"},
	"ScriptChange.timeout_ms":   new(int64),
	"ScriptChange.limits":       new(limitsChange),
	"LimitsChange.instructions": new(int64),
	"LimitsChange.memory_bytes": new(int64),
	"LimitsChange.call_depth":   new(int64),
	"LimitsChange.string_bytes": new(int64),
	"LimitsChange.sdk_calls":    new(int64),
	"RouteChange.verify":        new(verifyBody),
	"RouteChange.dedupe":        new(dedupeBody),
	"RouteChange.rate_limit":    new(rateLimitBody),
	"InvokeBody.event":          new(object),
	"InvokeRequest.query":       &jsonschema.Schema{Type: "", AnyOf: []*jsonschema.Schema{{Type: "string"}, textLists(), {Type: "null"}}},
	"InvokeRequest.headers":     nullable(textLists()),
	"FireBody.event":            new(object),
	"DocumentQuery.where":       object{},
	"DocumentQuery.sort":        textOrList(),
	"DocumentQuery.limit":       0,
	"DocumentQuery.cursor":      "",
	"DocumentQuery.fields":      []string{},
	"AuditEntry.details":        object{},
	"Setting.source":            &jsonschema.Schema{Type: "string", Enum: anyOf("flag", "environment", "file", "default")},
}

func textOrList() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}}
}

func textLists() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: textOrList()}
}

func TestOpenAPINamesEveryErrorCode(t *testing.T) {
	t.Parallel()
	var document struct {
		Components struct {
			Schemas struct{ ErrorCode struct{ Enum []string } }
		}
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	for code := range catalogue {
		if !slices.Contains(document.Components.Schemas.ErrorCode.Enum, code) {
			t.Error(fmt.Errorf("openapi.json lacks the code %s", code))
		}
	}
}

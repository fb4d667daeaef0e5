package http

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"picloud/store"
)

var update = flag.Bool("update", false, "make openapi.json anew")

// The document is made of the routes' tables and of the Go types that handlers
// bind and answer; what is committed and embedded must be what they say now.
func TestOpenAPIDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	made := newDocument(t).encode(newTestServer(t).Server)
	if *update {
		if err := os.WriteFile("openapi.json", made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, openAPI) {
		at := firstDifference(made, openAPI)
		t.Fatalf("openapi.json is stale; run go test ./http -run OpenAPIDocument -update. It says\n%s\nand should say\n%s", near(openAPI, at), near(made, at))
	}
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(context.Background()); err != nil {
		t.Errorf("openapi.json is not OpenAPI: %v", err)
	}
}

func firstDifference(a, b []byte) int {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return at
}

// near is the text around a place.
func near(text []byte, at int) []byte { return text[max(0, at-200):min(len(text), at+200)] }

func TestOpenAPIIsServed(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	w := request(t, s, "GET", "/api/v1/openapi.json", "", nil)
	wantStatus(t, w, 200)
	if !bytes.Equal(w.Body.Bytes(), openAPI) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d bytes of %s, want the %d embedded ones", w.Body.Len(), w.Header().Get("Content-Type"), len(openAPI))
	}
	tag := w.Header().Get("ETag")
	again := request(t, s, "GET", "/api/v1/openapi.json", "", map[string]string{"If-None-Match": tag})
	if wantStatus(t, again, 304); tag == "" || again.Body.Len() > 0 {
		t.Errorf("the tag %q is answered with %d bytes", tag, again.Body.Len())
	}
	head := request(t, s, "HEAD", "/api/v1/openapi.json", "", nil)
	if wantStatus(t, head, 200); head.Body.Len() > 0 || head.Header().Get("Content-Length") != strconv.Itoa(len(openAPI)) {
		t.Errorf("HEAD answers %d bytes of %s", head.Body.Len(), head.Header().Get("Content-Length"))
	}
	wantError(t, request(t, s, "POST", "/api/v1/openapi.json", "{}", nil), 405, "method_not_allowed")
}

// object is a JSON object on its way into the document.
type object = map[string]any

// document is openapi.json while it is made.
type document struct {
	*schemas
	paths map[string]object
}

func newDocument(t *testing.T) *document {
	return &document{schemas: newSchemas(t), paths: map[string]object{}}
}

func (d *document) encode(s *Server) []byte {
	for _, group := range callGroups {
		for _, route := range group.routes(s) {
			d.addAdmin(group.name, route)
		}
	}
	for _, route := range s.publicRoutes() {
		if route.status != 0 {
			operation := d.operation(operationName(route.handle), route.path, route.contract, nil)
			operation["tags"] = []string{groupPublic}
			if route.path != "/metrics" { // it alone asks for a credential
				operation["security"] = []object{}
			}
			d.add("GET", route.path, operation)
		}
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		d.addExecute(method)
	}
	anyError := d.refusal("An error; its code says which. Any call may meet these: "+strings.Join(anyCallMeets, ", "), anyCallMeets)
	return append(d.lines(object{
		"openapi": "3.1.0",
		"info": object{"title": "PiCloud", "version": strconv.Itoa(servedAPI),
			"description": "The control plane of a PiCloud instance. Answers may gain fields; none is renamed or lost within a version."},
		"servers":  []object{{"url": "/"}},
		"tags":     groupTags(),
		"security": []object{{"bearer": []string{}}, {"cookie": []string{}}},
		"paths":    d.paths,
		"components": object{
			"schemas":   d.named,
			"responses": object{"Error": anyError},
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "description": "a session's token from auth/login, or an API key"},
				"cookie": object{"type": "apiKey", "in": "cookie", "name": sessionCookie,
					"description": "the session of the admin page, over TLS under the name " + hostCookiePrefix + sessionCookie + "; only for calls of the page itself"},
			},
		},
	}, 3), '\n')
}

// lines is a value as JSON with a line for each member of its first few levels:
// one for each call and each schema, so that differences show which changed.
func (d *document) lines(value any, levels int) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		d.t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if levels == 0 || json.Unmarshal(text, &members) != nil || len(members) == 0 {
		return text
	}
	list := make([]string, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		list = append(list, fmt.Sprintf("%q: %s", name, d.lines(members[name], levels-1)))
	}
	return []byte("{\n" + strings.Join(list, ",\n") + "\n}")
}

func (d *document) add(method, path string, operation object) {
	path = openPath(path)
	if d.paths[path] == nil {
		d.paths[path] = object{}
	}
	d.paths[path][strings.ToLower(method)] = operation
}

func (d *document) addAdmin(group string, route adminRoute) {
	path := adminPrefix + route.path
	operation := d.operation(operationName(route.handle), path, route.contract, refusalsOf(route))
	operation["tags"] = []string{group}
	if route.needs == public {
		operation["security"] = []object{}
	} else {
		operation["description"] = needed(rules[route.needs])
		operation["x-needs"] = needs(rules[route.needs])
	}
	d.add(route.method, path, operation)
}

// needed is a capability's rule in words.
func needed(r rule) string {
	text := "Needs a signed-in user"
	switch {
	case r.role != store.RoleMember:
		text = "Needs the role " + string(r.role)
	case r.inApp != "":
		text = "Needs the role " + string(r.inApp) + " in the app"
	}
	switch r.scope {
	case noKey:
		return text + "; no API key."
	case anyKey:
		return text + ", or any API key."
	default:
		return text + "; an API key needs the scope " + string(r.scope) + "."
	}
}

func (d *document) operation(name, path string, c contract, refused refusals) object {
	parameters := []object{}
	segments := strings.Split(openPath(path), "/")
	for i, segment := range segments {
		if inner, ok := strings.CutPrefix(segment, "{"); ok {
			parameters = append(parameters, d.pathParameter(segments[i-1], strings.TrimSuffix(inner, "}")))
		}
	}
	for _, p := range c.query {
		parameters = append(parameters, d.queryParameter(p))
	}
	success := object{"description": "Done"}
	switch gives := c.gives.(type) {
	case nil:
	case media:
		success["content"] = object{gives.kind: object{"schema": d.of(gives.of)}}
	default:
		success["content"] = asJSON(d.of(c.gives))
	}
	answers := d.answersOf(refused)
	answers[strconv.Itoa(c.status)] = success
	operation := object{"operationId": name, "summary": c.summary, "parameters": parameters, "responses": answers}
	if body := d.body(c.takes); body != nil {
		operation["requestBody"] = body
	}
	return operation
}

func asJSON(schema any) object { return object{"application/json": object{"schema": schema}} }

func (d *document) body(takes any) object {
	if takes == nil {
		return nil
	}
	choice, isOptional := takes.(optional)
	if isOptional {
		takes = choice.body
	}
	content := object{"schema": d.ofBody(takes)}
	if example := exampleOf(takes); example != nil {
		content["example"] = example
	}
	return object{"required": !isOptional, "content": object{"application/json": content}}
}

// addExecute describes the path that stands outside Echo's router.
func (d *document) addExecute(method string) {
	const path = "/api/v1/execute/:script_id"
	d.add(method, path, object{
		"operationId": "execute" + method[:1] + strings.ToLower(method[1:]),
		"summary":     "Run a script without a route; any other method does too",
		"tags":        []string{groupRunning},
		"parameters":  []object{d.pathParameter("execute", "script_id")},
		"security":    []object{{}, {"bearer": []string{}}, {"cookie": []string{}}},
		"responses":   object{"default": object{"description": "What the script answers, or an error", "content": object{"*/*": object{}}}},
	})
}

// openPath is a path of Echo's router in the form of OpenAPI.
func openPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.ReplaceAll(strings.Join(segments, "/"), `\:`, ":")
}

// operationName is the name of the method that handles a route.
func operationName(handler any) string {
	name := goruntime.FuncForPC(reflect.ValueOf(handler).Pointer()).Name()
	return strings.TrimSuffix(name[strings.LastIndexByte(name, '.')+1:], "-fm")
}

// errorCodes is every code with its status and meaning.
func errorCodes() object {
	codes := make([]any, 0, len(catalogue))
	lines := object{}
	for code, entry := range catalogue {
		codes = append(codes, code)
		lines[code] = object{"status": entry.Status, "when": entry.When}
	}
	slices.SortFunc(codes, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return object{"type": "string", "description": "Codes are stable: one may be added, none renamed", "enum": codes, "x-codes": lines}
}

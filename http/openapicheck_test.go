package http

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ServeHTTP holds each call of the API that a test makes to openapi.json: what
// was answered, and, of a call that succeeded, what was sent.
func (s *testServer) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	if !strings.HasPrefix(r.URL.Path, adminPrefix) {
		s.Server.ServeHTTP(w, r)
		return
	}
	var sent bytes.Buffer
	if r.Body != nil && r.Body != nethttp.NoBody {
		r.Body = teeBody{io.TeeReader(r.Body, &sent), r.Body}
	}
	answered := &teeAnswer{ResponseWriter: w, status: nethttp.StatusOK}
	if _, inMemory := w.(*httptest.ResponseRecorder); inMemory {
		// A stream ends by itself only when its reader goes: this one goes when it
		// has what there was.
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		r, answered.ready = r.WithContext(ctx), cancel
	}
	s.Server.ServeHTTP(answered, r)
	c := s.echo.NewContext(r, answered)
	s.echo.Router().Find(r.Method, r.URL.EscapedPath(), c)
	if operation := described().operations[r.Method+" "+openPath(c.Path())]; operation != nil && w.Header().Get("Content-Disposition") != "" {
		return // a file, whose content the document does not describe
	} else if operation != nil {
		operation.check(s.t, r, sent.Bytes(), answered)
	} else if answered.status < nethttp.StatusBadRequest {
		s.t.Errorf("openapi.json does not describe %s %s, which answered %d", r.Method, c.Path(), answered.status)
	}
}

type teeBody struct {
	io.Reader
	io.Closer
}

// teeAnswer keeps what it sends, and calls ready after a stream's event of that name.
type teeAnswer struct {
	nethttp.ResponseWriter
	status int
	body   bytes.Buffer
	ready  func()
}

func (a *teeAnswer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *teeAnswer) Write(p []byte) (int, error) {
	a.body.Write(p)
	if a.ready != nil && bytes.Contains(p, []byte("event: ready\n")) {
		defer a.ready()
	}
	return a.ResponseWriter.Write(p)
}

func (a *teeAnswer) Unwrap() nethttp.ResponseWriter { return a.ResponseWriter }

// describedOperation is one call as openapi.json has it, made ready to check.
type describedOperation struct {
	query   []string
	takes   *jsonschema.Schema // nil without a body
	event   *jsonschema.Schema // of a stream; nil for other answers
	answers map[string]*jsonschema.Schema
	codes   map[string][]string // of errors, by status
}

func (o *describedOperation) check(t testing.TB, r *nethttp.Request, sent []byte, answered *teeAnswer) {
	t.Helper()
	call := r.Method + " " + r.URL.Path
	status := strconv.Itoa(answered.status)
	if o.event != nil && answered.status == nethttp.StatusOK {
		o.checkEvents(t, call, answered.body.String())
		return
	}
	schema, listed := o.answers[status]
	if !listed {
		if answered.status < 400 {
			t.Errorf("%s answered %s, which openapi.json does not list: %s", call, status, answered.body.Bytes())
		}
		schema = o.answers["default"]
	}
	if answered.status >= 400 {
		o.checkCode(t, call, answered)
	}
	if schema == nil && answered.body.Len() > 0 {
		t.Errorf("%s answered %s with a body: %s", call, status, answered.body.Bytes())
	}
	hold(t, call+" answered "+status, schema, answered.body.Bytes())
	if answered.status >= 400 {
		return
	}
	for name := range r.URL.Query() {
		if !slices.Contains(o.query, name) {
			t.Errorf("%s took ?%s=, which openapi.json does not list", call, name)
		}
	}
	if len(sent) > 0 {
		hold(t, call+" was sent", o.takes, sent)
	}
}

// checkEvents holds each record of a stream to its schema.
func (o *describedOperation) checkEvents(t testing.TB, call, stream string) {
	t.Helper()
	for event := range strings.SplitSeq(stream, "\n\n") {
		if _, rest, ok := strings.Cut(event, "event: execution\ndata: "); ok {
			hold(t, call+" sent", o.event, []byte(rest))
		}
	}
}

// checkCode finds errors whose code the document does not list under their status.
func (o *describedOperation) checkCode(t testing.TB, call string, answered *teeAnswer) {
	t.Helper()
	var failure errorBody
	if json.Unmarshal(answered.body.Bytes(), &failure) != nil {
		return // the schema says what is wrong
	}
	code := failure.Error.Code
	if !slices.Contains(o.codes[strconv.Itoa(answered.status)], code) && !slices.Contains(anyCallMeets, code) {
		t.Errorf("%s answered %d %s, which openapi.json does not list; it belongs to what the route refuses", call, answered.status, code)
	}
}

func hold(t testing.TB, what string, schema *jsonschema.Schema, text []byte) {
	t.Helper()
	if schema == nil {
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s what openapi.json does not describe: %v\n%.2000s", what, err, text)
	}
}

// describedAPI is openapi.json made ready to check calls by "METHOD path".
type describedAPI struct {
	operations map[string]*describedOperation
}

var described = sync.OnceValue(func() *describedAPI {
	const file = "openapi.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	if err != nil {
		panic(err)
	}
	strict(document)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(file, document); err != nil {
		panic(err)
	}
	api := &describedAPI{operations: map[string]*describedOperation{}}
	for path, methods := range document.(object)["paths"].(object) {
		for method := range methods.(object) {
			name := strings.ToUpper(method) + " " + path
			api.operations[name] = compiled(compiler, file+"#/paths/"+pointer(path)+"/"+method, methods.(object)[method].(object))
		}
	}
	return api
})

// pointer is a name as a JSON pointer has it.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name)
}

func compiled(compiler *jsonschema.Compiler, at string, operation object) *describedOperation {
	made := &describedOperation{answers: map[string]*jsonschema.Schema{}, codes: map[string][]string{}}
	for _, parameter := range operation["parameters"].([]any) {
		if parameter := parameter.(object); parameter["in"] == "query" {
			made.query = append(made.query, parameter["name"].(string))
		}
	}
	const inJSON = "/content/application~1json/schema"
	if operation["requestBody"] != nil {
		made.takes = compiler.MustCompile(at + "/requestBody" + inJSON)
	}
	for status, answer := range operation["responses"].(object) {
		place := at + "/responses/" + status
		listed, _ := answer.(object)["x-codes"].([]any)
		for _, code := range listed {
			made.codes[status] = append(made.codes[status], code.(string))
		}
		switch answer := answer.(object); {
		case answer["$ref"] != nil:
			made.answers[status] = compiler.MustCompile("openapi.json" + answer["$ref"].(string) + inJSON)
		case answer["content"] != nil && answer["content"].(object)["application/json"] != nil:
			made.answers[status] = compiler.MustCompile(place + inJSON)
		case answer["content"] != nil && answer["content"].(object)["text/event-stream"] != nil:
			made.event = compiler.MustCompile(place + "/content/text~1event-stream/schema")
		default:
			made.answers[status] = nil
		}
	}
	return made
}

// strict lets objects have no fields beside those described: clients must bear
// new ones, but a test finds out that nobody has described them.
func strict(value any) {
	switch value := value.(type) {
	case object:
		if value["properties"] != nil && value["type"] == "object" && value["additionalProperties"] == nil {
			value["additionalProperties"] = false
		}
		for _, inner := range value {
			strict(inner)
		}
	case []any:
		for _, inner := range value {
			strict(inner)
		}
	}
}

// recorder lets TestDriftFromOpenAPIIsFound see what the check says.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, _ ...any) { r.said = append(r.said, format) }

// The check itself must find what differs.
func TestDriftFromOpenAPIIsFound(t *testing.T) {
	t.Parallel()
	const user = `{"id":"01890a5d-ac96-774b-bcce-b302099a8057","username":"ada","role":"owner","active":true,"created_at":"2026-03-01T12:00:00.000Z","last_login_at":null}`
	for _, test := range []struct {
		name, call, query, sent string
		status                  int
		answer                  string
		drifts                  bool
	}{
		{"as described", "GET /api/v1/admin/admins/{id}", "", "", 200, user, false},
		{"a field more", "GET /api/v1/admin/admins/{id}", "", "", 200, strings.Replace(user, "{", `{"new":1,`, 1), true},
		{"a field less", "GET /api/v1/admin/admins/{id}", "", "", 200, strings.Replace(user, `"active":true,`, "", 1), true},
		{"a null", "GET /api/v1/admin/admins/{id}", "", "", 200, strings.Replace(user, `"ada"`, "null", 1), true},
		{"another word", "GET /api/v1/admin/admins/{id}", "", "", 200, strings.Replace(user, `"owner"`, `"king"`, 1), true},
		{"no time", "GET /api/v1/admin/admins/{id}", "", "", 200, strings.Replace(user, "2026-03-01", "2026-3-1", 1), true},
		{"another status", "GET /api/v1/admin/admins/{id}", "", "", 201, user, true},
		{"an unlisted refusal", "GET /api/v1/admin/admins/{id}", "", "", 409, `{"error":{"code":"conflict","message":"no"}}`, true},
		{"an unknown code", "GET /api/v1/admin/admins/{id}", "", "", 404, `{"error":{"code":"nonsense","message":"no"}}`, true},
		{"a known code", "GET /api/v1/admin/admins/{id}", "", "", 404, `{"error":{"code":"not_found","message":"no"}}`, false},
		{"an unknown query", "GET /api/v1/admin/admins/{id}", "?x=1", "", 200, user, true},
		{"a body as described", "POST /api/v1/admin/admins", "", `{"username":"ada","password":"x","role":"owner"}`, 201, user, false},
		{"a body with a field more", "POST /api/v1/admin/admins", "", `{"username":"ada","password":"x","role":"owner","x":1}`, 201, user, true},
		{"a body with a field less", "POST /api/v1/admin/admins", "", `{"username":"ada","password":"x"}`, 201, user, true},
	} {
		method, path, _ := strings.Cut(test.call, " ")
		r := httptest.NewRequest(method, path+test.query, nil)
		said := &recorder{TB: t}
		answered := &teeAnswer{status: test.status}
		answered.body.WriteString(test.answer)
		described().operations[test.call].check(said, r, []byte(test.sent), answered)
		if (len(said.said) > 0) != test.drifts {
			t.Errorf("%s: drift is %t, want %t: %q", test.name, !test.drifts, test.drifts, said.said)
		}
	}
}

// Every call that is described exists, and the other way round.
func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	for _, route := range s.adminRoutes() {
		if name := route.method + " " + openPath(adminPrefix+route.path); described().operations[name] == nil {
			t.Errorf("openapi.json lacks %s", name)
		}
		if route.summary == "" || route.status == 0 {
			t.Errorf("%s %s has no summary or status", route.method, route.path)
		}
	}
	var ids []string
	var document struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	for _, methods := range document.Paths {
		for _, operation := range methods {
			if slices.Contains(ids, operation.OperationID) {
				t.Errorf("two calls are called %s", operation.OperationID)
			}
			ids = append(ids, operation.OperationID)
		}
	}
}

package http

import (
	"encoding/base64"
	"encoding/json"
	nethttp "net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/http/httpguts"

	"picloud/http/routing"
	"picloud/runtime"
	"picloud/store"
)

// invokeBody is the body of POST scripts/{id}/invoke.
type invokeBody struct {
	Request *invokeRequest  `json:"request" example:"{\"method\":\"POST\",\"path\":\"/hello\",\"body\":{\"name\":\"Ada\"}}"` // the request that the script shall see; this or event
	Event   json.RawMessage `json:"event"`                                                                                   // the event that it shall see: its kind and the fields of that kind
}

// invokeRequest is the request that a test run sees. Query is a string or an
// object of names; headers have one string or a list of them; a body that is
// no string is sent as JSON.
type invokeRequest struct {
	Method  string          `json:"method"`  // a token such as GET, which it is when left out
	Path    string          `json:"path"`    // begins with a slash, which it is when left out; may hold a query
	Query   json.RawMessage `json:"query"`   // text, or values by name
	Headers json.RawMessage `json:"headers"` // values by name
	Body    json.RawMessage `json:"body"`    // text, or anything else as JSON
}

// invokeResponse is what the caller of the script would have got. The bytes
// that a script made leave PiCloud's own paths only inside JSON, never with a
// content type of the script's choice. BodyBase64 says that Body is base64.
type invokeResponse struct {
	Status     int                 `json:"status"`
	Headers    []store.HeaderField `json:"headers"`
	Body       string              `json:"body"`
	BodyBase64 bool                `json:"body_base64,omitempty"` // the body is base64, because its bytes are not UTF-8
}

// invokeAnswer is the answer of scripts/{id}/invoke.
type invokeAnswer struct {
	Response  invokeResponse  `json:"response"`  // what the caller of the script would have got
	Execution store.Execution `json:"execution"` // the record of the run
}

// invokeScript answers POST scripts/{id}/invoke: a test run, also of a script
// that is switched off. When a route of the script answers the path, the script
// sees what that route makes of it; the route's guards are passed by.
func (s *Server) invokeScript(c echo.Context, _ principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	var body invokeBody
	if err := bind(c, &body); err != nil {
		return err
	}
	invocation := &runtime.Invocation{Script: script, Kind: runtime.KindTest, RequestID: requestID(c), Screen: screenHeaders}
	if body.Event != nil {
		invocation.Event, err = s.invokedEvent(&body)
	} else {
		var removed []string
		invocation.Request, removed, err = body.runtimeRequest(c.Request(), s.clientAddress(c.Request()).String())
		invocation.Note = removalNote(removed)
	}
	if err != nil {
		return err
	}
	if script.Kind != store.ScriptEndpoint {
		return store.Errorf(store.KindInvalid, "not_an_endpoint", "this script is a module: others require it, it does not run by itself")
	}
	if request := invocation.Request; request != nil {
		match := s.lookup(request.Method, request.Host, request.Path)
		if match.Outcome == routing.Found && match.Value.ScriptID == script.ID {
			addCaptures(request, &match)
		}
	}
	return s.answerTestRun(c, invocation)
}

// invokedEvent is the event of a test run.
func (s *Server) invokedEvent(body *invokeBody) (*runtime.Event, error) {
	if body.Request != nil {
		return nil, invalidField("event", "send a request or an event, not both")
	}
	fields, err := eventFields(body.Event)
	if err != nil {
		return nil, err
	}
	var kind string
	if err := json.Unmarshal(fields["kind"], &kind); err != nil {
		return nil, invalidField("event.kind", "event.kind is one of %s", store.Listed(eventKinds))
	}
	return s.testEvent(kind, fields)
}

// neverRan is the failure of a run that left no record, such as one that the
// gate turned away.
func neverRan(result *runtime.Result) error {
	if result.Err == nil || result.Err.Code != "busy" {
		return &store.Error{Kind: store.KindInternal, Code: "internal", Message: "test run without a record"}
	}
	failure := store.Errorf(store.KindUnavailable, "busy", "as many scripts run and wait as this instance allows; try again")
	failure.Details = map[string]any{"retry_after_s": max(1, int(result.Err.RetryAfter.Seconds()))}
	return failure
}

func viewResult(result *runtime.Result) invokeResponse {
	view := invokeResponse{Status: result.Status, Headers: result.Header, Body: string(result.Body)}
	if view.Headers == nil {
		view.Headers = []store.HeaderField{}
	}
	if !utf8.Valid(result.Body) {
		view.Body, view.BodyBase64 = base64.StdEncoding.EncodeToString(result.Body), true
	}
	return view
}

// runtimeRequest makes the request that the script sees, and names what was
// taken out of it. outer is the call that asks for the test: the run has its
// host and address.
func (b *invokeBody) runtimeRequest(outer *nethttp.Request, address string) (made *runtime.Request, removed []string, err error) {
	if b.Request == nil {
		return nil, nil, invalidField("request", "send the request or the event that the script shall see")
	}
	given := b.Request
	method, path := given.Method, given.Path
	if method == "" {
		method = nethttp.MethodGet
	}
	path, inPath, _ := strings.Cut(path, "?")
	if path == "" {
		path = "/"
	}
	if !httpguts.ValidHeaderFieldName(method) { // both are tokens (RFC 9110, 5.6.2 and 9.1)
		return nil, nil, invalidField("request.method", "%q is no method; write one such as GET", method)
	}
	if !strings.HasPrefix(path, "/") {
		return nil, nil, invalidField("request.path", "a path begins with a slash")
	}
	if holdsToken(path) {
		return nil, nil, credentialInPath()
	}
	query, err := given.query(inPath)
	if err != nil {
		return nil, nil, err
	}
	header, err := given.header()
	if err != nil {
		return nil, nil, err
	}
	clean, removed := withoutCredentials(header)
	request := &runtime.Request{
		Method: method, Path: path, RawTarget: path, RawQuery: withoutTokens(query), Header: clean,
		Host: outer.Host, Scheme: "http", RemoteIP: address, Body: given.body(header),
	}
	if request.RawQuery != "" {
		request.RawTarget += "?" + request.RawQuery
	}
	if len(request.RawQuery) != len(query) {
		removed = append(removed, "the query")
	}
	return request, removed, nil
}

// query returns the query string; inPath is what stood behind the path.
func (r *invokeRequest) query(inPath string) (string, error) {
	if r.Query == nil || string(r.Query) == "null" {
		return inPath, nil
	}
	var text string
	if json.Unmarshal(r.Query, &text) == nil {
		return strings.TrimPrefix(text, "?"), nil
	}
	lists, err := stringLists("request.query", r.Query)
	return url.Values(lists).Encode(), err
}

func (r *invokeRequest) header() (nethttp.Header, error) {
	header := nethttp.Header{}
	if r.Headers == nil || string(r.Headers) == "null" {
		return header, nil
	}
	lists, err := stringLists("request.headers", r.Headers)
	for name, values := range lists {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	return header, err
}

// body returns the bytes of the request; JSON that is no string is sent as it
// was written, and says so unless the headers say something else.
func (r *invokeRequest) body(header nethttp.Header) []byte {
	if r.Body == nil || string(r.Body) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(r.Body, &text) == nil {
		return []byte(text)
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	return r.Body
}

// stringLists reads an object whose values are strings or lists of strings.
func stringLists(field string, raw json.RawMessage) (map[string][]string, error) {
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fieldError(store.KindInvalid, "wrong_type", field, "field %q must be an object of strings", field)
	}
	lists := make(map[string][]string, len(object))
	for _, name := range sortedKeys(object) {
		values, ok := object[name].([]any)
		if !ok {
			values = []any{object[name]}
		}
		for _, value := range values {
			text, ok := value.(string)
			if !ok {
				inner := field + "." + name
				return nil, fieldError(store.KindInvalid, "wrong_type", inner, "field %q must be a string or a list of strings", inner)
			}
			lists[name] = append(lists[name], text)
		}
	}
	return lists, nil
}

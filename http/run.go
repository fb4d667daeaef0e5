package http

import (
	"context"
	"log/slog"
	nethttp "net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/http/routing"
	"picloud/runtime"
	"picloud/store"
)

const (
	// countedBody is the length up to which net/http counts a body by itself,
	// cheaper than a header can be set.
	countedBody = 2 << 10
)

// serveUserRoute answers everything outside the reserved paths.
func (s *Server) serveUserRoute(c echo.Context) error {
	r := c.Request()
	if !s.split() {
		enterSandbox(c)
	}
	if err := refuseServiceWorker(r); err != nil {
		return err
	}
	path, ok := escapedPath(r)
	if !ok {
		return malformedPath()
	}
	if holdsToken(path) {
		return credentialInPath()
	}
	routes := s.routes.current.Load()
	match := routes.table.Lookup(r.Method, r.Host, path)
	if match.Outcome != routing.Found {
		return s.unrouted(c, &match, path)
	}
	script, err := routedScript(c, routes.catalog, match.Value)
	if err != nil {
		return err
	}
	guard := routes.guardOf(match.Value)
	if guard != nil {
		if refused := s.knock(guard, r); refused != nil {
			return s.turnAway(c, guard, script, refused)
		}
	}
	invocation, err := s.invocation(c, script, path)
	if err != nil {
		return err
	}
	s.addMatch(invocation, &match)
	switch {
	case guard != nil:
		return s.runGuarded(c, guard, invocation)
	case match.Value.DispatchMode == dispatchAsync:
		return s.accept(c, match.Value.ID, invocation)
	default:
		return s.runScript(c, invocation)
	}
}

// addMatch adds what a route makes of the path.
func (s *Server) addMatch(invocation *runtime.Invocation, match *routing.Match[*store.Route]) {
	request := invocation.Request
	invocation.Kind, invocation.RouteID = runtime.KindHTTP, match.Value.ID
	if !s.split() {
		invocation.CookiePath = cookiePath(request.Path, match.LiteralSegments())
	}
	addCaptures(request, match)
}

// addCaptures adds what the route's pattern matched.
func addCaptures(request *runtime.Request, match *routing.Match[*store.Route]) {
	request.Rest = match.Rest()
	if count := match.ParamCount(); count > 0 {
		request.Params = make([]runtime.Param, 0, count)
		for name, value := range match.Params() {
			request.Params = append(request.Params, runtime.Param{Name: name, Value: value})
		}
	}
}

// routedScript returns the script behind a route, and takes the response out of
// the sandbox when an owner has lifted it from the script's app.
func routedScript(c echo.Context, catalog *store.Catalog, route *store.Route) (*store.Script, error) {
	script := catalog.Scripts[route.ScriptID]
	if script == nil {
		return nil, nothingHere()
	}
	if app := catalog.Apps[script.AppID]; app != nil && app.SandboxLifted {
		leaveSandbox(c)
	}
	if !script.Enabled {
		return nil, scriptDisabled()
	}
	return script, nil
}

// unrouted is the answer when no route serves the request. The bare address
// of the machine, which people type, leads to the page until a script takes it.
func (s *Server) unrouted(c echo.Context, match *routing.Match[*store.Route], path string) error {
	switch match.Outcome {
	case routing.Malformed:
		return malformedPath()
	case routing.MethodNotAllowed:
		c.Response().Header().Set("Allow", strings.Join(match.Allow, ", "))
		return store.Errorf(store.KindInvalid, "method_not_allowed",
			"this path does not answer %s; see the Allow header", c.Request().Method)
	}
	if method := c.Request().Method; path == "/" && !s.split() && (method == nethttp.MethodGet || method == nethttp.MethodHead) {
		return s.redirectToPage(c)
	}
	return nothingHere()
}

func malformedPath() error {
	return store.Errorf(store.KindInvalid, "bad_path", "the path is malformed: each %% needs two hex digits after it")
}

func credentialInPath() error {
	return store.Errorf(store.KindInvalid, "credential_in_path",
		"the path holds a session token or an API key of this instance; send it in the Authorization header")
}

func scriptDisabled() error {
	return store.Errorf(store.KindUnavailable, "script_disabled", "the script behind this path is switched off")
}

func nothingHere() error {
	return store.Errorf(store.KindNotFound, "not_found", "there is nothing at this path")
}

// escapedPath returns the path of the request's target exactly as it was sent.
// It reports false for a target that has none, as in "OPTIONS *".
func escapedPath(r *nethttp.Request) (string, bool) {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") { // absolute form, sent to proxies (RFC 9112, 3.2.2)
		path := r.URL.EscapedPath()
		if path == "" && r.URL.Host != "" {
			path = "/"
		}
		return path, strings.HasPrefix(path, "/")
	}
	if query := strings.IndexByte(target, '?'); query >= 0 {
		target = target[:query]
	}
	return target, true
}

// invocation asks for a run of script with the request as the script sees it:
// with its whole body and without the platform's credentials.
func (s *Server) invocation(c echo.Context, script *store.Script, path string) (*runtime.Invocation, error) {
	invocation, err := s.invocationHead(c, script, path)
	if err != nil || c.Request().ContentLength == 0 {
		return invocation, err
	}
	invocation.Request.Body, err = readBody(c, s.config.MaxBodyBytes)
	return invocation, err
}

// invocationHead is invocation without the body.
func (s *Server) invocationHead(c echo.Context, script *store.Script, path string) (*runtime.Invocation, error) {
	r := c.Request()
	header, removed := withoutCredentials(r.Header)
	request := &runtime.Request{
		Method:    r.Method,
		Path:      path,
		RawTarget: r.RequestURI,
		Host:      r.Host,
		Scheme:    "http",
		RemoteIP:  s.clientIP(c),
		Header:    header,
		RawQuery:  withoutTokens(r.URL.RawQuery),
	}
	if s.overTLS(r) {
		request.Scheme = "https"
	}
	var err error
	if request.Hops, err = hopsOf(r); err != nil {
		return nil, err
	}
	if len(request.RawQuery) != len(r.URL.RawQuery) {
		request.RawTarget, removed = path+"?"+request.RawQuery, append(removed, "the query")
	}
	return &runtime.Invocation{Script: script, RequestID: requestID(c), Request: request, Screen: screenHeaders, Note: removalNote(removed)}, nil
}

// hopsOf counts the scripts' calls that led to a request, together with the
// events among them. Past their limit they go round in a circle.
func hopsOf(r *nethttp.Request) (int, error) {
	given := r.Header[runtime.HopsHeader]
	if len(given) == 0 {
		return 0, nil
	}
	hops, err := strconv.Atoi(given[0])
	if err != nil || hops < 0 {
		return 0, nil // not from a script
	}
	if hops > store.MaxDepth {
		return 0, store.Errorf(store.KindInvalid, "loop_stopped", "scripts have called each other more than %d times in a chain", store.MaxDepth)
	}
	return hops, nil
}

// clientIP is where the request comes from, "" when that is unknown.
func (s *Server) clientIP(c echo.Context) string {
	address := s.clientAddress(c.Request())
	if !address.IsValid() {
		return ""
	}
	return address.String()
}

// runScript runs an invocation and sends what came of it. A caller who hangs
// up, as battery devices do right after their last byte, ends neither the run
// nor the wait for a free place; the server's end does end the wait. When Run
// returns, the script's state is free: a slow reader holds a socket and the
// answer, nothing else.
func (s *Server) runScript(c echo.Context, invocation *runtime.Invocation) error {
	return s.sendOutcome(c, s.run(c, invocation))
}

// run runs an invocation and notes when nobody waits for its result any more.
func (s *Server) run(c echo.Context, invocation *runtime.Invocation) *runtime.Result {
	result := s.engine.Run(s.runs, invocation)
	s.noteAbandoned(c, invocation, result)
	return result
}

// sendOutcome sends what came of a run, while there is room for its answer.
func (s *Server) sendOutcome(c echo.Context, result *runtime.Result) error {
	if result.Err != nil {
		return sendRunError(c, result)
	}
	if !s.answers.take(len(result.Body)) {
		return sendNoRoom(c)
	}
	defer s.answers.give(len(result.Body))
	return sendResult(c, result)
}

// noteAbandoned keeps a note of a run whose caller has gone: nobody sees what
// came of it otherwise (spec 4).
func (s *Server) noteAbandoned(c echo.Context, invocation *runtime.Invocation, result *runtime.Result) {
	if c.Request().Context().Err() == nil || s.runs.Err() != nil || result.Err != nil && result.Err.Code == runtime.CodeBusy {
		return
	}
	err := s.store.RecordAbandoned(context.WithoutCancel(s.runs), store.AbandonedExecution{
		ExecutionID: result.ExecutionID, AppID: invocation.Script.AppID, ScriptID: invocation.Script.ID, RequestID: invocation.RequestID,
		Method: invocation.Request.Method, Path: result.Path, StatusCode: result.Status, DurationMS: result.DurationMS,
	})
	if err != nil {
		s.logger.Warn("an abandoned execution was not noted", slog.String("request_id", invocation.RequestID), slog.Any("error", err))
	}
}

// sendRunError names the code and the execution, never the script's words
// (spec 8, "Handler errors over HTTP"). The execution's record has the rest,
// so nothing is logged here.
func sendRunError(c echo.Context, result *runtime.Result) error {
	failure := &store.Error{Code: result.Err.Code, Message: catalogue[result.Err.Code].When, Details: map[string]any{}}
	if result.ExecutionID != uuid.Nil {
		failure.Details["execution_id"] = result.ExecutionID.String()
	}
	if seconds := int(result.Err.RetryAfter.Seconds()); seconds > 0 {
		failure.Details["retry_after_s"] = seconds
	}
	return writeError(c, result.Status, failure)
}

// sendResult sends a script's response. A client that is gone, or too slow to
// read, is no failure of ours: the run is recorded either way.
func sendResult(c echo.Context, result *runtime.Result) error {
	response := c.Response()
	for _, field := range result.Header {
		name := textproto.CanonicalMIMEHeaderKey(field.Name)
		response.Header()[name] = append(response.Header()[name], field.Value)
	}
	if len(result.Body) > countedBody || len(result.Body) > 0 && c.Request().Method == nethttp.MethodHead {
		response.Header()["Content-Length"] = []string{strconv.Itoa(len(result.Body))}
	}
	response.WriteHeader(result.Status)
	if c.Request().Method != nethttp.MethodHead && len(result.Body) > 0 {
		_, _ = response.Write(result.Body)
	}
	return nil
}

package http

import (
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

// sandboxPolicy goes with every response of a script, so that its page has an
// origin of its own and can do nothing as the signed-in admin (spec 5, "Admin
// isolation"). It is a header field of its own: browsers enforce all of them,
// so a policy that the script adds cannot take it back.
var sandboxPolicy = []string{"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"}

const (
	headerPolicy = "Content-Security-Policy"
	// maxCookies and maxCookieBytes bound the cookies of one response: more
	// would fill the browser's jar and lock the admin out of the page.
	maxCookies     = 20
	maxCookieBytes = 4 << 10
	// countedBody is the length up to which net/http counts a body by itself,
	// cheaper than a header can be set.
	countedBody = 2 << 10
)

// serveUserRoute answers everything outside the reserved paths.
func (s *Server) serveUserRoute(c echo.Context) error {
	r := c.Request()
	if err := enterSandbox(c); err != nil {
		return err
	}
	path, ok := escapedPath(r)
	if !ok {
		return malformedPath()
	}
	routes := s.routes.current.Load()
	match := routes.table.Lookup(r.Method, r.Host, path)
	if match.Outcome != routing.Found {
		return s.unrouted(c, &match)
	}
	script := routes.catalog.Scripts[match.Value.ScriptID]
	if script == nil {
		return nothingHere()
	}
	if !script.Enabled {
		return scriptDisabled()
	}
	guard := routes.guardOf(match.Value)
	if guard != nil {
		if refused := s.knock(guard, r); refused != nil {
			return s.refuse(c, guard, &runtime.Invocation{Script: script, Kind: runtime.KindHTTP, Request: s.requestHead(c, path)}, refused)
		}
	}
	request, err := s.scriptRequest(c, path)
	if err != nil {
		return err
	}
	request.Rest = match.Rest()
	if count := match.ParamCount(); count > 0 {
		request.Params = make([]runtime.Param, 0, count)
		for name, value := range match.Params() {
			request.Params = append(request.Params, runtime.Param{Name: name, Value: value})
		}
	}
	invocation := &runtime.Invocation{Script: script, Kind: runtime.KindHTTP, Request: request}
	if guard != nil {
		return s.runGuarded(c, guard, invocation)
	}
	return s.runScript(c, invocation)
}

// enterSandbox puts the response under the policy, whatever it will be, and
// refuses to hand out a service worker: one would outlive the page it came with.
func enterSandbox(c echo.Context) error {
	c.Response().Header()[headerPolicy] = sandboxPolicy
	if strings.EqualFold(c.Request().Header.Get("Service-Worker"), "script") {
		return store.Errorf(store.KindForbidden, "forbidden", "a script's answer cannot be installed as a service worker")
	}
	return nil
}

// unrouted is the answer when no route serves the request.
func (s *Server) unrouted(c echo.Context, match *routing.Match[*store.Route]) error {
	switch match.Outcome {
	case routing.Malformed:
		return malformedPath()
	case routing.MethodNotAllowed:
		c.Response().Header().Set("Allow", strings.Join(match.Allow, ", "))
		return store.Errorf(store.KindInvalid, "method_not_allowed",
			"this path does not answer %s; see the Allow header", c.Request().Method)
	default:
		return nothingHere()
	}
}

func malformedPath() error {
	return store.Errorf(store.KindInvalid, "bad_path", "the path is malformed: each %% needs two hex digits after it")
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

// scriptRequest returns the request as its script sees it, with its whole body
// and without the platform's credentials.
func (s *Server) scriptRequest(c echo.Context, path string) (request *runtime.Request, err error) {
	request = s.requestHead(c, path)
	if c.Request().ContentLength != 0 {
		request.Body, err = readBody(c, s.config.MaxBodyBytes)
	}
	return request, err
}

// requestHead is scriptRequest without the body.
func (s *Server) requestHead(c echo.Context, path string) *runtime.Request {
	r := c.Request()
	request := &runtime.Request{
		Method:    r.Method,
		Path:      path,
		RawTarget: r.RequestURI,
		Host:      r.Host,
		Scheme:    "http",
		RemoteIP:  s.clientIP(c),
		Header:    withoutCredentials(r.Header),
		RawQuery:  withoutTokens(r.URL.RawQuery),
	}
	if r.TLS != nil {
		request.Scheme = "https"
	}
	if len(request.RawQuery) != len(r.URL.RawQuery) {
		request.RawTarget = path + "?" + request.RawQuery
	}
	return request
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
	invocation.RequestID = requestID(c)
	result := s.engine.Run(s.runs, invocation)
	if result.Err != nil {
		return sendRunError(c, result)
	}
	return sendResult(c, result)
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
	addScriptHeaders(response.Header(), result.Header)
	if len(result.Body) > countedBody || len(result.Body) > 0 && c.Request().Method == nethttp.MethodHead {
		response.Header()["Content-Length"] = []string{strconv.Itoa(len(result.Body))}
	}
	response.WriteHeader(result.Status)
	if c.Request().Method != nethttp.MethodHead && len(result.Body) > 0 {
		_, _ = response.Write(result.Body)
	}
	return nil
}

// addScriptHeaders adds what a script may set. What it may not set is left
// out: the rest of its response is still right.
func addScriptHeaders(header nethttp.Header, fields []store.HeaderField) {
	cookies, cookieBytes := 0, 0
	for _, field := range fields {
		name := textproto.CanonicalMIMEHeaderKey(field.Name)
		if platformHeader(name) {
			continue
		}
		if name == "Set-Cookie" {
			cookies, cookieBytes = cookies+1, cookieBytes+len(field.Value)
			if cookies > maxCookies || cookieBytes > maxCookieBytes || !scriptCookie(field.Value) {
				continue
			}
		}
		header[name] = append(header[name], field.Value)
	}
}

// platformHeader names, in canonical form, the headers that change the whole
// origin, which a script shares with the admin's page (spec 5, "Admin
// isolation"), and the one that every response already bears.
func platformHeader(name string) bool {
	switch name {
	case "Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "Nel", "Report-To",
		"Reporting-Endpoints", "Service-Worker-Allowed", headerRequestID:
		return true
	default:
		return false
	}
}

// scriptCookie reports whether a script may set this cookie: none of the
// platform's name and none for other hosts. One without a name is refused too,
// because browsers send "=picloud_session=x" back as "picloud_session=x".
func scriptCookie(value string) bool {
	pair, attributes, _ := strings.Cut(value, ";")
	name, _, named := strings.Cut(pair, "=")
	name = strings.TrimSpace(name)
	if !named || name == "" || isPlatformCookie(name) {
		return false
	}
	for attribute := range strings.SplitSeq(attributes, ";") {
		if strings.EqualFold(cookieName(attribute), "Domain") {
			return false
		}
	}
	return true
}

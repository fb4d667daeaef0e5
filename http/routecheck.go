package http

import (
	"errors"
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"golang.org/x/net/http/httpguts"

	"picloud/http/routing"
	"picloud/store"
)

// routeCheck is the body of routes:check: a route that is to be saved. Except
// is the route being edited, which is not in its own way.
type routeCheck struct {
	Method       string  `json:"method" jsonschema:"required" example:"GET"`  // a method such as GET, or ANY
	HostKind     string  `json:"host_kind"`                                   // follows from host when left out
	Host         string  `json:"host"`                                        // sub.example.com or *.example.com; any host when left out
	PathKind     string  `json:"path_kind"`                                   // follows from path when left out
	Path         string  `json:"path" jsonschema:"required" example:"/hello"` // /greet, /greet/* or /users/:id; up to 2,048 bytes
	DispatchMode string  `json:"dispatch_mode"`                               // as in a new route
	Except       *string `json:"except"`                                      // the id of the route that is being changed

	Verify    *verifyBody    `json:"verify"`     // as in a new route
	Dedupe    *dedupeBody    `json:"dedupe"`     // as in a new route
	LocalOnly bool           `json:"local_only"` // as in a new route
	RateLimit *rateLimitBody `json:"rate_limit"` // as in a new route
}

// routeVerdict is the answer of routes:check.
type routeVerdict struct {
	OK               bool         `json:"ok"` // nothing is in the way
	HostKind         string       `json:"host_kind"`
	PathKind         string       `json:"path_kind"`
	ConflictingRoute *store.Route `json:"conflicting_route"` // null also when the caller may not see it
	Warnings         []warning    `json:"warnings"`
}

// checkRoute answers POST routes:check: would this route be in another's way?
func (s *Server) checkRoute(c echo.Context, by principal) error {
	var body routeCheck
	if err := bind(c, &body); err != nil {
		return err
	}
	draft, err := checkedRoute(routeDraft{
		Method: body.Method, HostKind: body.HostKind, Host: body.Host,
		PathKind: body.PathKind, Path: body.Path, DispatchMode: body.DispatchMode,
		Verify: body.Verify, Dedupe: body.Dedupe, LocalOnly: body.LocalOnly, RateLimit: body.RateLimit,
	})
	if err != nil {
		return err
	}
	except, err := fieldID("except", body.Except)
	if err != nil {
		return err
	}
	roleIn, err := s.rolesOf(c.Request().Context(), by)
	if err != nil {
		return err
	}
	visible := func(app uuid.UUID) bool { return roleIn(app) != "" }
	found := s.conflictingRoute(draft, except, visible)
	verdict := routeVerdict{OK: found == nil, HostKind: draft.HostKind, PathKind: draft.PathKind, Warnings: s.routeWarnings(draft)}
	if found != nil && visible(found.AppID) {
		verdict.ConflictingRoute = found
	}
	return answer(c, nethttp.StatusOK, verdict)
}

// conflictingRoute returns the first route in the draft's way. An exception
// that the caller may not see is none: it would tell which id the route has.
func (s *Server) conflictingRoute(draft store.RouteDraft, except *uuid.UUID, visible store.Visible) *store.Route {
	wanted := store.Route{
		Method: draft.Method, HostKind: draft.HostKind, Host: draft.Host, PathKind: draft.PathKind, Path: draft.Path,
	}
	routes := s.store.Catalog().Routes
	found := slices.IndexFunc(routes, func(route *store.Route) bool {
		excepted := except != nil && route.ID == *except && visible(route.AppID)
		return !excepted && routesConflict(wanted, *route)
	})
	if found < 0 {
		return nil
	}
	return routes[found]
}

// hideForeign takes the conflicting route out of a conflict with an app that
// the caller may not see: all it may learn is that the path is taken.
func (s *Server) hideForeign(c echo.Context, by principal, err error) error {
	var conflict *store.Error
	if !errors.As(err, &conflict) || conflict.Code != "route_conflict" {
		return err
	}
	other, _ := conflict.Details["conflicting_route"].(store.Route)
	seen, lookErr := s.sees(c.Request().Context(), by, other.AppID)
	if lookErr != nil {
		return lookErr
	}
	if seen {
		return err
	}
	return &store.Error{Kind: conflict.Kind, Code: conflict.Code, Message: conflict.Message}
}

// routeMatch is the answer of routes:match.
type routeMatch struct {
	Matched bool              `json:"matched"`
	Route   *store.Route      `json:"route"`
	Params  map[string]string `json:"params"` // what the :names caught
	Rest    string            `json:"rest"`   // what the /* caught
	Allow   []string          `json:"allow"`  // the methods that the path answers, when it does not answer this one
}

// matchBody is the body of routes:match.
type matchBody struct {
	Method string `json:"method" jsonschema:"required" example:"GET"` // such as GET
	URL    string `json:"url" jsonschema:"required" example:"/hello"` // a whole one, or a path for any host
}

// matchRoute answers POST routes:match: which route would answer this request?
// The URL is a whole one, or a path for any host.
func (s *Server) matchRoute(c echo.Context, by principal) error {
	var body matchBody
	if err := bind(c, &body); err != nil {
		return err
	}
	if !httpguts.ValidHeaderFieldName(body.Method) { // both are tokens (RFC 9110, 5.6.2 and 9.1)
		return invalidField("method", "%q is no method; write one such as GET", body.Method)
	}
	host, path, err := splitTarget(body.URL)
	if err != nil {
		return err
	}
	found := s.lookup(body.Method, host, path)
	if found.Outcome == routing.Malformed {
		return invalidField("url", "the path is malformed: each %% needs two hex digits after it")
	}
	view := viewMatch(&found)
	if view.Route != nil {
		seen, err := s.sees(c.Request().Context(), by, view.Route.AppID)
		if err != nil {
			return err
		}
		if !seen { // that something answers there, anyone can try out
			view.Route, view.Params, view.Rest = nil, map[string]string{}, ""
		}
	}
	return answer(c, nethttp.StatusOK, view)
}

func viewMatch(found *routing.Match[*store.Route]) routeMatch {
	view := routeMatch{
		Matched: found.Outcome == routing.Found, Route: found.Value,
		Params: map[string]string{}, Rest: found.Rest(), Allow: found.Allow,
	}
	for name, value := range found.Params() {
		view.Params[name] = value
	}
	if view.Allow == nil {
		view.Allow = []string{}
	}
	return view
}

// splitTarget returns the host and the escaped path of a URL. What begins with
// a slash is taken as a request line has it, odd forms of devices included.
func splitTarget(target string) (host, path string, err error) {
	if strings.HasPrefix(target, "/") {
		path, _, _ = strings.Cut(target, "?")
		return "", path, nil
	}
	parsed, err := url.Parse(target)
	if err != nil || parsed.Host == "" {
		return "", "", invalidField("url", "url is a path such as /greet, or a whole URL such as http://pi.local/greet")
	}
	if path = parsed.EscapedPath(); path == "" {
		path = "/"
	}
	return parsed.Host, path, nil
}

package http

import (
	"encoding/json"
	"errors"
	"fmt"
	nethttp "net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/http/routing"
	"picloud/store"
)

// routeDraft is the body of POST scripts/{id}/routes and routes:check. Kinds
// that are left out follow from host and path.
type routeDraft struct {
	Method       string `json:"method" jsonschema:"required" example:"GET"`  // a method such as GET, or ANY
	HostKind     string `json:"host_kind"`                                   // follows from host when left out
	Host         string `json:"host"`                                        // sub.example.com or *.example.com; any host when left out
	PathKind     string `json:"path_kind"`                                   // follows from path when left out
	Path         string `json:"path" jsonschema:"required" example:"/hello"` // /greet, /greet/* or /users/:id; up to 2,048 bytes
	DispatchMode string `json:"dispatch_mode"`                               // sync (when left out): the caller waits for the answer; async: it gets 202 and the script runs later, with retries

	Verify    *verifyBody    `json:"verify"`     // who may send: the check of a signature
	Dedupe    *dedupeBody    `json:"dedupe"`     // a repeated delivery gets the first answer again
	LocalOnly bool           `json:"local_only"` // private addresses only
	RateLimit *rateLimitBody `json:"rate_limit"` // how often it may be called
}

// routeChange is the body of PATCH routes/{id}. The guards are kept raw, because
// null takes one away and absence changes nothing.
type routeChange struct {
	ScriptID     *string `json:"script_id"` // another script of the same app
	Method       *string `json:"method"`
	HostKind     *string `json:"host_kind"` // what host is; follows from a new host when left out
	Host         *string `json:"host"`      // sub.example.com or *.example.com; empty: any host
	PathKind     *string `json:"path_kind"` // what path is; follows from a new path when left out
	Path         *string `json:"path"`
	DispatchMode *string `json:"dispatch_mode" example:"async"` // sync: the caller waits for the answer; async: it gets 202 and the script runs later, with retries

	Verify    json.RawMessage `json:"verify"` // null takes the guard away
	Dedupe    json.RawMessage `json:"dedupe"` // null takes the guard away
	LocalOnly *bool           `json:"local_only"`
	RateLimit json.RawMessage `json:"rate_limit"` // null takes the guard away
}

// routeItem is a route in a list. P95MS is what 95 of 100 of its last answers
// took at most, null when there were too few since the start.
type routeItem struct {
	store.Route
	P95MS    *float64  `json:"p95_ms"` // what 95 of 100 of its last answers took at most; null when there were too few
	Warnings []warning `json:"warnings"`
}

// slowRouteMS is when a route is too slow: devices give up at 4 to 5 s (spec 2,
// "Routing").
const slowRouteMS = 2000

// viewRoutes returns the view of routes in a list.
func (s *Server) viewRoutes() func(store.Route) routeItem {
	paces := s.store.RoutePaces()
	return func(route store.Route) routeItem {
		item := routeItem{Route: route, Warnings: []warning{}}
		pace, known := paces[route.ID]
		if !known || route.DispatchMode == dispatchAsync {
			return item
		}
		if item.P95MS = &pace; pace > slowRouteMS {
			item.Warnings = append(item.Warnings, warning{"slow_route",
				fmt.Sprintf("one answer in 20 takes %.1f s or more, and devices give up after 4 to 5 s; make it async", pace/1000)})
		}
		return item
	}
}

// The dispatch modes of a route (spec 2, "Routing").
const (
	dispatchSync  = "sync"
	dispatchAsync = "async"
)

func (s *Server) listScriptRoutes(c echo.Context, _ principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	return s.answerRoutes(c, store.RouteFilter{Script: script.ID})
}

func (s *Server) listAppRoutes(c echo.Context, by principal) error {
	return s.answerRoutes(c, store.RouteFilter{App: by.app.ID})
}

func (s *Server) answerRoutes(c echo.Context, filter store.RouteFilter) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	routes, err := s.store.Routes(c.Request().Context(), filter, page)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	return answerPage(c, routes, s.viewRoutes())
}

func (s *Server) createRoute(c echo.Context, by principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	var body routeDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	draft, err := checkedRoute(body)
	if err != nil {
		return err
	}
	route, err := s.store.CreateRoute(c.Request().Context(), script.ID, draft, routesConflict)
	if err != nil {
		return fmt.Errorf("create route: %w", s.hideForeign(c, by, err))
	}
	return answer(c, nethttp.StatusCreated, route)
}

func (s *Server) changeRoute(c echo.Context, by principal) error {
	id, err := pathID(c, "id", "route")
	if err != nil {
		return err
	}
	var body routeChange
	if err := bind(c, &body); err != nil {
		return err
	}
	change, err := checkedRouteChange(body)
	if err != nil {
		return err
	}
	if err := s.checkTarget(c, by, change.ScriptID); err != nil {
		return err
	}
	route, err := s.store.UpdateRoute(c.Request().Context(), id, change, routesConflict)
	if err != nil {
		return fmt.Errorf("change route: %w", s.hideForeign(c, by, err))
	}
	return answer(c, nethttp.StatusOK, route)
}

// checkTarget hides the script that a route shall move to, when the caller may
// not see it, as if it did not exist.
func (s *Server) checkTarget(c echo.Context, by principal, id *uuid.UUID) error {
	if id == nil {
		return nil
	}
	script := s.store.Catalog().Scripts[*id]
	if script == nil {
		return notFound("script")
	}
	seen, err := s.sees(c.Request().Context(), by, script.AppID)
	if err == nil && !seen {
		return notFound("script")
	}
	return err
}

func (s *Server) deleteRoute(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "route")
	if err != nil {
		return err
	}
	if err := s.store.DeleteRoute(c.Request().Context(), id); err != nil {
		return fmt.Errorf("delete route: %w", err)
	}
	return answerNothing(c)
}

// checkedRoute checks a definition and fills in its kinds.
func checkedRoute(body routeDraft) (store.RouteDraft, error) {
	mode, err := checkedDispatchMode(body.DispatchMode)
	if err != nil {
		return store.RouteDraft{}, err
	}
	pattern, err := routing.Parse(routing.Definition{
		Method: body.Method, HostKind: body.HostKind, Host: body.Host, PathKind: body.PathKind, Path: body.Path,
	})
	if err != nil {
		return store.RouteDraft{}, routingFailure(err)
	}
	guards, err := body.checkedGuards()
	return store.RouteDraft{
		Method: pattern.Method, HostKind: pattern.HostKind, Host: pattern.Host,
		PathKind: pattern.PathKind, Path: pattern.Path, DispatchMode: mode, Guards: guards,
	}, err
}

// checkedRouteChange checks what a PATCH names; the whole is checked by the
// store, over what is not named. A new host or path has the kind it looks like
// unless the change says otherwise.
func checkedRouteChange(body routeChange) (store.RouteChange, error) {
	change := store.RouteChange{
		Method: body.Method, HostKind: body.HostKind, Host: body.Host, PathKind: body.PathKind, Path: body.Path,
		DispatchMode: body.DispatchMode, LocalOnly: body.LocalOnly, Complete: completedRoute,
	}
	if body.Host != nil && body.HostKind == nil {
		change.HostKind = new(string)
	}
	if body.Path != nil && body.PathKind == nil {
		change.PathKind = new(string)
	}
	if err := body.changeGuards(&change); err != nil {
		return change, err
	}
	script, err := fieldID("script_id", body.ScriptID)
	change.ScriptID = script
	return change, err
}

// completedRoute is checkedRoute for a route with a change put over it.
func completedRoute(r store.Route) (store.Route, error) {
	draft, err := checkedRoute(routeDraft{
		Method: r.Method, HostKind: r.HostKind, Host: r.Host, PathKind: r.PathKind, Path: r.Path, DispatchMode: r.DispatchMode,
	})
	r.Method, r.HostKind, r.Host = draft.Method, draft.HostKind, draft.Host
	r.PathKind, r.Path, r.DispatchMode = draft.PathKind, draft.Path, draft.DispatchMode
	return r, err
}

// checkedDispatchMode is the one place that knows which modes there are.
func checkedDispatchMode(mode string) (string, error) {
	switch mode {
	case "", dispatchSync:
		return dispatchSync, nil
	case dispatchAsync:
		return dispatchAsync, nil
	default:
		return "", invalidField("dispatch_mode", "dispatch_mode is sync or async")
	}
}

// routingFailure shows the caller which field of a route is wrong.
func routingFailure(err error) error {
	var failure *routing.Error
	if !errors.As(err, &failure) {
		return err
	}
	return fieldError(store.KindInvalid, failure.Code, failure.Field, "%s", failure.Message)
}

// routesConflict is routing's rule for stored routes. A stored route that no
// longer parses answers nothing, so it stands in nobody's way.
func routesConflict(a, b store.Route) bool {
	one, errOne := patternOf(&a)
	other, errOther := patternOf(&b)
	return errOne == nil && errOther == nil && routing.Conflicts(one, other)
}

package store

import (
	"context"

	"github.com/google/uuid"
)

// Route binds method, host and path to one endpoint script (spec 2, "Routing").
type Route struct {
	ID           uuid.UUID `json:"id"`
	ScriptID     uuid.UUID `json:"script_id"`
	AppID        uuid.UUID `json:"app_id"`
	Method       string    `json:"method"`
	HostKind     string    `json:"host_kind"`
	Host         string    `json:"host"`
	PathKind     string    `json:"path_kind"`
	Path         string    `json:"path"`
	DispatchMode string    `json:"dispatch_mode"` // sync: the caller waits; async: it gets 202
	CreatedAt    Time      `json:"created_at"`
	RouteGuards
}

// RouteDraft is a new route, already checked and completed by the caller.
type RouteDraft struct {
	Method, HostKind, Host, PathKind, Path, DispatchMode string
	Guards                                               RouteGuards
}

// RouteChange holds what a PATCH names, and nothing else: it is put over the
// stored route inside the transaction, so that changes at the same time all
// survive. Nil means unchanged; a pointer to nil takes a guard away. It may
// also move the route to another script of the same app.
type RouteChange struct {
	ScriptID                                             *uuid.UUID
	Method, HostKind, Host, PathKind, Path, DispatchMode *string
	Verify                                               **Verification
	Dedupe                                               **Deduplication
	LocalOnly                                            *bool
	RateLimit                                            **RateLimit
	// Complete checks the changed route and fills in what it leaves open. It
	// is routing's rule, as RouteConflict is; nil accepts the route as it is.
	Complete func(Route) (Route, error)
}

// RouteConflict is routing's rule, handed in because store imports no room above it.
type RouteConflict func(a, b Route) bool

// RouteFilter: exactly one of App and Script is set.
type RouteFilter struct{ App, Script uuid.UUID }

const (
	maxPathBytes = 2048 // spec 8, "Routing"
	maxHostBytes = 255  // a whole host name (RFC 1035) with its "*."

	selectRoutes = "SELECT id, script_id, app_id, method, host_kind, host, path_kind, path, dispatch_mode, created_at, guards FROM routes"
	insertRoute  = "INSERT INTO routes (id, script_id, app_id, method, host_kind, host, path_kind, path, dispatch_mode, created_at, guards)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	updateRoute = "UPDATE routes SET script_id = ?, method = ?, host_kind = ?, host = ?, path_kind = ?, path = ?, dispatch_mode = ?, guards = ?" +
		" WHERE id = ?"
)

// target names the route in the audit.
func (r Route) target() Target {
	return Target{Kind: "route", ID: &r.ID, Name: r.Method + " " + r.Host + r.Path, App: &r.AppID}
}

func scanRoute(r row) (Route, error) {
	guards, err := decodeGuards(r.text(10))
	return Route{ID: r.id(0), ScriptID: r.id(1), AppID: r.id(2), Method: r.text(3), HostKind: r.text(4), Host: r.text(5),
		PathKind: r.text(6), Path: r.text(7), DispatchMode: r.text(8), CreatedAt: r.time(9), RouteGuards: guards}, err
}

// CreateRoute checks conflicts against every stored route inside its own
// transaction; on conflict *Error{KindConflict, "route_conflict",
// Details{"conflicting_route": Route}} (http hides it from those who may not
// see it). KindInvalid "not_an_endpoint" when the script is a module, and
// "missing_secret" when the app has no secret that the guards name.
func (s *Store) CreateRoute(ctx context.Context, script uuid.UUID, draft RouteDraft, conflict RouteConflict) (Route, error) {
	return write(ctx, s, true, func(t *transaction) (Route, error) { return s.createRoute(t, script, draft, conflict) })
}

func (s *Store) createRoute(t *transaction, scriptID uuid.UUID, draft RouteDraft, conflict RouteConflict) (Route, error) {
	target, err := endpoint(t, scriptID)
	if err != nil {
		return Route{}, err
	}
	made := Route{ID: s.newID(), ScriptID: scriptID, AppID: target.AppID, Method: draft.Method, HostKind: draft.HostKind, Host: draft.Host,
		PathKind: draft.PathKind, Path: draft.Path, DispatchMode: draft.DispatchMode, CreatedAt: t.at, RouteGuards: draft.Guards}
	if err := checkRoute(t, made, conflict); err != nil {
		return Route{}, err
	}
	guards, err := made.encoded()
	if err != nil {
		return Route{}, err
	}
	t.touch(made.target())
	t.changedCatalog = true
	_, err = t.exec(insertRoute, made.ID, made.ScriptID, made.AppID, made.Method, made.HostKind, made.Host,
		made.PathKind, made.Path, made.DispatchMode, made.CreatedAt, guards)
	return made, err
}

// endpoint returns the script that a route may lead to.
func endpoint(t *transaction, id uuid.UUID) (Script, error) {
	found, err := script(t, id)
	if err == nil && found.Kind != ScriptEndpoint {
		return Script{}, Errorf(KindInvalid, "not_an_endpoint", "the script %q is a module: routes and grants belong to the endpoints that require it", found.Name)
	}
	return found, err
}

func checkRoute(t *transaction, r Route, conflict RouteConflict) error {
	if err := checkRouteText(r); err != nil {
		return err
	}
	if err := checkGuards(t, r.AppID, r.RouteGuards); err != nil {
		return err
	}
	stored, err := collect(t, scanRoute, selectRoutes)
	if err != nil {
		return err
	}
	return refuseConflict(r, stored, conflict)
}

func checkRouteText(r Route) error {
	if err := checkText("path", r.Path, 1, maxPathBytes); err != nil {
		return err
	}
	return checkText("host", r.Host, 0, maxHostBytes)
}

func refuseConflict(r Route, stored []*Route, conflict RouteConflict) error {
	for _, other := range stored {
		if other.ID != r.ID && conflict(r, *other) {
			return &Error{Kind: KindConflict, Code: "route_conflict", Details: map[string]any{"conflicting_route": *other},
				Message: "another route answers the same requests; change the path, the method or the host"}
		}
	}
	return nil
}

// Route returns the route of that id.
func (s *Store) Route(ctx context.Context, id uuid.UUID) (Route, error) {
	return readValue(ctx, s, func(t *transaction) (Route, error) { return route(t, id) })
}

func route(t *transaction, id uuid.UUID) (Route, error) {
	found, err := collect(t, scanRoute, selectRoutes+" WHERE id = ?", id)
	if err != nil {
		return Route{}, err
	}
	if len(found) == 0 {
		return Route{}, noSuch("route")
	}
	return *found[0], nil
}

// Routes lists the routes of an app or a script, oldest first.
func (s *Store) Routes(_ context.Context, filter RouteFilter, page PageRequest) (Page[Route], error) {
	if (filter.App == uuid.Nil) == (filter.Script == uuid.Nil) {
		return Page[Route]{}, Errorf(KindInvalid, "invalid_filter", "routes are listed by app or by script")
	}
	own := keep(s.Catalog().Routes, func(each *Route) bool { return each.AppID == filter.App || each.ScriptID == filter.Script })
	list := "routes " + filter.App.String() + filter.Script.String()
	return pageOf(s, list, page, own, func(r *Route) string { return string(r.ID[:]) })
}

// UpdateRoute changes what is set in change, with CreateRoute's errors, those
// of Complete, and KindInvalid "other_app" for a script of another app.
func (s *Store) UpdateRoute(ctx context.Context, id uuid.UUID, change RouteChange, conflict RouteConflict) (Route, error) {
	return write(ctx, s, true, func(t *transaction) (Route, error) {
		old, err := route(t, id)
		if err != nil {
			return Route{}, err
		}
		changed, err := change.apply(old)
		if err != nil {
			return Route{}, err
		}
		target, err := endpoint(t, changed.ScriptID)
		if err != nil {
			return Route{}, err
		}
		if target.AppID != old.AppID {
			return Route{}, Errorf(KindInvalid, "other_app", "a route stays in its app; choose a script of the same app")
		}
		if err := checkRoute(t, changed, conflict); err != nil {
			return Route{}, err
		}
		guards, err := changed.encoded()
		if err != nil {
			return Route{}, err
		}
		t.touch(changed.target())
		t.changedCatalog = true
		_, err = t.exec(updateRoute, changed.ScriptID, changed.Method, changed.HostKind, changed.Host,
			changed.PathKind, changed.Path, changed.DispatchMode, guards, id)
		return changed, err
	})
}

func (c RouteChange) apply(r Route) (Route, error) {
	set(&r.ScriptID, c.ScriptID)
	set(&r.Method, c.Method)
	set(&r.HostKind, c.HostKind)
	set(&r.Host, c.Host)
	set(&r.PathKind, c.PathKind)
	set(&r.Path, c.Path)
	set(&r.DispatchMode, c.DispatchMode)
	set(&r.Verify, c.Verify)
	set(&r.Dedupe, c.Dedupe)
	set(&r.LocalOnly, c.LocalOnly)
	set(&r.RateLimit, c.RateLimit)
	if c.Complete == nil {
		return r, nil
	}
	return c.Complete(r)
}

// DeleteRoute removes a route.
func (s *Store) DeleteRoute(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, func(t *transaction) error {
		old, err := route(t, id)
		if err != nil {
			return err
		}
		t.touch(old.target())
		t.changedCatalog = true
		_, err = t.exec("DELETE FROM routes WHERE id = ?", id)
		return err
	})
}

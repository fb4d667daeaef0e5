package http

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"picloud/http/routing"
	"picloud/store"
)

// liveRoutes is the picture that user routes are served from: a catalog and
// the table compiled from its routes. One atomic pointer holds both, so that a
// request never sees a route of one catalog with the script of another.
type liveRoutes struct {
	current atomic.Pointer[routesSnapshot]
	logger  *slog.Logger
	now     func() time.Time
}

type routesSnapshot struct {
	catalog *store.Catalog
	table   *routing.Table[*store.Route]
	guards  map[uuid.UUID]*routeGuard // of the routes that have any
}

// guardOf returns a route's guards, nil when it has none: one without costs no
// look into the map.
func (s *routesSnapshot) guardOf(route *store.Route) *routeGuard {
	if !route.Guarded() {
		return nil
	}
	return s.guards[route.ID]
}

// update takes a new catalog; store.WatchCatalog calls it, one call at a time.
// The table is compiled anew only when the routes have changed.
func (l *liveRoutes) update(catalog *store.Catalog) {
	old := l.current.Load()
	if old != nil && slices.EqualFunc(old.catalog.Routes, catalog.Routes, sameRoute) {
		l.current.Store(&routesSnapshot{catalog: catalog, table: old.table, guards: old.guards})
		return
	}
	guards := make(map[uuid.UUID]*routeGuard)
	entries := make([]routing.Entry[*store.Route], 0, len(catalog.Routes))
	for _, route := range catalog.Routes {
		pattern, err := patternOf(route)
		if err == nil && route.Guarded() {
			guards[route.ID], err = l.guard(old, route)
		}
		if err != nil {
			l.logger.Warn("a stored route is not served", slog.String("route_id", route.ID.String()), slog.Any("error", err))
			continue
		}
		entries = append(entries, routing.Entry[*store.Route]{Pattern: pattern, Value: route})
	}
	l.current.Store(&routesSnapshot{catalog: catalog, table: routing.NewTable(entries), guards: guards})
}

// guard makes a route's guards ready, or takes the old ones, with what they
// remember, when the route still asks the same.
func (l *liveRoutes) guard(old *routesSnapshot, route *store.Route) (*routeGuard, error) {
	if old != nil {
		if same := old.guards[route.ID]; same != nil && same.async == (route.DispatchMode == dispatchAsync) && same.guards.Equal(&route.RouteGuards) {
			return same, nil
		}
	}
	return newRouteGuard(route, l.now())
}

func sameRoute(a, b *store.Route) bool {
	if a == b {
		return true
	}
	one, other := *a, *b
	one.RouteGuards, other.RouteGuards = store.RouteGuards{}, store.RouteGuards{}
	return one == other && a.Equal(&b.RouteGuards)
}

// patternOf compiles a stored route. It fails only for one that an earlier
// version with other rules has saved.
func patternOf(route *store.Route) (routing.Pattern, error) {
	return routing.Parse(routing.Definition{
		Method:   route.Method,
		HostKind: route.HostKind, Host: route.Host,
		PathKind: route.PathKind, Path: route.Path,
	})
}

// lookup finds the route that answers a request; path is escaped, as received.
func (s *Server) lookup(method, host, path string) routing.Match[*store.Route] {
	return s.routes.current.Load().table.Lookup(method, host, path)
}

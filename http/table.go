package http

import (
	"log/slog"
	"slices"
	"sync/atomic"

	"picloud/http/routing"
	"picloud/store"
)

// liveRoutes is the picture that user routes are served from: a catalog and
// the table compiled from its routes. One atomic pointer holds both, so that a
// request never sees a route of one catalog with the script of another.
type liveRoutes struct {
	current atomic.Pointer[routesSnapshot]
	logger  *slog.Logger
}

type routesSnapshot struct {
	catalog *store.Catalog
	table   *routing.Table[*store.Route]
}

// update takes a new catalog; store.WatchCatalog calls it, one call at a time.
// The table is compiled anew only when the routes have changed.
func (l *liveRoutes) update(catalog *store.Catalog) {
	if old := l.current.Load(); old != nil && slices.EqualFunc(old.catalog.Routes, catalog.Routes, sameRoute) {
		l.current.Store(&routesSnapshot{catalog: catalog, table: old.table})
		return
	}
	entries := make([]routing.Entry[*store.Route], 0, len(catalog.Routes))
	for _, route := range catalog.Routes {
		pattern, err := patternOf(route)
		if err != nil {
			l.logger.Warn("a stored route is not served", slog.String("route_id", route.ID.String()), slog.Any("error", err))
			continue
		}
		entries = append(entries, routing.Entry[*store.Route]{Pattern: pattern, Value: route})
	}
	l.current.Store(&routesSnapshot{catalog: catalog, table: routing.NewTable(entries)})
}

func sameRoute(a, b *store.Route) bool { return a == b || *a == *b }

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

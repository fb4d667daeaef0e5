package store

import (
	"slices"

	"github.com/google/uuid"
)

// matchRoutes finds, for the app's routes, the index of the imported route that
// each becomes: the one of the same method, host and path, else one that would
// be in its way, which is the same route with a parameter called otherwise.
func (i *importer) matchRoutes() map[uuid.UUID]int {
	matched := make(map[uuid.UUID]int, len(i.there.Routes))
	taken := make([]bool, len(i.in.Routes))
	match := func(fits func(a, b Route) bool) {
		for _, each := range i.there.Routes {
			if _, ok := matched[each.ID]; ok {
				continue
			}
			index := slices.IndexFunc(i.in.Routes, func(in ImportedRoute) bool { return fits(*each, in.route()) })
			if index >= 0 && !taken[index] {
				matched[each.ID], taken[index] = index, true
			}
		}
	}
	match(func(a, b Route) bool { return a.Method == b.Method && a.Host == b.Host && a.Path == b.Path })
	match(func(a, b Route) bool { return a.Method == b.Method && i.in.Conflict(a, b) })
	return matched
}

// route is the imported route as it would be stored, without its ids.
func (r ImportedRoute) route() Route {
	return Route{Method: r.Method, HostKind: r.HostKind, Host: r.Host, PathKind: r.PathKind, Path: r.Path,
		DispatchMode: r.DispatchMode, RouteGuards: r.Guards}
}

func (i *importer) writeRoutes() error {
	i.checked = make(map[uuid.UUID]int)
	stored := make(map[int]*Route, len(i.there.Routes))
	matched := i.matchRoutes()
	for _, each := range i.there.Routes {
		if index, ok := matched[each.ID]; ok {
			stored[index] = each
		}
	}
	for index, in := range i.in.Routes {
		target, err := i.endpoint("route", in.Script)
		if err == nil {
			err = checkGuards(i.transaction, i.there.App.ID, in.Guards)
		}
		if err == nil {
			err = i.writeRoute(index, target, stored[index])
		}
		if err := i.refused("route", index, "", err); err != nil {
			return err
		}
	}
	return nil
}

// endpoint returns the script that a route or trigger of the import starts.
func (i *importer) endpoint(kind, name string) (*Script, error) {
	target := i.scripts[name]
	if target == nil {
		failure := Errorf(KindInvalid, "missing_script", "the app has no script called %q", name)
		failure.Details = map[string]any{"field": "script"}
		return nil, failure
	}
	if target.Kind != ScriptEndpoint {
		failure := Errorf(KindInvalid, "not_an_endpoint", "the script %q is a module; a %s needs an endpoint", name, kind)
		failure.Details = map[string]any{"field": "script"}
		return nil, failure
	}
	return target, nil
}

func (i *importer) writeRoute(index int, target *Script, old *Route) error {
	wanted := i.in.Routes[index].route()
	wanted.AppID, wanted.ScriptID, wanted.CreatedAt = i.there.App.ID, target.ID, i.at
	guards, err := wanted.encoded()
	if err != nil {
		return err
	}
	if old == nil {
		wanted.ID = i.store.newID()
		i.checked[wanted.ID] = index
		i.planned(ImportCreate, "route", wanted.target().Name)
		_, err = i.exec(insertRoute, wanted.ID, wanted.ScriptID, wanted.AppID, wanted.Method, wanted.HostKind, wanted.Host,
			wanted.PathKind, wanted.Path, wanted.DispatchMode, wanted.CreatedAt, guards)
		return err
	}
	fields := routeDifferences(old, &wanted)
	if len(fields) == 0 {
		return nil
	}
	i.checked[old.ID] = index
	i.planned(ImportChange, "route", wanted.target().Name, fields...)
	_, err = i.exec(updateRoute, wanted.ScriptID, wanted.Method, wanted.HostKind, wanted.Host,
		wanted.PathKind, wanted.Path, wanted.DispatchMode, guards, old.ID)
	return err
}

func routeDifferences(a, b *Route) []string {
	return differences(
		differing("script", a.ScriptID != b.ScriptID), differing("host", a.Host != b.Host), differing("path", a.Path != b.Path),
		differing("kind", a.HostKind != b.HostKind || a.PathKind != b.PathKind), differing("dispatch_mode", a.DispatchMode != b.DispatchMode),
		differing("verify", !same(a.Verify, b.Verify)), differing("dedupe", !same(a.Dedupe, b.Dedupe)),
		differing("local_only", a.LocalOnly != b.LocalOnly), differing("rate_limit", !same(a.RateLimit, b.RateLimit)))
}

// checkRoutes looks for conflicts when all routes are written. Of two routes of
// the import the later one is in the way.
func (i *importer) checkRoutes() error {
	if len(i.checked) == 0 {
		return nil
	}
	all, err := collect(i.transaction, scanRoute, selectRoutes)
	if err != nil {
		return err
	}
	for _, each := range all {
		index, written := i.checked[each.ID]
		if !written {
			continue
		}
		err := checkRouteText(*each)
		if err == nil {
			err = refuseConflict(*each, all, func(a, b Route) bool {
				earlier, both := i.checked[b.ID]
				return (!both || earlier < index) && i.in.Conflict(a, b)
			})
		}
		if err := i.refused("route", index, "", err); err != nil {
			return err
		}
	}
	return nil
}

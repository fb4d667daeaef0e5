package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// adminPrefix is where the control plane lives.
const adminPrefix = "/api/v1/admin/"

// adminHandler answers a call of the control plane. Its second argument is who
// calls; it is empty only on public routes.
type adminHandler func(c echo.Context, by principal) error

// adminRoute is one line of the page below. The table's lines are written
// without field names, so that one without a capability does not compile.
type adminRoute struct {
	method string
	path   string // below adminPrefix; \: is a colon that starts no parameter
	needs  capability
	handle adminHandler
}

// adminRoutes is every route of the control plane.
func (s *Server) adminRoutes() []adminRoute {
	const (
		GET    = nethttp.MethodGet
		POST   = nethttp.MethodPost
		PUT    = nethttp.MethodPut
		PATCH  = nethttp.MethodPatch
		DELETE = nethttp.MethodDelete
	)
	return []adminRoute{
		// Public: no user exists yet, and the one-time setup token is the credential.
		{POST, "auth/setup", public, s.setUp},
		// Public: it is where a credential comes from; guarded by throttles.
		{POST, "auth/login", public, s.logIn},
		{POST, "auth/logout", ownAccount, s.logOut},
		{GET, "auth/me", ownAccount, s.showMe},
		{POST, "auth/password", ownAccount, s.changePassword},

		{GET, "apps", appList, s.listApps},
		{POST, "apps", appCreate, s.createApp},
		{GET, "apps/:app", appRead, s.showApp},
		{PATCH, "apps/:app", appAdmin, s.changeApp},
		{DELETE, "apps/:app", appAdmin, s.deleteApp},

		{GET, "scripts", scriptRead, s.listAllScripts},
		{GET, "apps/:app/scripts", scriptRead, s.listScripts},
		{POST, "apps/:app/scripts", scriptWrite, s.createScript},
		{GET, "scripts/:id", scriptRead, s.showScript},
		{PATCH, "scripts/:id", scriptWrite, s.changeScript},
		{DELETE, "scripts/:id", scriptWrite, s.deleteScript},
		{GET, "scripts/:id/versions", scriptRead, s.listVersions},
		{GET, "scripts/:id/versions/:version", scriptRead, s.showVersion},
		{POST, "scripts/:id/rollback", scriptWrite, s.rollBackScript},
		{POST, `scripts\:check`, scriptWrite, s.checkScript},
		{POST, "scripts/:id/invoke", scriptWrite, s.invokeScript},

		{GET, "scripts/:id/routes", routeRead, s.listScriptRoutes},
		{POST, "scripts/:id/routes", routeWrite, s.createRoute},
		{GET, "apps/:app/routes", routeRead, s.listAppRoutes},
		{PATCH, "routes/:id", routeWrite, s.changeRoute},
		{DELETE, "routes/:id", routeWrite, s.deleteRoute},
		{POST, `routes\:check`, routeWrite, s.checkRoute},
		{POST, `routes\:match`, routeRead, s.matchRoute},

		{GET, "apps/:app/triggers", triggerRead, s.listTriggers},
		{POST, "apps/:app/triggers/:kind", triggerWrite, s.createTrigger},
		{GET, "triggers/:id", triggerRead, s.showTrigger},
		{PATCH, "triggers/:id", triggerWrite, s.changeTrigger},
		{DELETE, "triggers/:id", triggerWrite, s.deleteTrigger},
		{POST, "triggers/:id/fire", triggerWrite, s.fireTrigger},
		{POST, `triggers\:preview`, triggerRead, s.previewTrigger},

		{GET, "apps/:app/outbox", deliveryRead, s.listDeliveries},
		{GET, "apps/:app/dead-letters", deliveryRead, s.listDeadLetters},
		{GET, "dead-letters/:id", deliveryRead, s.showDeadLetter},
		{POST, "dead-letters/:id/replay", deliveryWrite, s.replayDeadLetter},
		{POST, "dead-letters/:id/resolve", deliveryWrite, s.resolveDeadLetter},
		{GET, "apps/:app/abandoned-executions", deliveryRead, s.listAbandoned},

		{GET, "scripts/:id/logs", executionRead, s.listScriptExecutions},
		{GET, "apps/:app/logs", executionRead, s.listAppExecutions},
		{GET, "executions/:id", executionRead, s.showExecution},

		{GET, "apps/:app/kv", dataRead, s.listKVCollections},
		{GET, "apps/:app/kv/:collection", dataRead, s.listKV},
		{GET, "apps/:app/kv/:collection/:key", dataRead, s.showKV},
		{PUT, "apps/:app/kv/:collection/:key", dataWrite, s.putKV},
		{DELETE, "apps/:app/kv/:collection/:key", dataWrite, s.deleteKV},

		{GET, "apps/:app/docs", dataRead, s.listDocumentCollections},
		{GET, "apps/:app/docs/:collection", dataRead, s.listDocuments},
		{POST, "apps/:app/docs/:collection", dataWrite, s.createDocument},
		{GET, "apps/:app/docs/:collection/:id", dataRead, s.showDocument},
		{PUT, "apps/:app/docs/:collection/:id", dataWrite, s.putDocument},
		{DELETE, "apps/:app/docs/:collection/:id", dataWrite, s.deleteDocument},
		{POST, "apps/:app/docs/:collection/query", dataRead, s.queryDocuments},
	}
}

// publicRoute is a route outside the control plane; anyone may call it.
type publicRoute struct {
	path   string
	reason string
	handle echo.HandlerFunc
}

// publicRoutes is everything else that Echo's router knows, all for GET and
// HEAD. /api/v1/execute/{script_id} and user routes answer any method and are
// told apart in edge.go; the script decides about access there.
func (s *Server) publicRoutes() []publicRoute {
	return []publicRoute{
		{"/healthz", "a supervisor has no credential; it says nothing but ok", s.showHealth},
		{"/readyz", "a supervisor has no credential; reasons name parts, not contents", s.showReadiness},
		{"/version", "clients choose an API version before they sign in", s.showVersions},
		{"/admin", "leads to the page", s.redirectToPage},
		{"/admin/*", "the page is the sign-in form; its calls are guarded", s.servePage},
	}
}

// newEcho returns the router with every route registered.
func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.routedFail
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { return recovered(c, withoutOptions(c, next)) }
	})
	for _, route := range s.adminRoutes() {
		e.Add(route.method, adminPrefix+route.path, s.guarded(route))
	}
	for _, route := range s.publicRoutes() {
		e.GET(route.path, route.handle)
		e.HEAD(route.path, route.handle)
	}
	return e
}

// guarded puts the check of a route's capability in front of its handler.
func (s *Server) guarded(route adminRoute) echo.HandlerFunc {
	if route.needs == public {
		return func(c echo.Context) error { return route.handle(c, principal{}) }
	}
	return func(c echo.Context) error {
		by, err := s.authenticate(c.Request())
		if err != nil {
			return err
		}
		if !by.may(route.needs) {
			return forbidden()
		}
		return route.handle(c, by)
	}
}

package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/store"
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
	about  subject
	action string // what the audit calls the change
	handle adminHandler
}

// changesNothing is the action of a route that only reads, or tries something out.
const changesNothing = ""

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
		{POST, "auth/setup", public, noApp, "set_up", s.setUp},
		// Public: it is where a credential comes from; guarded by throttles.
		{POST, "auth/login", public, noApp, store.ActionSignIn, s.logIn},
		{POST, "auth/logout", ownSession, noApp, store.ActionSignOut, s.logOut},
		{GET, "auth/me", ownAccount, noApp, changesNothing, s.showMe},
		{POST, "auth/password", ownSession, noApp, "change_password", s.changePassword},

		{GET, "admins", userRead, noApp, changesNothing, s.listUsers},
		{POST, "admins", userWrite, noApp, "create_user", s.createUser},
		{GET, "admins/:id", userRead, noApp, changesNothing, s.showUser},
		{PATCH, "admins/:id", userWrite, noApp, "change_user", s.changeUser},
		{DELETE, "admins/:id", userWrite, noApp, "delete_user", s.deleteUser},

		{GET, "api-keys", ownKeys, noApp, changesNothing, s.listKeys},
		{POST, "api-keys", ownKeys, noApp, "create_api_key", s.createKey},
		{DELETE, "api-keys/:id", ownKeys, noApp, "delete_api_key", s.deleteKey},

		{GET, "apps", appList, noApp, changesNothing, s.listApps},
		{POST, "apps", appCreate, noApp, "create_app", s.createApp},
		{GET, "apps/:app", appRead, appOfPath, changesNothing, s.showApp},
		{PATCH, "apps/:app", appAdmin, appOfPath, "change_app", s.changeApp},
		{DELETE, "apps/:app", appAdmin, appOfPath, "delete_app", s.deleteApp},
		{PUT, "apps/:app/sandbox", sandboxLift, appOfPath, "set_sandbox", s.changeSandbox},
		{GET, "apps/:app/export", scriptRead, appOfPath, changesNothing, s.exportApp},
		{POST, "apps/:app/import", appAdmin, appOfPath, "import_app", s.importApp},
		{GET, "apps/:app/members", appMembers, appOfPath, changesNothing, s.listMembers},
		{PUT, "apps/:app/members/:user", appMembers, appOfPath, "set_member", s.setMember},
		{DELETE, "apps/:app/members/:user", appMembers, appOfPath, "remove_member", s.removeMember},

		{GET, "apps/:app/secrets", secretRead, appOfPath, changesNothing, s.listSecrets},
		{PUT, "apps/:app/secrets/:name", secretWrite, appOfPath, "set_secret", s.setSecret},
		{DELETE, "apps/:app/secrets/:name", secretWrite, appOfPath, "delete_secret", s.deleteSecret},

		{GET, "scripts", scriptList, noApp, changesNothing, s.listAllScripts},
		{GET, "apps/:app/scripts", scriptRead, appOfPath, changesNothing, s.listScripts},
		{POST, "apps/:app/scripts", scriptWrite, appOfPath, "create_script", s.createScript},
		{GET, "scripts/:id", scriptRead, appOfScript, changesNothing, s.showScript},
		{PATCH, "scripts/:id", scriptWrite, appOfScript, "change_script", s.changeScript},
		{DELETE, "scripts/:id", scriptWrite, appOfScript, "delete_script", s.deleteScript},
		{GET, "scripts/:id/versions", scriptRead, appOfScript, changesNothing, s.listVersions},
		{GET, "scripts/:id/versions/:version", scriptRead, appOfScript, changesNothing, s.showVersion},
		{POST, "scripts/:id/rollback", scriptWrite, appOfScript, "roll_back_script", s.rollBackScript},
		{POST, `scripts\:check`, scriptWrite, someApp, changesNothing, s.checkScript},
		{POST, "scripts/:id/invoke", scriptWrite, appOfScript, changesNothing, s.invokeScript},

		{GET, "scripts/:id/routes", routeRead, appOfScript, changesNothing, s.listScriptRoutes},
		{POST, "scripts/:id/routes", routeWrite, appOfScript, "create_route", s.createRoute},
		{GET, "apps/:app/routes", routeRead, appOfPath, changesNothing, s.listAppRoutes},
		{PATCH, "routes/:id", routeWrite, appOfRoute, "change_route", s.changeRoute},
		{DELETE, "routes/:id", routeWrite, appOfRoute, "delete_route", s.deleteRoute},
		{POST, `routes\:check`, routeWrite, someApp, changesNothing, s.checkRoute},
		{POST, `routes\:match`, routeRead, someApp, changesNothing, s.matchRoute},

		{GET, "scripts/:id/grants", grantAdmin, appOfScript, changesNothing, s.listGrants},
		{POST, "scripts/:id/grants", grantAdmin, appOfScript, "create_grant", s.createGrant},
		{DELETE, "grants/:id", grantAdmin, appOfGrant, "delete_grant", s.deleteGrant},

		{GET, "scripts/:id/logs", executionRead, appOfScript, changesNothing, s.listScriptExecutions},
		{GET, "apps/:app/logs", executionRead, appOfPath, changesNothing, s.listAppExecutions},
		{GET, "executions/:id", executionRead, appOfExecution, changesNothing, s.showExecution},

		{GET, "apps/:app/triggers", triggerRead, appOfPath, changesNothing, s.listTriggers},
		{POST, "apps/:app/triggers/:kind", triggerWrite, appOfPath, "create_trigger", s.createTrigger},
		{GET, "triggers/:id", triggerRead, appOfTrigger, changesNothing, s.showTrigger},
		{PATCH, "triggers/:id", triggerWrite, appOfTrigger, "change_trigger", s.changeTrigger},
		{DELETE, "triggers/:id", triggerWrite, appOfTrigger, "delete_trigger", s.deleteTrigger},
		{POST, "triggers/:id/fire", triggerWrite, appOfTrigger, changesNothing, s.fireTrigger},
		{POST, `triggers\:preview`, triggerRead, someApp, changesNothing, s.previewTrigger},

		{GET, "apps/:app/outbox", deliveryRead, appOfPath, changesNothing, s.listDeliveries},
		{GET, "apps/:app/dead-letters", deliveryRead, appOfPath, changesNothing, s.listDeadLetters},
		{GET, "dead-letters/:id", deliveryRead, appOfDeadLetter, changesNothing, s.showDeadLetter},
		{POST, "dead-letters/:id/replay", deliveryWrite, appOfDeadLetter, "replay_dead_letter", s.replayDeadLetter},
		{POST, "dead-letters/:id/resolve", deliveryWrite, appOfDeadLetter, "resolve_dead_letter", s.resolveDeadLetter},
		{GET, "apps/:app/abandoned-executions", deliveryRead, appOfPath, changesNothing, s.listAbandoned},

		{GET, "apps/:app/kv", dataRead, appOfPath, changesNothing, s.listKVCollections},
		{GET, "apps/:app/kv/:collection", dataRead, appOfPath, changesNothing, s.listKV},
		{GET, "apps/:app/kv/:collection/:key", dataRead, appOfPath, changesNothing, s.showKV},
		{PUT, "apps/:app/kv/:collection/:key", dataWrite, appOfPath, store.ActionSetKV, s.putKV},
		{DELETE, "apps/:app/kv/:collection/:key", dataWrite, appOfPath, store.ActionDeleteKV, s.deleteKV},

		{GET, "apps/:app/docs", dataRead, appOfPath, changesNothing, s.listDocumentCollections},
		{GET, "apps/:app/docs/:collection", dataRead, appOfPath, changesNothing, s.listDocuments},
		{POST, "apps/:app/docs/:collection", dataWrite, appOfPath, store.ActionCreateDocument, s.createDocument},
		{GET, "apps/:app/docs/:collection/:id", dataRead, appOfPath, changesNothing, s.showDocument},
		{PUT, "apps/:app/docs/:collection/:id", dataWrite, appOfPath, store.ActionPutDocument, s.putDocument},
		{DELETE, "apps/:app/docs/:collection/:id", dataWrite, appOfPath, store.ActionDeleteDocument, s.deleteDocument},
		{POST, "apps/:app/docs/:collection/query", dataRead, appOfPath, changesNothing, s.queryDocuments},

		{GET, "instance/stats", instanceRead, noApp, changesNothing, s.showStats},
		{GET, "instance/backups", instanceRead, noApp, changesNothing, s.listBackups},
		{POST, "instance/backup", backupTake, noApp, "take_backup", s.takeBackup},
		{GET, "audit", instanceRead, noApp, changesNothing, s.listAudit},
		{GET, "sdk", sdkRead, noApp, changesNothing, s.showSDK},
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
		{"/metrics", "it asks for a credential itself, outside the control plane", s.showMetrics},
		{"/", "leads to the page; a request comes here only at the admin host of the split mode", s.redirectToPage},
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
		return func(c echo.Context) error {
			if err := recovered(c, withoutOptions(c, next)); err != nil {
				s.routedFail(err, c)
			}
			s.counts.add(platformKind(c.Request().URL.Path), c.Response().Status)
			return nil
		}
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

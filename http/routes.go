package http

import (
	"slices"

	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

// adminPrefix is where the control plane lives.
const adminPrefix = "/api/v1/admin/"

// adminHandler answers a call of the control plane. Its second argument is who
// calls; it is empty only on public routes.
type adminHandler func(c echo.Context, by principal) error

// adminRoute is one line of the page below. The table's lines are written
// without field names, so that one without a capability or a contract does not
// compile.
type adminRoute struct {
	method string
	path   string // below adminPrefix; \: is a colon that starts no parameter
	needs  capability
	about  subject
	action string // what the audit calls the change
	handle adminHandler
	contract
}

// changesNothing is the action of a route that only reads, or tries something out.
const changesNothing = ""

// adminRoutes is every route of the control plane.
func (s *Server) adminRoutes() []adminRoute {
	return slices.Concat(
		s.accountRoutes(), s.userRoutes(), s.keyRoutes(), s.appRoutes(), s.secretRoutes(), s.scriptRoutes(),
		s.routeRoutes(), s.grantRoutes(), s.executionRoutes(), s.triggerRoutes(), s.deliveryRoutes(), s.kvRoutes(), s.documentRoutes(), s.instanceRoutes())
}

func (s *Server) accountRoutes() []adminRoute {
	return []adminRoute{
		// Public: no user exists yet, and the one-time setup token is the credential.
		{"POST", "auth/setup", public, noApp, "set_up", s.setUp,
			contract{"Make the first owner", nil, setupBody{}, 201, signedIn{}, refusals{"already_set_up", "bad_setup_token", "invalid_username", "too_many_requests"}}},
		// Public: it is where a credential comes from; guarded by throttles.
		{"POST", "auth/login", public, noApp, store.ActionSignIn, s.logIn,
			contract{"Sign in", nil, credentials{}, 200, signedIn{}, refusals{"bad_credentials", "too_many_requests"}}},
		{"POST", "auth/logout", ownSession, noApp, store.ActionSignOut, s.logOut,
			contract{"Sign out: this session ends, others stay", nil, nil, 204, nil, nil}},
		{"GET", "auth/me", ownAccount, noApp, changesNothing, s.showMe,
			contract{"Who is signed in", nil, nil, 200, store.User{}, nil}},
		{"POST", "auth/password", ownSession, noApp, "change_password", s.changePassword,
			contract{"Change one's own password; all sessions end but this one", nil, passwordChange{}, 200, signedIn{}, refusals{"wrong_password", "too_many_requests"}}},
	}
}

func (s *Server) userRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "admins", userRead, noApp, changesNothing, s.listUsers,
			contract{"List users", paged, nil, 200, store.Page[store.User]{}, nil}},
		{"POST", "admins", userWrite, noApp, "create_user", s.createUser,
			contract{"Create a user", nil, userDraft{}, 201, store.User{}, slices.Concat(refusals{"invalid_username", "username_taken", "invalid_role"}, rankRefusals)}},
		{"GET", "admins/:id", userRead, noApp, changesNothing, s.showUser,
			contract{"Show a user", nil, nil, 200, store.User{}, nil}},
		{"PATCH", "admins/:id", userWrite, noApp, "change_user", s.changeUser,
			contract{"Change a user", nil, userChange{}, 200, store.User{}, slices.Concat(refusals{"invalid_role", "last_owner"}, rankRefusals)}},
		{"DELETE", "admins/:id", userWrite, noApp, "delete_user", s.deleteUser,
			contract{"Delete a user", nil, nil, 204, nil, slices.Concat(refusals{"last_owner"}, rankRefusals)}},
	}
}

func (s *Server) keyRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "api-keys", ownKeys, noApp, changesNothing, s.listKeys,
			contract{"List one's own API keys", paged, nil, 200, store.Page[store.APIKey]{}, nil}},
		{"POST", "api-keys", ownKeys, noApp, "create_api_key", s.createKey,
			contract{"Mint an API key; the answer alone shows it", nil, keyDraft{}, 201, newKey{}, refusals{"invalid_name", "name_taken", "invalid_scopes", "bound_key", "too_many_keys", "prefix_taken", "not_found"}}},
		{"DELETE", "api-keys/:id", ownKeys, noApp, "delete_api_key", s.deleteKey,
			contract{"Revoke one of one's own API keys", nil, nil, 204, nil, nil}},
	}
}

func (s *Server) appRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "apps", appList, noApp, changesNothing, s.listApps,
			contract{"List the apps that the caller may see", paged, nil, 200, store.Page[appItem]{}, nil}},
		{"POST", "apps", appCreate, noApp, "create_app", s.createApp,
			contract{"Create an app", nil, appDraft{}, 201, appView{}, appRefusals}},
		{"GET", "apps/:app", appRead, appOfPath, changesNothing, s.showApp,
			contract{"Show an app", nil, nil, 200, appView{}, nil}},
		{"PATCH", "apps/:app", appAdmin, appOfPath, "change_app", s.changeApp,
			contract{"Change an app", nil, appChange{}, 200, appView{}, appRefusals}},
		{"DELETE", "apps/:app", appAdmin, appOfPath, "delete_app", s.deleteApp,
			contract{"Delete an app", forced, nil, 204, nil, refusals{"app_not_empty"}}},
		{"PUT", "apps/:app/sandbox", sandboxLift, appOfPath, "set_sandbox", s.changeSandbox,
			contract{"Lift the sandbox from the pages of an app, or put it back", nil, sandboxChange{}, 200, appView{}, refusals{"risk_not_accepted"}}},
		{"GET", "apps/:app/members", appMembers, appOfPath, changesNothing, s.listMembers,
			contract{"List the members of an app", paged, nil, 200, store.Page[store.Member]{}, nil}},
		{"PUT", "apps/:app/members/:user", appMembers, appOfPath, "set_member", s.setMember,
			contract{"Make a user a member, or change the role", nil, memberBody{}, 200, store.Member{}, refusals{"invalid_role"}}},
		{"DELETE", "apps/:app/members/:user", appMembers, appOfPath, "remove_member", s.removeMember,
			contract{"Take a member out of an app", nil, nil, 204, nil, nil}},
		{"GET", "apps/:app/export", scriptRead, appOfPath, changesNothing, s.exportApp,
			contract{"An app as the files of a folder", nil, nil, 200, exportAnswer{}, nil}},
		{"POST", "apps/:app/import", appAdmin, appOfPath, "import_app", s.importApp,
			contract{"Make an app what files say, all or nothing", ofImport, folderBody{}, 200, importAnswer{}, refusals{"import_invalid"}}},
	}
}

func (s *Server) secretRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "apps/:app/secrets", secretRead, appOfPath, changesNothing, s.listSecrets,
			contract{"List the names of secrets; no call shows a value", paged, nil, 200, store.Page[store.AppSecret]{}, nil}},
		{"PUT", "apps/:app/secrets/:name", secretWrite, appOfPath, "set_secret", s.setSecret,
			contract{"Save a secret", nil, secretBody{}, 200, store.AppSecret{}, refusals{"invalid_name", "invalid_value", "too_many_secrets"}}},
		{"DELETE", "apps/:app/secrets/:name", secretWrite, appOfPath, "delete_secret", s.deleteSecret,
			contract{"Delete a secret", nil, nil, 204, nil, refusals{"has_dependents"}}},
	}
}

func (s *Server) scriptRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "scripts", scriptList, noApp, changesNothing, s.listAllScripts,
			contract{"List the scripts of all apps that the caller may see", paged, nil, 200, store.Page[scriptItem]{}, nil}},
		{"GET", "apps/:app/scripts", scriptRead, appOfPath, changesNothing, s.listScripts,
			contract{"List the scripts of an app, without their source", paged, nil, 200, store.Page[scriptItem]{}, nil}},
		{"POST", "apps/:app/scripts", scriptWrite, appOfPath, "create_script", s.createScript,
			contract{"Create a script", nil, scriptDraft{}, 201, store.Script{}, scriptRefusals}},
		{"GET", "scripts/:id", scriptRead, appOfScript, changesNothing, s.showScript,
			contract{"Show a script with its source", nil, nil, 200, store.Script{}, nil}},
		{"PATCH", "scripts/:id", scriptWrite, appOfScript, "change_script", s.changeScript,
			contract{"Change a script: each change is a version", nil, scriptChange{}, 200, store.Script{}, slices.Concat(scriptRefusals, refusals{"stale_version", "has_dependents"})}},
		{"DELETE", "scripts/:id", scriptWrite, appOfScript, "delete_script", s.deleteScript,
			contract{"Delete a script", nil, nil, 204, nil, refusals{"has_dependents"}}},
		{"GET", "scripts/:id/versions", scriptRead, appOfScript, changesNothing, s.listVersions,
			contract{"List the versions of a script, newest first", paged, nil, 200, store.Page[store.ScriptVersion]{}, nil}},
		{"GET", "scripts/:id/versions/:version", scriptRead, appOfScript, changesNothing, s.showVersion,
			contract{"Show a version with its source", nil, nil, 200, store.ScriptVersion{}, nil}},
		{"POST", "scripts/:id/rollback", scriptWrite, appOfScript, "roll_back_script", s.rollBackScript,
			contract{"Save the source of an old version as a new one", nil, rollbackBody{}, 200, store.Script{}, sourceRefusals}},
		{"POST", `scripts\:check`, scriptWrite, someApp, changesNothing, s.checkScript,
			contract{"Look for mistakes in a source, without saving it", nil, sourceBody{}, 200, diagnosis{}, nil}},
		{"POST", "scripts/:id/invoke", scriptWrite, appOfScript, changesNothing, s.invokeScript,
			contract{"Run a script as a test, with a request or an event", nil, invokeBody{}, 200, invokeAnswer{}, refusals{"not_an_endpoint"}}},
	}
}

func (s *Server) routeRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "scripts/:id/routes", routeRead, appOfScript, changesNothing, s.listScriptRoutes,
			contract{"List the routes of a script", paged, nil, 200, store.Page[routeItem]{}, nil}},
		{"POST", "scripts/:id/routes", routeWrite, appOfScript, "create_route", s.createRoute,
			contract{"Create a route", nil, routeDraft{}, 201, store.Route{}, slices.Concat(patternRefusals, routeRefusals)}},
		{"GET", "apps/:app/routes", routeRead, appOfPath, changesNothing, s.listAppRoutes,
			contract{"List the routes of an app", paged, nil, 200, store.Page[routeItem]{}, nil}},
		{"PATCH", "routes/:id", routeWrite, appOfRoute, "change_route", s.changeRoute,
			contract{"Change a route", nil, routeChange{}, 200, store.Route{}, slices.Concat(patternRefusals, routeRefusals, refusals{"other_app"})}},
		{"DELETE", "routes/:id", routeWrite, appOfRoute, "delete_route", s.deleteRoute,
			contract{"Delete a route", nil, nil, 204, nil, nil}},
		{"POST", `routes\:check`, routeWrite, someApp, changesNothing, s.checkRoute,
			contract{"Would this route be in the way of another?", nil, routeCheck{}, 200, routeVerdict{}, patternRefusals}},
		{"POST", `routes\:match`, routeRead, someApp, changesNothing, s.matchRoute,
			contract{"Which route would answer this request?", nil, matchBody{}, 200, routeMatch{}, nil}},
	}
}

func (s *Server) grantRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "scripts/:id/grants", grantAdmin, appOfScript, changesNothing, s.listGrants,
			contract{"List what a script may reach in the home network", paged, nil, 200, store.Page[store.Grant]{}, nil}},
		{"POST", "scripts/:id/grants", grantAdmin, appOfScript, "create_grant", s.createGrant,
			contract{"Let a script reach a destination in the home network", nil, grantDraft{}, 201, store.Grant{}, refusals{"invalid_grant", "grant_exists", "too_many_grants", "not_an_endpoint"}}},
		{"DELETE", "grants/:id", grantAdmin, appOfGrant, "delete_grant", s.deleteGrant,
			contract{"Take a grant back", nil, nil, 204, nil, nil}},
	}
}

func (s *Server) executionRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "scripts/:id/logs", executionRead, appOfScript, changesNothing, s.listScriptExecutions,
			contract{"List the executions of a script, newest first", ofExecutions, nil, 200, store.Page[store.Execution]{}, filterRefusals}},
		{"GET", "apps/:app/logs", executionRead, appOfPath, changesNothing, s.listAppExecutions,
			contract{"List the executions of an app, newest first", ofAppExecutions, nil, 200, store.Page[store.Execution]{}, filterRefusals}},
		{"GET", "apps/:app/logs/stream", executionRead, appOfPath, changesNothing, s.streamExecutions,
			contract{"Follow the executions of an app live, as server-sent events: execution, ready, dropped and end", ofStream, nil, 200, media{"text/event-stream", store.Execution{}}, slices.Concat(filterRefusals, refusals{"too_many_streams"})}},
		{"GET", "executions/:id", executionRead, appOfExecution, changesNothing, s.showExecution,
			contract{"Show an execution", nil, nil, 200, store.Execution{}, nil}},
	}
}

func (s *Server) triggerRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "apps/:app/triggers", triggerRead, appOfPath, changesNothing, s.listTriggers,
			contract{"List the triggers of an app", paged, nil, 200, store.Page[store.Trigger]{}, nil}},
		{"POST", "apps/:app/triggers/:kind", triggerWrite, appOfPath, "create_trigger", s.createTrigger,
			contract{"Create a trigger", nil, triggerDraft{}, 201, store.Trigger{}, triggerRefusals}},
		{"GET", "triggers/:id", triggerRead, appOfTrigger, changesNothing, s.showTrigger,
			contract{"Show a trigger", nil, nil, 200, store.Trigger{}, nil}},
		{"PATCH", "triggers/:id", triggerWrite, appOfTrigger, "change_trigger", s.changeTrigger,
			contract{"Change a trigger", nil, triggerChange{}, 200, store.Trigger{}, triggerRefusals}},
		{"DELETE", "triggers/:id", triggerWrite, appOfTrigger, "delete_trigger", s.deleteTrigger,
			contract{"Delete a trigger", nil, nil, 204, nil, nil}},
		{"POST", "triggers/:id/fire", triggerWrite, appOfTrigger, changesNothing, s.fireTrigger,
			contract{"Run a trigger's script once, with a test event", nil, optional{fireBody{}}, 200, invokeAnswer{}, nil}},
		{"POST", `triggers\:preview`, triggerRead, someApp, changesNothing, s.previewTrigger,
			contract{"When would this schedule fire?", nil, previewBody{}, 200, previewAnswer{}, refusals{"bad_schedule"}}},
	}
}

func (s *Server) deliveryRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "apps/:app/outbox", deliveryRead, appOfPath, changesNothing, s.listDeliveries,
			contract{"List the deliveries that wait or run", paged, nil, 200, store.Page[store.Delivery]{}, nil}},
		{"GET", "apps/:app/dead-letters", deliveryRead, appOfPath, changesNothing, s.listDeadLetters,
			contract{"List dead letters", ofDeadLetters, nil, 200, store.Page[store.DeadLetter]{}, nil}},
		{"GET", "dead-letters/:id", deliveryRead, appOfDeadLetter, changesNothing, s.showDeadLetter,
			contract{"Show a dead letter", nil, nil, 200, store.DeadLetter{}, nil}},
		{"POST", "dead-letters/:id/replay", deliveryWrite, appOfDeadLetter, "replay_dead_letter", s.replayDeadLetter,
			contract{"Deliver a dead letter again", nil, optional{struct{}{}}, 200, store.DeadLetter{}, refusals{"dead_letter_closed", "trigger_gone"}}},
		{"POST", "dead-letters/:id/resolve", deliveryWrite, appOfDeadLetter, "resolve_dead_letter", s.resolveDeadLetter,
			contract{"Close a dead letter with a note", nil, resolveBody{}, 200, store.DeadLetter{}, refusals{"dead_letter_closed", "invalid_note"}}},
		{"GET", "apps/:app/abandoned-executions", deliveryRead, appOfPath, changesNothing, s.listAbandoned,
			contract{"List the executions whose callers had gone", paged, nil, 200, store.Page[store.AbandonedExecution]{}, nil}},
	}
}

func (s *Server) kvRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "apps/:app/kv", dataRead, appOfPath, changesNothing, s.listKVCollections,
			contract{"List the key-value collections of an app", paged, nil, 200, store.Page[store.Collection]{}, nil}},
		{"GET", "apps/:app/kv/:collection", dataRead, appOfPath, changesNothing, s.listKV,
			contract{"List the entries of a collection", withPrefix, nil, 200, store.Page[store.KVEntry]{}, nameRefusals}},
		{"GET", "apps/:app/kv/:collection/:key", dataRead, appOfPath, changesNothing, s.showKV,
			contract{"Show an entry", nil, nil, 200, store.KVEntry{}, nameRefusals}},
		{"PUT", "apps/:app/kv/:collection/:key", dataWrite, appOfPath, store.ActionSetKV, s.putKV,
			contract{"Set an entry", nil, kvDraft{}, 200, store.KVEntry{}, slices.Concat(nameRefusals, refusals{"invalid_json", "value_too_large", "invalid_ttl", "stale_version"})}},
		{"DELETE", "apps/:app/kv/:collection/:key", dataWrite, appOfPath, store.ActionDeleteKV, s.deleteKV,
			contract{"Delete an entry", ifVersion, nil, 204, nil, slices.Concat(nameRefusals, refusals{"stale_version"})}},
	}
}

func (s *Server) documentRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "apps/:app/docs", dataRead, appOfPath, changesNothing, s.listDocumentCollections,
			contract{"List the document collections of an app", paged, nil, 200, store.Page[store.Collection]{}, nil}},
		{"GET", "apps/:app/docs/:collection", dataRead, appOfPath, changesNothing, s.listDocuments,
			contract{"List the documents of a collection", paged, nil, 200, store.Page[store.Document]{}, slices.Concat(nameRefusals, refusals{"query_too_slow"})}},
		{"POST", "apps/:app/docs/:collection", dataWrite, appOfPath, store.ActionCreateDocument, s.createDocument,
			contract{"Create a document", nil, documentDraft{}, 201, store.Document{}, slices.Concat(nameRefusals, documentRefusals, refusals{"document_exists"})}},
		{"GET", "apps/:app/docs/:collection/:id", dataRead, appOfPath, changesNothing, s.showDocument,
			contract{"Show a document", nil, nil, 200, store.Document{}, nameRefusals}},
		{"PUT", "apps/:app/docs/:collection/:id", dataWrite, appOfPath, store.ActionPutDocument, s.putDocument,
			contract{"Replace a document", nil, documentChange{}, 200, store.Document{}, slices.Concat(nameRefusals, documentRefusals, refusals{"stale_version"})}},
		{"DELETE", "apps/:app/docs/:collection/:id", dataWrite, appOfPath, store.ActionDeleteDocument, s.deleteDocument,
			contract{"Delete a document", ifRev, nil, 204, nil, slices.Concat(nameRefusals, refusals{"stale_version"})}},
		{"POST", "apps/:app/docs/:collection/query", dataRead, appOfPath, changesNothing, s.queryDocuments,
			contract{"Search the documents of a collection", nil, documentQuery{}, 200, store.Page[store.Document]{}, slices.Concat(nameRefusals, refusals{"invalid_query", "query_too_slow"})}},
	}
}

func (s *Server) instanceRoutes() []adminRoute {
	return []adminRoute{
		{"GET", "instance/stats", instanceRead, noApp, changesNothing, s.showStats,
			contract{"How the instance does, and did in the last minutes", ofStats, nil, 200, instanceStats{}, nil}},
		{"GET", "instance/settings", instanceRead, noApp, changesNothing, s.showSettings,
			contract{"The settings in force, and where each came from", nil, nil, 200, settingList{}, nil}},
		{"GET", "instance/backups", instanceRead, noApp, changesNothing, s.listBackups,
			contract{"List the scheduled backups, newest first, and when the next is due", nil, nil, 200, backupList{}, nil}},
		{"POST", "instance/backup", backupTake, noApp, "take_backup", s.takeBackup,
			contract{"Take a backup: a consistent, checked copy of the database", nil, nil, 200, media{"application/vnd.sqlite3", ""}, refusals{"backup_running"}}},
		{"GET", "audit", instanceRead, noApp, changesNothing, s.listAudit,
			contract{"Who changed what, when, from where, newest first", ofAudit, nil, 200, store.Page[store.AuditEntry]{}, nil}},
		{"GET", "sdk", sdkRead, noApp, changesNothing, s.showSDK,
			contract{"What scripts can call", nil, nil, 200, runtime.Description{}, nil}},
	}
}

// publicRoute is a route outside the control plane; anyone may call it.
type publicRoute struct {
	path   string
	reason string
	handle echo.HandlerFunc
	contract
}

// publicRoutes is everything else that Echo's router knows, all for GET and
// HEAD. /api/v1/execute/{script_id} and user routes answer any method and are
// told apart in edge.go; the script decides about access there.
func (s *Server) publicRoutes() []publicRoute {
	return []publicRoute{
		{"/healthz", "a supervisor has no credential; it says nothing but ok", s.showHealth,
			contract{"Does the process serve?", nil, nil, 200, media{"text/plain", ""}, nil}},
		{"/readyz", "a supervisor has no credential; reasons name parts, not contents", s.showReadiness,
			contract{"Do the database and the dispatcher work?", nil, nil, 200, media{"text/plain", ""}, nil}},
		{"/version", "clients choose an API version before they sign in", s.showVersions,
			contract{"The version numbers", nil, nil, 200, versions{}, nil}},
		{"/metrics", "it asks for a credential itself, outside the control plane", s.showMetrics,
			contract{"Counters for Prometheus; needs a signed-in admin, or an API key with the scope instance:read", nil, nil, 200, media{"text/plain", ""}, nil}},
		{"/api/v1/openapi.json", "it describes the API and holds nothing of the instance", s.showOpenAPI,
			contract{"This document", nil, nil, 200, map[string]any{}, nil}},
		{"/", "leads to the page; a request comes here only at the admin host of the split mode", s.redirectToPage, ofPage},
		{"/admin", "leads to the page", s.redirectToPage, ofPage},
		{"/admin/*", "the page is the sign-in form; its calls are guarded", s.servePage, ofPage},
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

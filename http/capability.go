package http

import (
	"slices"

	"picloud/store"
)

// capability is one permitted operation. Every route names the one it needs;
// the empty one is granted to nobody.
type capability string

// public marks a route that answers without a credential. Each use of it in
// routes.go gives its reason.
const public capability = "public"

// The capabilities of the control plane.
const (
	ownAccount    capability = "OwnAccount"    // see oneself
	ownSession    capability = "OwnSession"    // end one's session, change one's password
	ownKeys       capability = "OwnKeys"       // list, mint and revoke one's API keys
	sdkRead       capability = "SDKRead"       // the description of what scripts see
	userRead      capability = "UserRead"      // the users of the instance
	userWrite     capability = "UserWrite"     // make, change and remove them
	instanceRead  capability = "InstanceRead"  // figures, settings and the audit
	backupTake    capability = "BackupTake"    // a copy of everything, password hashes included
	appList       capability = "AppList"       // the apps that one may see
	appCreate     capability = "AppCreate"     // new apps
	appRead       capability = "AppRead"       // one app's own fields
	appAdmin      capability = "AppAdmin"      // change and delete an app
	sandboxLift   capability = "SandboxLift"   // let an app's pages act as the admin who visits them
	appMembers    capability = "AppMembers"    // who may do what in an app
	secretRead    capability = "SecretRead"    // the names of an app's secrets; nobody sees a value
	secretWrite   capability = "SecretWrite"   // save and delete secrets
	scriptList    capability = "ScriptList"    // the scripts of all apps that one may see
	scriptRead    capability = "ScriptRead"    // scripts and their versions, and calling them when they ask for sign-in
	scriptWrite   capability = "ScriptWrite"   // change scripts, run them as a test
	routeRead     capability = "RouteRead"     // routes, and what they match
	routeWrite    capability = "RouteWrite"    // change routes
	grantAdmin    capability = "GrantAdmin"    // what scripts may reach in the home network
	executionRead capability = "ExecutionRead" // the execution log
	triggerRead   capability = "TriggerRead"   // triggers
	triggerWrite  capability = "TriggerWrite"  // change triggers, fire them as a test
	deliveryRead  capability = "DeliveryRead"  // the outbox, dead letters, abandoned executions
	deliveryWrite capability = "DeliveryWrite" // replay and resolve dead letters
	dataRead      capability = "DataRead"      // key-value entries and documents
	dataWrite     capability = "DataWrite"     // change entries and documents
)

// rule is what a capability asks of a caller; all three must hold.
type rule struct {
	role  store.Role    // the least role in the instance
	inApp store.AppRole // the least role in the app that the call is about; "" outside apps
	scope store.Scope   // what an API key must carry; sessions carry everything
}

// Rules of a capability about keys that name no scope.
const (
	anyKey store.Scope = "any key"
	noKey  store.Scope = "no key" // sessions only (spec 8, "Access")
)

// rules is who may do what (spec 1, 5 and 8): the one place that says so.
// Owners and admins have the role app_admin in every app.
var rules = map[capability]rule{
	ownAccount:   {store.RoleMember, "", anyKey},
	ownSession:   {store.RoleMember, "", noKey},
	ownKeys:      {store.RoleMember, "", noKey},
	sdkRead:      {store.RoleMember, "", anyKey},
	userRead:     {store.RoleAdmin, "", store.ScopeInstanceRead},
	userWrite:    {store.RoleAdmin, "", store.ScopeInstanceAdmin},
	instanceRead: {store.RoleAdmin, "", store.ScopeInstanceRead},
	backupTake:   {store.RoleOwner, "", store.ScopeInstanceAdmin},

	appList:     {store.RoleMember, "", store.ScopeScriptRead},
	appCreate:   {store.RoleAdmin, "", store.ScopeInstanceAdmin},
	appRead:     {store.RoleMember, store.AppViewer, store.ScopeScriptRead},
	appAdmin:    {store.RoleMember, store.AppAdmin, store.ScopeAppAdmin},
	sandboxLift: {store.RoleOwner, store.AppAdmin, noKey},
	appMembers:  {store.RoleMember, store.AppAdmin, store.ScopeAppAdmin},

	// An editor may list the names (spec 8), so a key needs what an editor's can carry.
	secretRead:  {store.RoleMember, store.AppEditor, store.ScopeScriptWrite},
	secretWrite: {store.RoleMember, store.AppAdmin, store.ScopeAppAdmin},

	scriptList:    {store.RoleMember, "", store.ScopeScriptRead},
	scriptRead:    {store.RoleMember, store.AppViewer, store.ScopeScriptRead},
	scriptWrite:   {store.RoleMember, store.AppEditor, store.ScopeScriptWrite},
	routeRead:     {store.RoleMember, store.AppViewer, store.ScopeScriptRead},
	routeWrite:    {store.RoleMember, store.AppEditor, store.ScopeRouteWrite},
	grantAdmin:    {store.RoleMember, store.AppAdmin, store.ScopeAppAdmin},
	executionRead: {store.RoleMember, store.AppViewer, store.ScopeLogRead},
	triggerRead:   {store.RoleMember, store.AppViewer, store.ScopeScriptRead},
	triggerWrite:  {store.RoleMember, store.AppEditor, store.ScopeScriptWrite},
	deliveryRead:  {store.RoleMember, store.AppViewer, store.ScopeLogRead},
	deliveryWrite: {store.RoleMember, store.AppEditor, store.ScopeScriptWrite},
	dataRead:      {store.RoleMember, store.AppViewer, store.ScopeScriptRead},
	dataWrite:     {store.RoleMember, store.AppEditor, store.ScopeScriptWrite},
}

// included is what a scope brings along (spec 8, "Access").
var included = map[store.Scope][]store.Scope{
	store.ScopeAppAdmin:      {store.ScopeScriptRead, store.ScopeScriptWrite, store.ScopeRouteWrite, store.ScopeLogRead},
	store.ScopeInstanceAdmin: {store.ScopeInstanceRead},
}

// scopeRoles is the least role that whoever mints a key with a scope must have.
var scopeRoles = map[store.Scope]rule{
	store.ScopeScriptRead:    {store.RoleMember, store.AppViewer, noKey},
	store.ScopeLogRead:       {store.RoleMember, store.AppViewer, noKey},
	store.ScopeScriptWrite:   {store.RoleMember, store.AppEditor, noKey},
	store.ScopeRouteWrite:    {store.RoleMember, store.AppEditor, noKey},
	store.ScopeAppAdmin:      {store.RoleMember, store.AppAdmin, noKey},
	store.ScopeInstanceRead:  {store.RoleAdmin, "", noKey},
	store.ScopeInstanceAdmin: {store.RoleAdmin, "", noKey},
}

// may reports whether a principal, located by the guard, has a capability.
func (p principal) may(needed capability) bool {
	r, known := rules[needed]
	return known && p.meets(r)
}

func (p principal) meets(r rule) bool {
	return p.User.Active && p.User.Role.Level() >= r.role.Level() && p.role.Level() >= r.inApp.Level() && p.carries(r.scope)
}

// carries reports whether the credential reaches as far as scope.
func (p principal) carries(scope store.Scope) bool {
	if p.Key == nil || scope == anyKey {
		return true
	}
	return slices.ContainsFunc(p.Key.Scopes, func(own store.Scope) bool {
		return own == scope || slices.Contains(included[own], scope)
	})
}

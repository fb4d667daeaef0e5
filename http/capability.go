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
	ownAccount    capability = "OwnAccount"    // one's own session, name and password
	appList       capability = "AppList"       // the apps that one may see
	appCreate     capability = "AppCreate"     // new apps
	appRead       capability = "AppRead"       // one app's own fields
	appAdmin      capability = "AppAdmin"      // change and delete an app
	scriptRead    capability = "ScriptRead"    // scripts and their versions
	scriptWrite   capability = "ScriptWrite"   // change scripts, run them as a test
	routeRead     capability = "RouteRead"     // routes, and what they match
	routeWrite    capability = "RouteWrite"    // change routes
	executionRead capability = "ExecutionRead" // the execution log
	triggerRead   capability = "TriggerRead"   // triggers
	triggerWrite  capability = "TriggerWrite"  // change triggers, fire them as a test
	deliveryRead  capability = "DeliveryRead"  // the outbox, dead letters, abandoned executions
	deliveryWrite capability = "DeliveryWrite" // replay and resolve dead letters
	dataRead      capability = "DataRead"      // key-value entries and documents
	dataWrite     capability = "DataWrite"     // change entries and documents
)

// rolesOf says which instance roles grant a capability in every app. A member
// has what an app's own role adds, and that is decided per app.
var rolesOf = map[capability][]store.Role{
	ownAccount:    {store.RoleOwner, store.RoleAdmin, store.RoleMember},
	appList:       {store.RoleOwner, store.RoleAdmin},
	appCreate:     {store.RoleOwner, store.RoleAdmin},
	appRead:       {store.RoleOwner, store.RoleAdmin},
	appAdmin:      {store.RoleOwner, store.RoleAdmin},
	scriptRead:    {store.RoleOwner, store.RoleAdmin},
	scriptWrite:   {store.RoleOwner, store.RoleAdmin},
	routeRead:     {store.RoleOwner, store.RoleAdmin},
	routeWrite:    {store.RoleOwner, store.RoleAdmin},
	executionRead: {store.RoleOwner, store.RoleAdmin},
	triggerRead:   {store.RoleOwner, store.RoleAdmin},
	triggerWrite:  {store.RoleOwner, store.RoleAdmin},
	deliveryRead:  {store.RoleOwner, store.RoleAdmin},
	deliveryWrite: {store.RoleOwner, store.RoleAdmin},
	dataRead:      {store.RoleOwner, store.RoleAdmin},
	dataWrite:     {store.RoleOwner, store.RoleAdmin},
}

// may reports whether a principal has a capability.
func (p principal) may(needed capability) bool {
	return p.User.Active && slices.Contains(rolesOf[needed], p.User.Role)
}

// appRole is the role that a user with an instance role has in every app; it
// is what my_role shows.
func appRole(role store.Role) string {
	switch role {
	case store.RoleOwner, store.RoleAdmin:
		return "app_admin"
	default:
		return ""
	}
}

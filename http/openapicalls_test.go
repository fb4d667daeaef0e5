package http

import (
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"picloud/store"
)

// callGroup is what one part of the document is about, in the order of reading.
type callGroup struct {
	name, about string
	routes      func(*Server) []adminRoute
}

var callGroups = []callGroup{
	{"Account", "Sign in and out, and who one is.", (*Server).accountRoutes},
	{"API keys", "Keys for programs. They begin with pic_ and go into the Authorization header.", (*Server).keyRoutes},
	{"Apps", "Apps, their members, and whole apps as files.", (*Server).appRoutes},
	{"Scripts", "Scripts, their versions, and test runs.", (*Server).scriptRoutes},
	{"Routes", "Which requests a script answers, and who may send them.", (*Server).routeRoutes},
	{"Triggers", "What else starts a script: a schedule, a change of data, a topic, a dead letter.", (*Server).triggerRoutes},
	{"Executions", "The log: what ran, how it went, and what it said.", (*Server).executionRoutes},
	{"Deliveries", "Events on their way to scripts, and those that ran out of attempts.", (*Server).deliveryRoutes},
	{"Key-value data", "Entries of an app, in named collections.", (*Server).kvRoutes},
	{"Documents", "JSON documents of an app, in named collections, found by what is in them.", (*Server).documentRoutes},
	{"Secrets", "Passwords and tokens that scripts and guards use. No call shows a value.", (*Server).secretRoutes},
	{"Grants", "What a script may reach in the home network.", (*Server).grantRoutes},
	{"Users", "Who may sign in.", (*Server).userRoutes},
	{"Instance", "Figures, settings, backups, the audit log, and what scripts can call.", (*Server).instanceRoutes},
}

// The groups of the calls outside the control plane.
const (
	groupRunning = "Running scripts"
	groupPublic  = "Public"
)

func groupTags() []object {
	tags := []object{}
	for _, group := range callGroups {
		tags = append(tags, object{"name": group.name, "description": group.about})
	}
	return append(tags,
		object{"name": groupRunning, "description": "A script by its id, without a route. Routes answer at addresses of their own."},
		object{"name": groupPublic, "description": "For supervisors, monitors, and clients that do not know the instance yet."})
}

// needs is a capability's rule for programs; needed says it in words.
func needs(r rule) object {
	key := string(r.scope)
	switch r.scope {
	case noKey:
		key = "none"
	case anyKey:
		key = "any"
	}
	return object{"role": r.role, "app_role": r.inApp, "key": key}
}

// anyCallMeets are the codes that every call may be answered with; not_found
// where the split mode has the API on another host.
var anyCallMeets = refusals{"not_found", "bad_path", "credential_in_path", "different_credentials", "cross_origin", "body_timeout", "body_unreadable", "body_incomplete", "too_many_requests",
	"internal", "busy", "closed", "unavailable", "outbox_full", "storage_full"}

// refusalsOf are the codes that a route's refusals can have: its own and those
// that follow from what it is.
func refusalsOf(route adminRoute) refusals {
	codes := slices.Clone(route.refuses)
	if route.needs != public {
		codes = append(codes, "unauthorized")
		if least := rules[route.needs]; least != (rule{store.RoleMember, "", anyKey}) {
			codes = append(codes, "forbidden")
		}
	}
	if strings.Contains(strings.ReplaceAll(route.path, `\:`, ""), ":") {
		codes = append(codes, "not_found")
	}
	if route.method != nethttp.MethodGet { // the session cookie counts with a JSON content type alone
		codes = append(codes, "wrong_content_type")
	}
	for _, p := range route.query {
		switch p.name {
		case "limit":
			codes = append(codes, "invalid_limit")
		case "cursor":
			codes = append(codes, "invalid_cursor")
		}
		codes = append(codes, "bad_parameter")
	}
	if route.takes != nil {
		codes = append(codes, "bad_json", "unknown_field", "wrong_type", "invalid", "body_too_large")
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// answersOf are the responses to a call that was refused, by status; "default"
// is what any call may meet.
func (d *document) answersOf(codes refusals) object {
	byStatus := map[int]refusals{}
	for _, code := range codes {
		entry, known := catalogue[code]
		if !known {
			d.t.Errorf("the catalogue has no code %s", code)
		}
		byStatus[entry.Status] = append(byStatus[entry.Status], code)
	}
	answers := object{"default": object{"$ref": "#/components/responses/Error"}}
	for status, codes := range byStatus {
		answers[strconv.Itoa(status)] = d.refusal("Refused: "+strings.Join(codes, ", "), codes)
	}
	return answers
}

func (d *document) refusal(about string, codes refusals) object {
	return object{"description": about, "content": asJSON(d.of(errorBody{})), "x-codes": codes}
}

// placeWords say what stands in a path; an id is of what the segment before
// it names.
var placeWords = map[string]string{
	"app": "an app's id or slug", "user": "a user's id or name", "script_id": "a script's id", "version": "a version's number", "kind": "what starts the script",
	"collection": "1 to 128 characters of A-Z, a-z, 0-9, '_', '.' and '-'", "key": "1 to 512 bytes, percent-encoded", "name": "a secret's name",
}

var idWords = map[string]string{
	"admins": "a user's id", "api-keys": "an API key's id", "scripts": "a script's id", "routes": "a route's id", "grants": "a grant's id",
	"executions": "an execution's id", "triggers": "a trigger's id", "dead-letters": "a dead letter's id", "{collection}": "a document's id: 1 to 512 bytes, percent-encoded",
}

// pathParameter describes a parameter of a path; before is the segment before it.
func (d *document) pathParameter(before, name string) object {
	words := placeWords[name]
	if name == "id" {
		words = idWords[before]
	}
	if words == "" {
		d.t.Errorf("nobody has described {%s} after %s", name, before)
	}
	var schema any = object{"type": "string"}
	switch {
	case name == "version":
		schema = object{"type": "integer", "minimum": 1}
	case name == "kind":
		schema = d.of(store.TriggerKind(""))
	case name == "script_id", name == "id" && before != "{collection}":
		schema = object{"type": "string", "format": "uuid"}
	}
	return object{"name": name, "in": "path", "required": true, "description": words, "schema": schema}
}

// bounds are what the numbers of queries lie between.
var bounds = map[string][2]int{"limit": {1, 200}, "minutes": {1, historyMinutes}}

func (d *document) queryParameter(p parameter) object {
	var schema any = d.of(p.of)
	if between, ok := bounds[p.name]; ok {
		schema = object{"type": "integer", "minimum": between[0], "maximum": between[1]}
	}
	return object{"name": p.name, "in": "query", "description": p.doc, "schema": schema}
}

// Every route of the control plane is in exactly one group, so the document has
// all of them.
func TestOpenAPIGroupsHaveEveryRoute(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	seen := map[string]int{}
	for _, group := range callGroups {
		for _, route := range group.routes(s.Server) {
			seen[route.method+" "+route.path]++
		}
	}
	for _, route := range s.adminRoutes() {
		if name := route.method + " " + route.path; seen[name] != 1 {
			t.Errorf("%s is in %d groups", name, seen[name])
		}
	}
}

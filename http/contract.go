package http

import (
	"slices"

	"github.com/google/uuid"

	"picloud/store"
)

// contract says what a route takes and gives. openapi.json is made of it by a
// test, which also holds every call of the other tests to it; the server itself
// reads none of it.
type contract struct {
	summary string
	query   []parameter
	takes   any // an empty body of the request; nil without one
	status  int // of success
	gives   any // an empty answer of success; nil without one
	refuses refusals
}

// refusals are codes of the catalogue that a route's own errors bear, beside
// those that follow from its method, path, query, body and capability.
type refusals []string

// parameter is one name of a query.
type parameter struct {
	name string
	of   any // an empty value of it
	doc  string
}

// optional is a body that may be left out.
type optional struct{ body any }

// media is an answer that is not JSON, or not alone: of is what one piece is.
type media struct {
	kind string
	of   any
}

// ofPage is the contract of what belongs to the admin page and not to the API.
var ofPage contract

// The queries that several routes share.
var (
	paged = []parameter{
		{"limit", 0, "how many items at most, from 1 to 200; 50 when left out"},
		{"cursor", "", "next_cursor of the page before"},
	}
	between = []parameter{
		{"since", store.Time(0), "nothing before this moment"},
		{"until", store.Time(0), "nothing after this moment"},
	}
	ofExecutions = slices.Concat(paged, between, []parameter{
		{"status", store.ExecutionStatus(""), "only those that ended so"},
		{"text", "", "only those with this text, in any case, in path, query, bodies, log lines or the error"},
	})
	ofDeadLetters   = slices.Concat(paged, []parameter{{"state", "", "only those in this state; several have commas between"}})
	ofStats         = []parameter{{"minutes", 0, "of how many minutes, from 1 to 1440; 60 when left out"}}
	ofAppExecutions = slices.Concat(ofExecutions, ofScript)
	ofStream        = slices.Concat(ofExecutions[len(paged):], ofScript, []parameter{
		{"after", uuid.Nil, "go on after this execution or event; the header Last-Event-ID counts more"},
	})
	ofScript = []parameter{{"script", uuid.Nil, "only those of this script"}}
	ofAudit  = slices.Concat(paged, between, []parameter{
		{"user", uuid.Nil, "only what this user did"},
		{"target", uuid.Nil, "only what was done to this"},
		{"app", uuid.Nil, "only what was done in this app"},
		{"action", "", "only what is called so"},
	})
	ofImport = []parameter{
		{"dry_run", false, "only say what would change"},
		{"prune", false, "delete what the files have not"},
	}
	withPrefix = slices.Concat(paged, []parameter{{"prefix", "", "only keys that begin so"}})
	forced     = []parameter{{"force", false, "also when the app holds scripts or data"}}
	ifVersion  = []parameter{{"if_version", int64(0), "only if the entry has this version"}}
	ifRev      = []parameter{{"rev", int64(0), "only if the document has this rev"}}
)

// The refusals that several routes share.
var (
	rankRefusals    = refusals{"owners_only", "sessions_only"}
	appRefusals     = refusals{"invalid_slug", "slug_taken", "invalid_name", "invalid_description"}
	sourceRefusals  = refusals{"syntax_error", "missing_module", "module_cycle"}
	scriptRefusals  = slices.Concat(sourceRefusals, refusals{"invalid_name", "reserved_name", "name_taken", "invalid_description", "invalid_kind", "invalid_access", "limit_not_positive", "limit_over_ceiling"})
	patternRefusals = refusals{"invalid_method", "invalid_host", "invalid_host_kind", "invalid_path", "invalid_path_kind", "reserved_path"}
	routeRefusals   = refusals{"route_conflict", "missing_secret", "not_an_endpoint"}
	filterRefusals  = refusals{"invalid_status", "invalid_filter"}
	triggerRefusals = refusals{"invalid_name", "invalid_rule", "bad_schedule", "invalid_topic", "invalid_collection", "invalid_retry", "other_app", "not_an_endpoint"}
	// nameRefusals are about the names of collections, keys and documents.
	nameRefusals     = refusals{"invalid_collection", "invalid_key"}
	documentRefusals = refusals{"invalid_document", "invalid_json", "document_too_large"}
)

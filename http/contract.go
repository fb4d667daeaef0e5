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
}

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

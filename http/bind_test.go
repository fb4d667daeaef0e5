package http

import (
	"slices"
	"strings"
	"testing"
)

// Every call with a body refuses what is not a JSON object of known fields.
func TestStrictBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, owner, things := w.testServer, w.owner, w.apps["alpha"]
	me := field(t, request(t, s, "GET", adminPrefix+"auth/me", "", owner), "id")
	for _, route := range s.adminRoutes() {
		if route.takes == nil || strings.HasSuffix(route.path, "/replay") {
			continue
		}
		most := maxControlBody
		switch {
		case strings.Contains(route.path, "/docs/"):
			most = maxDocumentBody
		case slices.Contains([]string{"apps/:app/scripts", "apps/:app/import", "scripts/:id", `scripts\:check`}, route.path):
			most = maxScriptBody
		}
		first, _, _ := strings.Cut(route.path, "/")
		id := things.ids()[first]
		switch {
		case first == "admins":
			id = me
		case id == "":
			id = "k" // of a document
		}
		path := adminPrefix + strings.NewReplacer(`\:`, ":", ":app", things.slug, ":collection", "c", ":key", "k", ":id", id).Replace(route.path)
		for _, test := range []struct {
			body, kind, code string
			status           int
		}{
			{`{"no_such_field":1}`, "", "unknown_field", 400}, {`[]`, "", "wrong_type", 400}, {`null`, "", "wrong_type", 400},
			{`{`, "", "bad_json", 400}, {`{} {}`, "", "bad_json", 400}, {"\xff", "", "bad_json", 400},
			{`{}`, "text/plain", "wrong_content_type", 415}, {`a=b`, "application/x-www-form-urlencoded", "wrong_content_type", 415},
			{`{}`, "application/json; charset=latin1", "wrong_content_type", 415},
			{`{"x":"` + strings.Repeat("a", most) + `"}`, "", "body_too_large", 413},
		} {
			headers := map[string]string{"Authorization": owner["Authorization"]}
			if test.kind != "" {
				headers["Content-Type"] = test.kind
			}
			w := request(t, s, route.method, path, test.body, headers)
			if w.Code != test.status || field(t, w, "error.code") != test.code {
				t.Errorf("%s %s with %.20q: %d %s, want %d %s", route.method, path, test.body, w.Code, w.Body, test.status, test.code)
			}
		}
	}
}

func TestWrongTypesAreNamed(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{
		{"string", "POST", "apps", `{"slug":5}`, 400, map[string]string{"error.code": "wrong_type", "error.details.field": "slug",
			"error.message": `field "slug" must be a string, not a number`}},
		{"object", "POST", "apps/default/scripts", `{"limits":[]}`, 400, map[string]string{"error.details.field": "limits",
			"error.message": `field "limits" must be an object, not a list`}},
		{"inner", "POST", "apps/default/scripts", `{"limits":{"call_depth":"5"}}`, 400, map[string]string{"error.details.field": "limits.call_depth",
			"error.message": `field "limits.call_depth" must be a whole number, not a string`}},
		{"fraction", "POST", "apps/default/scripts", `{"timeout_ms":1.5}`, 400, map[string]string{"error.details.field": "timeout_ms"}},
		{"inner unknown", "POST", "apps/default/scripts", `{"limits":{"x":1}}`, 400, map[string]string{"error.details.field": "limits.x"}},
		{"other case", "POST", "apps", `{"Slug":"x"}`, 400, map[string]string{"error.code": "unknown_field", "error.details.field": "Slug"}},
		{"bool", "POST", "auth/login", `{"username":true}`, 400, map[string]string{"error.details.field": "username"}},
		{"id", "POST", "routes:check", `{"method":"GET","path":"/x","except":"7"}`, 422, map[string]string{"error.details.field": "except"}},
	})
}

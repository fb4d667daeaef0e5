package http

import (
	"reflect"
	"strings"
	"testing"

	"picloud/store"
)

// publicAdminRoutes are all that may answer without a credential.
var publicAdminRoutes = map[string]bool{"POST auth/setup": true, "POST auth/login": true}

func TestEveryRouteNamesACapabilityWithARuleAndASubject(t *testing.T) {
	t.Parallel()
	used := map[capability]bool{}
	for _, route := range newTestServer(t).adminRoutes() {
		name := route.method + " " + route.path
		if (route.needs == public) != publicAdminRoutes[name] {
			t.Errorf("%s needs %q", name, route.needs)
		}
		used[route.needs] = true
		r, known := rules[route.needs]
		if route.needs != public && !known {
			t.Errorf("%s needs %q, which has no rule", name, route.needs)
		}
		if route.about == nil {
			t.Fatalf("%s does not say which app it is about", name)
		}
		if outside := sameSubject(route.about, noApp); outside && r.inApp != "" {
			t.Errorf("%s is about no app, but needs a role in one", name)
		} else if !outside && r.inApp == "" {
			t.Errorf("%s is about an app, but needs no role in it", name)
		}
	}
	for needed := range rules {
		if !used[needed] {
			t.Errorf("no route needs %q", needed)
		}
	}
}

func sameSubject(a, b subject) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// triedOut are the routes that change nothing although they are no GET.
var triedOut = map[string]string{
	`POST scripts\:check`:     "compiles, keeps nothing",
	`POST routes\:check`:      "looks for a conflict",
	`POST routes\:match`:      "looks a route up",
	"POST scripts/:id/invoke": "a run, which has a record of its own",
	"POST triggers/:id/fire":  "the same",
	`POST triggers\:preview`:  "reckons",

	"POST apps/:app/docs/:collection/query": "reads; a query is too long for a URL",
}

func TestEveryRouteThatChangesSomethingHasItsAuditAction(t *testing.T) {
	t.Parallel()
	for _, route := range newTestServer(t).adminRoutes() {
		name := route.method + " " + route.path
		reads := route.method == "GET" || triedOut[name] != ""
		if reads != (route.action == changesNothing) {
			t.Errorf("%s has the action %q", name, route.action)
		}
	}
}

// Whatever Echo's router knows comes from the two tables; nothing is
// registered behind their back.
func TestEchoKnowsOnlyTheRoutesOfThePage(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	listed := map[string]bool{}
	for _, route := range s.adminRoutes() {
		listed[route.method+" "+adminPrefix+route.path] = true
	}
	for _, route := range s.publicRoutes() {
		if route.reason == "" {
			t.Errorf("%s is public without a reason", route.path)
		}
		listed["GET "+route.path], listed["HEAD "+route.path] = true, true
	}
	for _, route := range s.echo.Routes() {
		if !listed[route.Method+" "+route.Path] {
			t.Errorf("Echo answers %s %s, which no table lists", route.Method, route.Path)
		}
	}
	if len(s.echo.Routes()) != len(listed) {
		t.Errorf("Echo has %d routes, the tables %d", len(s.echo.Routes()), len(listed))
	}
}

// samplePath fills in the parameters of a route's path.
func samplePath(path string) string {
	replacer := strings.NewReplacer(
		`\:`, ":", ":app", "default", ":id", "01890a5d-ac96-774b-bcce-b302099a8057", ":user", "nobody", ":name", "TOKEN", ":version", "1")
	return adminPrefix + replacer.Replace(path)
}

func TestNoAdminRouteAnswersWithoutACredential(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	credentials := map[string]map[string]string{
		"none":         nil,
		"empty":        {"Authorization": ""},
		"basic":        {"Authorization": "Basic YWRhOnBhc3N3b3Jk"},
		"short token":  bearer("pis_abc"),
		"other prefix": bearer("pic_" + strings.Repeat("A", 43)),
		"cookie":       {"Cookie": "picloud_session=pis_" + strings.Repeat("A", 43)},
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"}
	paths := []string{adminPrefix, adminPrefix + "nothing", adminPrefix + "apps/default/nothing"}
	for _, route := range s.adminRoutes() {
		paths = append(paths, samplePath(route.path))
	}
	for name, headers := range credentials {
		for _, path := range paths {
			for _, method := range methods {
				if publicAdminRoutes[method+" "+strings.TrimPrefix(path, adminPrefix)] {
					continue
				}
				for _, body := range []string{"", `{"junk":1}`} {
					w := request(t, s, method, path, body, headers)
					if w.Code != 401 {
						t.Errorf("%s %s with %s: status %d, want 401", method, path, name, w.Code)
					}
					if allow := w.Header().Get("Allow"); allow != "" {
						t.Errorf("%s %s tells a stranger Allow: %s", method, path, allow)
					}
				}
			}
		}
	}
}

func TestNobodyHasACapabilityWithoutARule(t *testing.T) {
	t.Parallel()
	p := principal{User: store.User{Role: store.RoleOwner, Active: true}, role: store.AppAdmin}
	for needed := range rules {
		if !p.may(needed) {
			t.Errorf("an owner may not %s", needed)
		}
		inactive := p
		inactive.User.Active = false
		if inactive.may(needed) {
			t.Errorf("a deactivated owner may %s", needed)
		}
	}
	for _, none := range []capability{"", public, "Invented"} {
		if p.may(none) {
			t.Errorf("an owner may %q", none)
		}
	}
}

func TestUnknownAPIVersions(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	for path, code := range map[string]string{
		"/api": "unknown_api_version", "/api/": "unknown_api_version", "/api/v2/admin/apps": "unknown_api_version",
		"/api/admin/apps": "unknown_api_version", "/api/v10/x": "unknown_api_version",
		"/api/v1": "not_found", "/api/v1/": "not_found", "/api/v1/nothing": "not_found", "/api/v1/execute": "not_found",
		"/api/v1/execute/a/b": "not_found",
	} {
		for _, method := range []string{"GET", "POST", "BREW"} {
			w := request(t, s, method, path, "", nil)
			wantError(t, w, 404, code)
			if code == "unknown_api_version" && !strings.Contains(w.Body.String(), "version 1 of the API") {
				t.Errorf("%s does not say which version is served: %s", path, w.Body)
			}
		}
	}
}

func TestForbiddenWithoutTheCapability(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	route := adminRoute{"GET", "invented", "Invented", noApp, changesNothing, s.showMe, contract{}}
	s.echo.Add(route.method, adminPrefix+route.path, s.guarded(route))
	wantError(t, request(t, s, "GET", adminPrefix+route.path, "", owner), 403, "forbidden")
}

// A refused change of limits must not reach the catalog that requests run by.
func TestRefusedLimitsLeaveTheCatalogAlone(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	path := adminPrefix + "scripts/" + newScript(t, s, owner, "greet", "return 1")
	wantStatus(t, request(t, s, "PATCH", path, `{"limits":{"instructions":1000}}`, owner), 200)
	wantStatus(t, request(t, s, "PATCH", path, `{"limits":{"instructions":2000},"version":99}`, owner), 409)
	for _, script := range s.store.Catalog().Scripts {
		if *script.Limits.Instructions != 1000 {
			t.Errorf("the catalog's limit is %d", *script.Limits.Instructions)
		}
	}
}

package http

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"picloud/store"
)

const missingID = "01890a5d-ac96-774b-bcce-b302099a8057"

// demand is what the specification asks of a caller of one route, read off the
// route's path and method alone: this file knows nothing of capabilities, so
// that a mistake in their table shows.
type demand struct {
	open     bool   // anyone
	sessions bool   // no API key
	instance int    // least instance role: 1 member, 2 admin, 3 owner
	where    string // "this app", "some app", or "" outside apps
	role     int    // least role there: 1 viewer, 2 editor, 3 app_admin
	scope    string // what an API key must carry; "" for any key
}

// demandOf is spec 8, "Access", in the order of its sentences.
func demandOf(method, path string) demand {
	reads := method == "GET"
	words := strings.FieldsFunc(path, func(c rune) bool { return c == '/' || c == '\\' })
	last := words[len(words)-1]
	about := func(noun string) bool { return slices.Contains(words, noun) }
	in := func(role int, scope string) demand {
		where := "this app"
		if strings.HasPrefix(last, ":") && len(words) == 2 && !slices.Contains([]string{":id", ":app"}, last) {
			where = "some app" // scripts:check and its like
		}
		return demand{instance: 1, where: where, role: role, scope: scope}
	}
	switch {
	case path == "auth/setup" || path == "auth/login":
		return demand{open: true}
	case path == "auth/me" || path == "sdk":
		return demand{instance: 1}
	case words[0] == "auth" || words[0] == "api-keys":
		return demand{instance: 1, sessions: true}
	case (words[0] == "admins" || words[0] == "instance" || words[0] == "audit") && reads:
		return demand{instance: 2, scope: "instance:read"}
	case path == "instance/backup": // holds the owners' password hashes
		return demand{instance: 3, scope: "instance:admin"}
	case words[0] == "admins" || path == "apps" && !reads:
		return demand{instance: 2, scope: "instance:admin"}
	case path == "apps" || path == "scripts":
		return demand{instance: 1, scope: "script:read"}
	case about("sandbox"):
		return demand{instance: 3, sessions: true, where: "this app"}
	case about("secrets") && reads:
		return in(2, "script:write")
	case about("members") || about("grants") || about("import") || about("secrets") || path == "apps/:app" && !reads:
		return in(3, "app:admin")
	case about("logs") || about("executions") || reads && (about("outbox") || about("dead-letters") || about("abandoned-executions")):
		return in(1, "log:read")
	case reads || last == ":match" || last == ":preview" || last == "query":
		return in(1, "script:read")
	case about("routes"):
		return in(2, "route:write")
	case about("scripts") || about("triggers") || about("dead-letters") || about("kv") || about("docs"):
		return in(2, "script:write")
	default:
		panic("the specification says nothing about " + method + " " + path)
	}
}

// caller is one column of the matrix.
type caller struct {
	name    string
	live    bool           // has a credential that works
	role    int            // 1 member, 2 admin, 3 owner
	roles   map[string]int // in apps, by slug
	scopes  []string       // of a key; nil for a session
	bound   string         // the slug of the key's app
	headers map[string]string
	user    store.User
}

// roleIn is what a caller may be in an app: nothing outside the key's one.
func (c caller) roleIn(app string) int {
	if c.bound != "" && c.bound != app {
		return 0
	}
	if c.role >= 2 {
		return 3
	}
	return c.roles[app]
}

func (c caller) carries(scope string) bool {
	if c.scopes == nil || scope == "" {
		return true
	}
	brought := map[string]string{"script:read": "app:admin", "script:write": "app:admin", "route:write": "app:admin", "log:read": "app:admin", "instance:read": "instance:admin"}
	return slices.Contains(c.scopes, scope) || slices.Contains(c.scopes, brought[scope])
}

// expected is the one rule: who is it, may it see that, does its role reach,
// does its key. 0 stands for getting through.
func (c caller) expected(d demand, app string) int {
	role := c.roleIn(app)
	if d.where == "some app" {
		role = max(c.roleIn("alpha"), c.roleIn("beta"))
	}
	switch {
	case d.open:
		return 0
	case !c.live:
		return 401
	case d.where == "this app" && role == 0:
		return 404
	case c.role < d.instance || d.where != "" && role < d.role || d.sessions && c.scopes != nil || !c.carries(d.scope):
		return 403
	default:
		return 0
	}
}

// fill puts ids of app into the path of a route. What the call would destroy is
// made for it alone.
func (w *world) fill(method, path string, app *appThings, c caller) string {
	id := ""
	switch first, _, _ := strings.Cut(path, "/"); {
	case path == "routes/:id" && method == "DELETE":
		w.names++
		id = w.made("scripts/"+app.script+"/routes", fmt.Sprintf(`{"method":"GET","path":"/spare%d"}`, w.names))
	case path == "triggers/:id" && method == "DELETE":
		w.names++
		id = w.newTrigger(app, fmt.Sprint("spare", w.names))
	case first == "grants":
		w.names++
		id = w.made("scripts/"+app.script+"/grants", fmt.Sprintf(`{"host":"192.168.1.31","port":%d}`, w.names))
	case strings.Contains(path, "/:collection/"):
		w.putData(app)
		id = "k"
	case app.ids()[first] != "":
		id = app.ids()[first]
	case first == "admins":
		id = w.newUser(store.RoleMember).ID.String()
	case first == "api-keys" && c.user.ID != uuid.Nil:
		w.names++
		key, err := w.store.CreateAPIKey(context.Background(), c.user.ID, store.APIKeyDraft{Name: fmt.Sprint("spare", w.names),
			Prefix: fmt.Sprint("spare", w.names), Scopes: store.Scopes})
		if err != nil {
			w.t.Fatal(err)
		}
		id = key.ID.String()
	}
	secret := "nothing"
	if strings.HasSuffix(path, "/:name") {
		secret = "SPARE"
		if _, err := w.store.SetAppSecret(context.Background(), uuid.MustParse(app.id), secret, "spare value"); err != nil {
			w.t.Fatal(err)
		}
	}
	member := "nobody"
	if strings.HasSuffix(path, "/:user") {
		user := w.newUser(store.RoleMember)
		w.join(user, app.slug, store.AppViewer)
		member = user.ID.String()
	}
	return strings.NewReplacer(`\:`, ":", ":app", app.slug, ":id", id, ":user", member, ":name", secret, ":version", "1",
		":kind", "kv", ":collection", "c", ":key", "k").Replace(path)
}

// call makes the call of one cell.
func (w *world) call(method, path string, headers map[string]string) *httptest.ResponseRecorder {
	body := ""
	if method != "GET" && method != "DELETE" && path != "auth/logout" {
		body = "{}"
	}
	return request(w.t, w.testServer, method, adminPrefix+path, body, headers)
}

// Every caller at every route, in the app alpha: through, or refused as the
// one rule says.
func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	if len(w.callers) < 25 {
		t.Fatalf("only %d callers", len(w.callers))
	}
	cells, wrong := 0, 0
	for _, route := range w.adminRoutes() {
		d := demandOf(route.method, route.path)
		for _, c := range w.callers {
			headers := c.headers
			if route.path == "auth/logout" && c.live && c.scopes == nil {
				headers = w.session(c.user) // it ends what it is called with
			}
			got := w.call(route.method, w.fill(route.method, route.path, w.apps["alpha"], c), headers)
			want, cell := c.expected(d, "alpha"), got.Code
			if want == 0 && cell != 401 && cell != 403 && cell != 404 || want == 0 && d.open && field(t, got, "error.code") != "unauthorized" {
				cell = 0
			}
			if cells++; cell != want {
				wrong++
				t.Errorf("%s %s as %s: %d, want %d: %s", route.method, route.path, c.name, got.Code, want, got.Body)
			}
		}
	}
	t.Logf("%d callers at %d routes: %d cells, %d wrong", len(w.callers), len(w.adminRoutes()), cells, wrong)
}

// What a caller may not see answers, to the byte, as what does not exist.
func TestForeignIsLikeMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	alpha := w.apps["alpha"]
	nowhere := &appThings{slug: "nowhere", script: missingID, route: missingID, execution: missingID, trigger: missingID, letter: missingID, grant: missingID}
	byID := *alpha
	byID.slug = alpha.id
	pairs := 0
	for _, route := range w.adminRoutes() {
		if d := demandOf(route.method, route.path); d.where != "this app" {
			continue
		}
		for _, c := range w.callers {
			if !c.live || c.roleIn("alpha") > 0 {
				continue
			}
			headers := map[string]string{"Authorization": c.headers["Authorization"], "X-Request-Id": "same"}
			var answers []string
			for _, target := range []*appThings{alpha, &byID, nowhere} {
				first, _, _ := strings.Cut(route.path, "/")
				path := strings.NewReplacer(`\:`, ":", ":app", target.slug, ":user", "nobody", ":version", "1", ":kind", "kv", ":collection", "c", ":key", "k",
					":id", cmp.Or(target.ids()[first], "k")).Replace(route.path)
				got := w.call(route.method, path, headers)
				answers = append(answers, fmt.Sprint(got.Code, got.Header(), got.Body))
			}
			if answers[0] != answers[2] || answers[1] != answers[2] || !strings.HasPrefix(answers[2], "404") {
				t.Errorf("%s %s as %s:\nforeign %s\nby id   %s\nmissing %s", route.method, route.path, c.name, answers[0], answers[1], answers[2])
			}
			pairs++
		}
	}
	if pairs < 100 {
		t.Errorf("only %d pairs were compared", pairs)
	}
}

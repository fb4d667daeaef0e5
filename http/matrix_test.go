package http

import (
	"cmp"
	"context"
	"crypto/sha256"
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

// world is an instance with two apps that hold the same kinds of things.
type world struct {
	*testServer
	t       *testing.T
	owner   map[string]string
	apps    map[string]*appThings
	callers []caller
	names   int
}

type appThings struct{ id, slug, script, route, execution, trigger, letter, grant string }

// ids are what stands for :id in a path, by the path's first word.
func (a *appThings) ids() map[string]string {
	return map[string]string{"scripts": a.script, "routes": a.route, "executions": a.execution, "triggers": a.trigger,
		"dead-letters": a.letter, "grants": a.grant}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, owner := newOwnedServer(t)
	w := &world{testServer: s, t: t, owner: owner, apps: map[string]*appThings{}}
	for _, slug := range []string{"alpha", "beta"} {
		a := &appThings{slug: slug}
		a.id = w.made("apps", `{"slug":"`+slug+`"}`)
		a.script = w.made("apps/"+slug+"/scripts", `{"name":"one","source":"return 1"}`)
		a.grant = w.made("scripts/"+a.script+"/grants", `{"host":"printer.local","port":631}`)
		a.route = w.made("scripts/"+a.script+"/routes", `{"method":"GET","path":"/`+slug+`"}`)
		wantStatus(t, request(t, s, "GET", "/"+slug, "", nil), 200)
		a.execution = field(t, request(t, s, "GET", adminPrefix+"apps/"+slug+"/logs", "", owner), "items.id")
		a.trigger = w.newTrigger(a, "kept")
		a.letter = w.newDeadLetter(a)
		w.putData(a)
		w.apps[slug] = a
	}
	return w
}

// putData makes the entry and the document that fill names, where they are not.
func (w *world) putData(app *appThings) {
	w.t.Helper()
	ctx := context.Background()
	id := uuid.MustParse(app.id)
	if _, err := w.store.SetKV(ctx, store.KVKey{App: id, Collection: "c", Key: "k"}, store.KVWrite{Value: []byte("1")}); err != nil {
		w.t.Fatal(err)
	}
	_, err := w.store.InsertDocument(ctx, store.DocumentKey{App: id, Collection: "c", ID: "k"}, store.DocumentWrite{Data: []byte("{}")})
	if err != nil && store.KindOf(err) != store.KindConflict {
		w.t.Fatal(err)
	}
}

func (w *world) newTrigger(app *appThings, name string) string {
	w.t.Helper()
	return w.made("apps/"+app.slug+"/triggers/kv", `{"script_id":"`+app.script+`","name":"`+name+`","kv":{"collection":"watched"}}`)
}

// newDeadLetter gives up a request that an app's script was to run for.
func (w *world) newDeadLetter(app *appThings) string {
	w.t.Helper()
	script := w.store.Catalog().Scripts[uuid.MustParse(app.script)]
	if _, err := w.store.AcceptRequest(context.Background(), script, store.AsyncRequest{Method: "GET", Path: "/late"}); err != nil {
		w.t.Fatal(err)
	}
	for _, delivery := range w.store.TakeDeliveries() {
		if err := w.store.BuryDelivery(context.Background(), store.Burial{Delivery: delivery, Reason: "given up"}); err != nil {
			w.t.Fatal(err)
		}
	}
	return field(w.t, request(w.t, w.testServer, "GET", adminPrefix+"apps/"+app.slug+"/dead-letters", "", w.owner), "items.id")
}

// made does a POST as the owner and returns the id of what it made.
func (w *world) made(path, body string) string {
	w.t.Helper()
	made := request(w.t, w.testServer, "POST", adminPrefix+path, body, w.owner)
	wantStatus(w.t, made, 201)
	return field(w.t, made, "id")
}

// newUser makes a user without the cost of a password hash.
func (w *world) newUser(role store.Role) store.User {
	w.t.Helper()
	w.names++
	user, err := w.store.CreateUser(context.Background(), store.UserDraft{Username: fmt.Sprint("user", w.names), Role: role, PasswordHash: "no password", Highest: store.RoleOwner})
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

// session starts a session and returns its headers.
func (w *world) session(user store.User) map[string]string {
	w.t.Helper()
	current, err := w.store.User(context.Background(), user.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	started, err := w.startSession(context.Background(), current)
	if err != nil {
		w.t.Fatal(err)
	}
	return bearer(started.Token)
}

// key mints a key as user and returns its headers.
func (w *world) key(user store.User, fields string) map[string]string {
	w.t.Helper()
	w.names++
	minted := request(w.t, w.testServer, "POST", adminPrefix+"api-keys", fmt.Sprintf(`{"name":"key%d",%s}`, w.names, fields), w.session(user))
	wantStatus(w.t, minted, 201)
	return bearer(field(w.t, minted, "raw_token"))
}

func (w *world) join(user store.User, app string, role store.AppRole) {
	w.t.Helper()
	wantStatus(w.t, request(w.t, w.testServer, "PUT", adminPrefix+"apps/"+app+"/members/"+user.Username, `{"role":"`+string(role)+`"}`, w.owner), 200)
}

func (w *world) change(user store.User, body string) {
	w.t.Helper()
	wantStatus(w.t, request(w.t, w.testServer, "PATCH", adminPrefix+"admins/"+user.ID.String(), body, w.owner), 200)
}

func (w *world) add(c caller) { w.callers = append(w.callers, c) }

func scopesJSON(scopes ...string) string { return `"scopes":["` + strings.Join(scopes, `","`) + `"]` }

// populate makes the callers.
func (w *world) populate() {
	w.addStrangers()
	w.addSessions()
	w.addOwnersKeys()
	w.addFallen()
	w.addBoundKeys()
}

func (w *world) addStrangers() {
	right := w.key(w.newUser(store.RoleOwner), scopesJSON("app:admin"))["Authorization"]
	wrongBody := right[:len(right)-3] + map[bool]string{true: "aaa", false: "bbb"}[!strings.HasSuffix(right, "aaa")]
	w.add(caller{name: "anonymous"})
	w.add(caller{name: "garbage", headers: bearer("let me in")})
	w.add(caller{name: "unknown session", headers: bearer("pis_" + strings.Repeat("A", sessionTokenLength))})
	w.add(caller{name: "unknown key", headers: bearer("pic_" + strings.Repeat("a", apiKeyLength))})
	w.add(caller{name: "right prefix, wrong body", headers: map[string]string{"Authorization": wrongBody}})
	w.add(caller{name: "upper-case key", headers: map[string]string{"Authorization": "Bearer pic_" + strings.ToUpper(right[len("Bearer pic_"):])}})
}

func (w *world) addSessions() {
	for role, level := range map[store.Role]int{store.RoleMember: 1, store.RoleAdmin: 2, store.RoleOwner: 3} {
		user := w.newUser(role)
		w.add(caller{name: "session of " + string(role), live: true, role: level, user: user, headers: w.session(user)})
	}
	for slug := range w.apps {
		for role, level := range map[store.AppRole]int{store.AppViewer: 1, store.AppEditor: 2, store.AppAdmin: 3} {
			user := w.newUser(store.RoleMember)
			w.join(user, slug, role)
			w.add(caller{name: string(role) + " of " + slug, live: true, role: 1, user: user, roles: map[string]int{slug: level}, headers: w.session(user)})
		}
	}
}

func (w *world) addOwnersKeys() {
	owner := w.newUser(store.RoleOwner)
	every := []string{}
	for _, scope := range store.Scopes {
		every = append(every, string(scope))
		w.add(caller{name: "owner's key for " + string(scope), live: true, role: 3, user: owner, scopes: []string{string(scope)}, headers: w.key(owner, scopesJSON(string(scope)))})
	}
	w.add(caller{name: "owner's key for everything", live: true, role: 3, user: owner, scopes: every, headers: w.key(owner, scopesJSON(every...))})
	for slug := range w.apps {
		w.add(caller{name: "owner's key bound to " + slug, live: true, role: 3, user: owner, scopes: []string{"app:admin"}, bound: slug,
			headers: w.key(owner, `"app":"`+slug+`",`+scopesJSON("app:admin"))})
	}
	admin := w.newUser(store.RoleAdmin)
	w.add(caller{name: "admin's key", live: true, role: 2, user: admin, scopes: []string{"instance:admin"}, headers: w.key(admin, scopesJSON("instance:admin"))})
	editor := w.newUser(store.RoleMember)
	w.join(editor, "alpha", store.AppEditor)
	w.add(caller{name: "editor's key", live: true, role: 1, user: editor, roles: map[string]int{"alpha": 2}, scopes: []string{"script:write", "script:read"},
		headers: w.key(editor, scopesJSON("script:write", "script:read"))})
}

// addFallen adds those who could do more before.
func (w *world) addFallen() {
	gone := w.newUser(store.RoleAdmin)
	session, key := w.session(gone), w.key(gone, scopesJSON("app:admin"))
	w.change(gone, `{"active":false}`)
	w.add(caller{name: "session of a deactivated user", headers: session})
	w.add(caller{name: "key of a deactivated user", headers: key})

	owner := w.newUser(store.RoleOwner)
	out := w.session(owner)
	wantStatus(w.t, request(w.t, w.testServer, "POST", adminPrefix+"auth/logout", "", out), 204)
	w.add(caller{name: "signed out", headers: out})
	expired := "pis_" + strings.Repeat("E", sessionTokenLength)
	if err := w.store.StartSession(context.Background(), store.Session{TokenHash: sha256.Sum256([]byte(expired)), UserID: owner.ID,
		ExpiresAt: store.TimeOf(w.clock.now())}, owner.PasswordHash); err != nil {
		w.t.Fatal(err)
	}
	w.add(caller{name: "expired session", headers: bearer(expired)})

	soon := w.key(owner, `"expires_at":"2026-03-01T12:00:01Z",`+scopesJSON("app:admin"))
	w.clock.advance(2e9)
	w.add(caller{name: "expired key", headers: soon})
	revoked := w.key(owner, scopesJSON("app:admin"))
	keys, err := w.store.APIKeys(context.Background(), owner.ID, store.PageRequest{})
	if err != nil {
		w.t.Fatal(err)
	}
	last := keys.Items[len(keys.Items)-1].ID.String()
	wantStatus(w.t, request(w.t, w.testServer, "DELETE", adminPrefix+"api-keys/"+last, "", w.session(owner)), 204)
	w.add(caller{name: "revoked key", headers: revoked})

	demoted := w.newUser(store.RoleOwner)
	session, key = w.session(demoted), w.key(demoted, scopesJSON("instance:admin", "app:admin"))
	w.join(demoted, "alpha", store.AppViewer)
	w.change(demoted, `{"role":"member"}`)
	w.add(caller{name: "demoted owner", live: true, role: 1, user: demoted, roles: map[string]int{"alpha": 1}, headers: session})
	w.add(caller{name: "key of a demoted owner", live: true, role: 1, user: demoted, roles: map[string]int{"alpha": 1},
		scopes: []string{"instance:admin", "app:admin"}, headers: key})

	removed := w.newUser(store.RoleMember)
	w.join(removed, "alpha", store.AppAdmin)
	session, key = w.session(removed), w.key(removed, `"app":"alpha",`+scopesJSON("app:admin"))
	wantStatus(w.t, request(w.t, w.testServer, "DELETE", adminPrefix+"apps/alpha/members/"+removed.Username, "", w.owner), 204)
	w.add(caller{name: "removed member", live: true, role: 1, user: removed, headers: session})
	w.add(caller{name: "key of a removed member", live: true, role: 1, user: removed, scopes: []string{"app:admin"}, bound: "alpha", headers: key})
}

// addBoundKeys adds keys whose owners may do more in one app than in the other.
func (w *world) addBoundKeys() {
	higher := w.newUser(store.RoleMember)
	w.join(higher, "alpha", store.AppAdmin)
	w.join(higher, "beta", store.AppViewer)
	for slug, scope := range map[string]string{"alpha": "app:admin", "beta": "script:read"} {
		w.add(caller{name: "key bound to " + slug + " of alpha's admin", live: true, role: 1, user: higher, roles: map[string]int{"alpha": 3, "beta": 1},
			scopes: []string{scope}, bound: slug, headers: w.key(higher, `"app":"`+slug+`",`+scopesJSON(scope))})
	}
	lowered := w.newUser(store.RoleMember)
	w.join(lowered, "alpha", store.AppAdmin)
	w.join(lowered, "beta", store.AppAdmin)
	key := w.key(lowered, `"app":"alpha",`+scopesJSON("app:admin"))
	w.join(lowered, "alpha", store.AppViewer)
	w.add(caller{name: "key bound to alpha of beta's admin", live: true, role: 1, user: lowered, roles: map[string]int{"alpha": 1, "beta": 3},
		scopes: []string{"app:admin"}, bound: "alpha", headers: key})
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

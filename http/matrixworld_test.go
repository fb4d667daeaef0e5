package http

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"picloud/store"
)

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

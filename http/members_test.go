package http

import (
	"net/url"
	"strings"
	"testing"

	"picloud/store"
)

func TestMembersSeeTheirApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.newUser(store.RoleMember)
	headers := w.session(user)
	play(t, w.testServer, headers, []scenario{
		{"no app", "GET", "apps", "", 200, map[string]string{"items": "[]"}},
		{"no script", "GET", "scripts", "", 200, map[string]string{"items": "[]"}},
	})
	w.join(user, "alpha", store.AppAdmin)
	w.join(user, "beta", store.AppViewer)
	other := w.newUser(store.RoleMember)
	play(t, w.testServer, headers, []scenario{
		{"apps", "GET", "apps", "", 200, map[string]string{"items.slug": "alpha", "items.my_role": "app_admin"}},
		{"app", "GET", "apps/beta", "", 200, map[string]string{"my_role": "viewer"}},
		{"scripts", "GET", "scripts", "", 200, map[string]string{"items.name": "one"}},
		{"rename", "PATCH", "apps/alpha", `{"name":"A"}`, 200, map[string]string{"my_role": "app_admin"}},
		{"members", "GET", "apps/alpha/members", "", 200, map[string]string{"items.username": user.Username, "items.role": "app_admin", "items.user_id": user.ID.String()}},
		{"invite by name", "PUT", "apps/alpha/members/" + other.Username, `{"role":"viewer"}`, 200, map[string]string{"user_id": other.ID.String(), "role": "viewer"}},
		{"promote by id", "PUT", "apps/alpha/members/" + other.ID.String(), `{"role":"editor"}`, 200, map[string]string{"username": other.Username, "role": "editor"}},
		{"odd role", "PUT", "apps/alpha/members/" + other.Username, `{"role":"owner"}`, 422, map[string]string{"error.code": "invalid_role"}},
		{"nobody", "PUT", "apps/alpha/members/nobody", `{"role":"viewer"}`, 404, nil},
		{"take out", "DELETE", "apps/alpha/members/" + other.Username, "", 204, nil},
		{"again", "DELETE", "apps/alpha/members/" + other.Username, "", 404, nil},
	})
	if got := field(t, request(t, w.testServer, "GET", adminPrefix+"apps?limit=1", "", headers), "next_cursor"); got == "<absent>" {
		t.Error("two apps fit a page of one")
	}
	bound := w.key(user, `"app":"beta",`+scopesJSON("script:read"))
	list := request(t, w.testServer, "GET", adminPrefix+"apps", "", bound)
	if field(t, list, "items.slug") != "beta" || strings.Contains(list.Body.String(), "alpha") {
		t.Errorf("a key bound to beta lists %s", list.Body)
	}
}

// A name may hold what paths give a meaning to; a client then escapes it.
func TestMembersOfAnyName(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	for _, name := range []string{"ada@example.com", "a/b", "50%", "a=b&c", "é?#"} {
		wantStatus(t, request(t, s, "POST", adminPrefix+"admins", `{"username":"`+name+`","password":"correct horse battery","role":"member"}`, owner), 201)
		member := adminPrefix + "apps/default/members/" + url.QueryEscape(name)
		set := request(t, s, "PUT", member, `{"role":"viewer"}`, owner)
		if wantStatus(t, set, 200); field(t, set, "username") != name {
			t.Errorf("%q became a member as %s", name, set.Body)
		}
		wantStatus(t, request(t, s, "DELETE", member, "", owner), 204)
	}
}

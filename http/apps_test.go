package http

import "testing"

func TestApps(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{
		{"list", "GET", "apps", "", 200, map[string]string{"items.slug": "default", "items.my_role": "app_admin"}},
		{"create", "POST", "apps", `{"slug":"home","name":"Home"}`, 201, map[string]string{"slug": "home", "my_role": "app_admin", "description": ""}},
		{"same slug", "POST", "apps", `{"slug":"home","name":"Other"}`, 409, map[string]string{"error.code": "slug_taken"}},
		{"bad slug", "POST", "apps", `{"slug":"No Good","name":"x"}`, 422, map[string]string{"error.code": "invalid_slug"}},
		{"show", "GET", "apps/home", "", 200, map[string]string{"name": "Home"}},
		{"page one", "GET", "apps?limit=1", "", 200, map[string]string{"items.slug": "default"}},
		{"limit 0", "GET", "apps?limit=0", "", 400, map[string]string{"error.details.field": "limit"}},
		{"limit 201", "GET", "apps?limit=201", "", 400, map[string]string{"error.code": "bad_parameter"}},
		{"bad cursor", "GET", "apps?cursor=!!", "", 400, map[string]string{"error.code": "invalid_cursor"}},
		{"rename", "PATCH", "apps/home", `{"name":"House"}`, 200, map[string]string{"name": "House", "slug": "home"}},
		{"new slug", "PATCH", "apps/home", `{"slug":"house"}`, 200, map[string]string{"slug": "house"}},
		{"old slug", "GET", "apps/home", "", 404, map[string]string{"error.code": "not_found"}},
		{"script in it", "POST", "apps/house/scripts", `{"name":"a","source":"return 1"}`, 201, nil},
		{"not empty", "DELETE", "apps/house", "", 409, map[string]string{"error.code": "app_not_empty"}},
		{"odd force", "DELETE", "apps/house?force=yes", "", 400, map[string]string{"error.details.field": "force"}},
		{"by force", "DELETE", "apps/house?force=true", "", 204, nil},
		{"gone", "GET", "apps/house", "", 404, nil},
		{"unknown id", "GET", "apps/01890a5d-ac96-774b-bcce-b302099a8057", "", 404, nil},
	})
}

package main_test

import "testing"

// TestFirstScript follows docs/first-script.md from an empty instance to its end.
func TestFirstScript(t *testing.T) {
	t.Parallel()
	world := newOutsideWorld(t)
	s := startServer(t, "", world.environment()...)
	s.claim() // in the browser
	typed := map[string]string{"login *": "ada\ncorrect horse battery", "secrets set NTFY_URL": world.internet.URL + "/garden-7c1f0e"}
	newReader(t, nil, typed, "http://picloud.local", s.url).follow("docs/first-script.md", "")
	if !t.Failed() && !world.got(`"topic":"garden-7c1f0e","title":"tomato"`) {
		t.Error("the phone did not ring")
	}
}

// TestRoutesPage makes every route and trigger of docs/routes.md.
func TestRoutesPage(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	s.newScript("hello", "return 'hello'", nil)
	for _, name := range []string{"STRIPE", "SLACK", "SHOP", "TELEGRAM", "STANDARD", "OTHER", "STATION", "PRIVATE"} {
		s.must(s.call("PUT", "/api/v1/admin/apps/default/secrets/"+name, map[string]string{"value": "name:password"}, nil), 200)
	}
	environment := []string{"PICLOUD_URL=" + s.url, "PICLOUD_TOKEN=" + s.token}
	newReader(t, environment, map[string]string{"secrets set GITHUB": "a long secret"}).follow("docs/routes.md", "")
}

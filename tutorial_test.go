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

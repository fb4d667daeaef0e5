package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What an instance answers decides what pull writes, but not where.
func TestPullWritesNothingOutsideTheFolder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../evil.lua", "scripts/../../evil.lua", "/etc/evil.lua", "scripts/a/b.lua", ".git/hooks/post-checkout", "scripts/x.sh"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if err := json.NewEncoder(w).Encode(map[string]any{"files": map[string]string{"app.toml": "", name: "evil"}}); err != nil {
				t.Error(err)
			}
		}))
		dir := t.TempDir()
		code, stdout, stderr := run(map[string]string{"PICLOUD_URL": server.URL, "PICLOUD_TOKEN": "pis_x"}, "pull", filepath.Join(dir, "app"))
		server.Close()
		if left, err := os.ReadDir(dir); code != 1 || stdout != "" || !strings.Contains(stderr, "which is none of an app") || len(left) != 0 || err != nil {
			t.Errorf("%s: exit code %d, %s%s, %v %v", name, code, stdout, stderr, left, err)
		}
	}
}

// What is not PiCloud says so, and gets no second try with the token.
func TestSomethingElseAnswers(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]http.HandlerFunc{
		"(200 OK) is not PiCloud":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>router</h1>") },
		"(204 No Content) is not":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"(404 Not Found) is not PiCloud": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>router</h1>", http.StatusNotFound) },
		"it leads to https://pi.example.com": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://pi.example.com"+r.URL.Path, http.StatusMovedPermanently)
		},
	} {
		server := httptest.NewServer(answer)
		code, _, stderr := run(map[string]string{"PICLOUD_URL": server.URL, "PICLOUD_TOKEN": "pis_x"}, "apps", "ls")
		server.Close()
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d: %s, want %q", code, stderr, want)
		}
	}
}

// A deletion that something else has answered is not called done.
func TestSomethingElseDeletesNothing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>router</h1>") }))
	defer server.Close()
	code, _, stderr := run(map[string]string{"PICLOUD_URL": server.URL, "PICLOUD_TOKEN": "pis_x"}, "apps", "delete", "home")
	if code != 1 || !strings.Contains(stderr, "is not PiCloud") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

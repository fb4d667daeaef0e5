package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecipeServices holds the units that recipes set up to systemd.
func TestRecipeServices(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/recipes/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, page := range pages {
		for _, b := range blocksOf(t, page) {
			if b.language != "ini" {
				continue
			}
			seen++
			unit := filepath.Join(t.TempDir(), b.name)
			text := strings.ReplaceAll(b.text, "/usr/local/bin/"+strings.TrimSuffix(b.name, ".service"), binary)
			if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := analyze(t, "verify", "--recursive-errors=no", unit); err != nil || strings.TrimSpace(out) != "" {
				t.Errorf("systemd says of the service in %s: %v\n%s", page, err, out)
			}
		}
	}
	if seen == 0 {
		t.Error("no recipe sets up a service")
	}
}

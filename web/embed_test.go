package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func TestSite(t *testing.T) {
	t.Parallel()
	placeholder := &fstest.MapFile{Data: []byte("placeholder")}
	built := &fstest.MapFile{Data: []byte("built")}
	tests := map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"fresh clone":      {fstest.MapFS{"dist/.keep": {}, "placeholder/index.html": placeholder}, "placeholder"},
		"half-built":       {fstest.MapFS{"dist/assets/a.js": built, "placeholder/index.html": placeholder}, "placeholder"},
		"built":            {fstest.MapFS{"dist/index.html": built, "placeholder/index.html": placeholder}, "built"},
		"no dist whatever": {fstest.MapFS{"placeholder/index.html": placeholder}, "placeholder"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := fs.ReadFile(site(test.files), "index.html")
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("index.html is %q, want %q", got, test.want)
			}
		})
	}
}

// The strict content security policy refuses these; such a page would load in a
// developer's browser without the policy and stay blank in a user's.
var refused = map[string]*regexp.Regexp{
	"inline script":       regexp.MustCompile(`<script[^>]*>[^<]`),
	"inline style":        regexp.MustCompile(`<style|\sstyle=`),
	"inline handler":      regexp.MustCompile(`\son[a-z]+=`),
	"data URI":            regexp.MustCompile(`["'(]data:`),
	"address of any host": regexp.MustCompile(`(?:src|href)="(?:[a-z]+:)?//`),
	"path from the root":  regexp.MustCompile(`(?:src|href)="/`),
}

var reference = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

func TestPagesKeepThePolicy(t *testing.T) {
	t.Parallel()
	placeholder, err := fs.Sub(embedded, "placeholder")
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]fs.FS{"placeholder": placeholder, "served": Files()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := fs.ReadFile(files, "index.html")
			if err != nil {
				t.Fatal(err)
			}
			for what, pattern := range refused {
				if found := pattern.Find(page); found != nil {
					t.Errorf("index.html has an %s: %q", what, found)
				}
			}
			checkReferences(t, files, page)
		})
	}
}

// checkReferences fails when page names a file that is not there.
func checkReferences(t *testing.T, files fs.FS, page []byte) {
	t.Helper()
	found := reference.FindAllSubmatch(page, -1)
	if len(found) == 0 {
		t.Error("index.html names no file, not even a style sheet")
	}
	for _, match := range found {
		name := strings.TrimPrefix(string(match[1]), "./")
		if _, err := fs.Stat(files, name); err != nil {
			t.Errorf("index.html names %q: %v", match[1], err)
		}
	}
}

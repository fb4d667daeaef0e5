package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// madeDocuments are made by a program; tests beside it hold them to what they are
// made of.
var madeDocuments = []string{"docs/cli.md", "docs/http-api.md", "docs/sdk.md"}

// documents are all other pages that a reader may come to.
func documents(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/recipes/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no document is %s (%v)", pattern, err)
		}
		all = append(all, found...)
	}
	return slices.DeleteFunc(all, func(file string) bool { return slices.Contains(madeDocuments, file) })
}

var (
	ownCommand   = regexp.MustCompile("(?m)(?:^|`)(?:sudo )?(?:\\./)?picloud ((?:[a-z][a-z-]* ?)+)([^`\n]*)")
	commandFlags = regexp.MustCompile(`--[a-z-]+`)
)

// parts are the parts of tests that run a document's shell blocks. Those of no
// name are for one that follows the whole page; "clean" is what .ci/clean and
// .ci/run do, "story" is both theirs and a test's.
var parts = map[string][]string{
	"README.md":            {"clean", "story"},
	"docs/install-pi.md":   {"install"},
	"docs/operations.md":   {"operations", "stopped"},
	"docs/first-script.md": {""},
	"docs/routes.md":       {""},
}

// Whatever a document shows as shell or Lua is run by a test, or it is of another
// language.
func TestEveryBlockIsRun(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		of, known := parts[file]
		if !known && strings.HasPrefix(file, "docs/recipes/") {
			of = []string{""}
		}
		for _, b := range blocksOf(t, file) {
			switch {
			case b.runs() && !slices.Contains(of, b.part()):
				t.Errorf("%s has a block for %q, and no test has that part:\n%s", file, b.name, b.text)
			case b.language == "sh" && !b.runs() && b.mark != "file":
				t.Errorf("%s has shell commands that no test runs:\n%s", file, b.text)
			case b.language == "lua" && b.mark != "file" && b.mark != "template" && file != "docs/scripts.md" && file != "README.md":
				t.Errorf("%s has a script that no test runs:\n%s", file, b.text)
			}
		}
	}
}

// TestInstallDocument runs what docs/install-pi.md says of any machine.
func TestInstallDocument(t *testing.T) {
	t.Parallel()
	out := newReader(t, nil, nil).follow("docs/install-pi.md", "install")
	for _, want := range []string{"Type=notify", "run    systemctl enable picloud.service", "image/etc/picloud/picloud.key"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
}

// TestOperationsDocument runs docs/operations.md beside a server that runs, and
// its restore after that has stopped.
func TestOperationsDocument(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	var key struct {
		RawToken string `json:"raw_token"`
	}
	s.must(s.call("POST", "/api/v1/admin/api-keys", map[string]any{"name": "operator", "scopes": []string{"instance:admin"}}, &key), 201)
	reader := newReader(t, []string{"PICLOUD_DATA=" + s.dir, "PI=" + s.url, "KEY=" + key.RawToken}, nil)
	out := reader.follow("docs/operations.md", "operations")
	for _, want := range []string{"database     sound", "ready", `picloud_written_bytes_total{cause="admin"}`, "Copied and checked backup.db", "Checked backup.db", "backup.db restores:", "Checked downloaded.db"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out := reader.follow("docs/operations.md", "stopped"); !strings.Contains(out, "Restored instance") {
		t.Errorf("restore says %s", out)
	}
	again := startServer(t, s.dir)
	again.must(again.call("GET", "/readyz", nil, nil), 200)
}

// Whatever command a document shows, also one that needs a Pi, is one of the
// program's, with flags that it has.
func TestDocumentsNameRealCommands(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, file := range documents(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range ownCommand.FindAllStringSubmatch(string(content), -1) {
			words := strings.Fields(found[1])
			if len(words) > 2 {
				words = words[:2]
			}
			help, ok := command(t, nil, append(words, "--help")...)
			if !ok || !strings.Contains(help, "Usage:\n  picloud "+words[0]) {
				t.Errorf("%s shows %q, which is no command:\n%s", file, found[0], help)
			}
			for _, flag := range commandFlags.FindAllString(found[2], -1) {
				if !strings.Contains(help, flag) {
					t.Errorf("%s shows %q, but there is no %s", file, found[0], flag)
				}
			}
			seen++
		}
	}
	if seen < 15 {
		t.Errorf("only %d commands were found", seen)
	}
}

// Every setting that a document names is one of serve's, or of a command that
// calls an instance.
func TestDocumentsNameRealSettings(t *testing.T) {
	t.Parallel()
	var help string
	for _, name := range []string{"serve", "logs"} {
		text, ok := command(t, nil, name, "--help")
		if !ok {
			t.Fatal(text)
		}
		help += text
	}
	for _, file := range documents(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`PICLOUD_[A-Z_]+`).FindAllString(string(content), -1) {
			if name != "PICLOUD_NAME" && !strings.Contains(help, name) {
				t.Errorf("%s names %s, which no command knows", file, name)
			}
		}
	}
}

var (
	linkPattern  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingLine  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names of a page's headings in links.
func anchors(t *testing.T, file string) []string {
	t.Helper()
	var all []string
	for _, heading := range headingLine.FindAllStringSubmatch(readText(t, file), -1) {
		all = append(all, strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return all
}

// Every link within the repository leads to a file, and to a heading where it
// names one.
func TestDocumentsLinkToWhatExists(t *testing.T) {
	t.Parallel()
	for _, file := range append(documents(t), madeDocuments...) {
		for _, link := range linkPattern.FindAllStringSubmatch(readText(t, file), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := file
			if target != "" {
				to = filepath.Join(filepath.Dir(file), target)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s leads to %s: %v", file, link[1], err)
			} else if anchor != "" && !slices.Contains(anchors(t, to), anchor) {
				t.Errorf("%s leads to %s, which has no such heading", file, link[1])
			}
		}
	}
}

// A test that a document names is there.
func TestDocumentsNameRealTests(t *testing.T) {
	t.Parallel()
	var names []string
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, "_test.go") {
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(readText(t, path), -1) {
				names = append(names, found[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(documents(t), madeDocuments...) {
		for _, found := range regexp.MustCompile(`\bTest[A-Z]\w+|-run \^?(\w+)`).FindAllStringSubmatch(readText(t, file), -1) {
			named := found[0]
			if found[1] != "" {
				named = found[1]
			}
			if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, named) }) {
				t.Errorf("%s names the test %s, and there is none", file, named)
			}
		}
	}
}

var (
	browserSteps = regexp.MustCompile(`(?s)\*\*In the browser\*\*(.*?)(?:\n\n|\*\*At a terminal\*\*)`)
	boldWord     = regexp.MustCompile(`\*\*([^*]+?)( \d+)?\*\*`)
	galleryTitle = regexp.MustCompile(`(?:\*\*Templates\*\*,|[Ii]nstall)\s+“([^”]+)”`)
)

// What a document says to press in the browser stands in the admin page, and the
// templates that it names are in the gallery.
func TestDocumentsNameRealButtons(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	err := filepath.WalkDir("web/src", func(path string, entry os.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".svelte") || strings.HasSuffix(path, ".ts")) {
			page.WriteString(readText(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	templates, seen := readTemplates(t), 0
	for _, file := range documents(t) {
		text := readText(t, file)
		for _, steps := range browserSteps.FindAllStringSubmatch(text, -1) {
			for _, word := range boldWord.FindAllStringSubmatch(steps[1], -1) {
				if seen++; !strings.Contains(page.String(), word[1]) {
					t.Errorf("%s says to press %q, which the admin page has not", file, word[1])
				}
			}
		}
		for _, title := range galleryTitle.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(templates, func(m *template) bool { return m.Title == title[1] }) {
				t.Errorf("%s names the template %q, which the gallery has not", file, title[1])
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d steps in the browser were found", seen)
	}
}

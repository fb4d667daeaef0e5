package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// operated are the documents whose commands are held to the program here.
var operated = []string{"docs/install-pi.md", "docs/operations.md", "docs/security.md"}

var (
	shellBlock   = regexp.MustCompile("(?s)(<!-- test:[a-z]+ -->\n)?```sh\n(.*?)```")
	ownCommand   = regexp.MustCompile("(?m)(?:^|`)(?:sudo )?(?:\\./)?picloud ((?:[a-z][a-z-]* ?)+)([^`\n]*)")
	commandFlags = regexp.MustCompile(`--[a-z-]+`)
)

// marked are a document's shell blocks for one part of a test, as one script.
func marked(t *testing.T, file, part string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\n"
	for _, block := range shellBlock.FindAllStringSubmatch(string(content), -1) {
		if block[1] == "" {
			t.Errorf("%s has a shell block that no test runs:\n%s", file, block[2])
		}
		if block[1] == "<!-- test:"+part+" -->\n" {
			script += block[2]
		}
	}
	return script
}

// shell runs a script where "picloud" is the program under test.
func shell(t *testing.T, dir, script string, environment ...string) string {
	t.Helper()
	c := exec.Command("bash", "-c", script)
	c.Dir = dir
	c.Env = append([]string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environment...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestInstallDocument runs what docs/install-pi.md says of any machine.
func TestInstallDocument(t *testing.T) {
	t.Parallel()
	out := shell(t, t.TempDir(), marked(t, "docs/install-pi.md", "install"))
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
	dir := t.TempDir()
	s := startServer(t, filepath.Join(dir, "data"))
	s.claim()
	var key struct {
		RawToken string `json:"raw_token"`
	}
	s.must(s.call("POST", "/api/v1/admin/api-keys", map[string]any{"name": "operator", "scopes": []string{"instance:admin"}}, &key), 201)
	out := shell(t, dir, marked(t, "docs/operations.md", "operations"), "PI="+s.url, "KEY="+key.RawToken)
	for _, want := range []string{"database     sound", "ready", `picloud_written_bytes_total{cause="admin"}`, "Copied and checked backup.db", "Checked backup.db", "backup.db restores:", "Checked downloaded.db"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out := shell(t, dir, marked(t, "docs/operations.md", "stopped")); !strings.Contains(out, "Restored instance") {
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
	for _, file := range operated {
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

// Every setting that a document names is one of serve's.
func TestDocumentsNameRealSettings(t *testing.T) {
	t.Parallel()
	help, ok := command(t, nil, "serve", "--help")
	if !ok {
		t.Fatal(help)
	}
	for _, file := range operated {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`PICLOUD_[A-Z_]+`).FindAllString(string(content), -1) {
			if name != "PICLOUD_NAME" && !strings.Contains(help, name) {
				t.Errorf("%s names %s, which serve does not know", file, name)
			}
		}
	}
}

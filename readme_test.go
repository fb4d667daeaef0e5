package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var storyBlock = regexp.MustCompile("(?s)<!-- test:story -->\n```sh\n(.*?)```")

// TestReadmeStory runs the README's commands as they stand, in one shell,
// against the real binary; only the address is this test's own.
func TestReadmeStory(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := storyBlock.FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 4 {
		t.Fatalf("the README has %d story blocks, want at least 4", len(blocks))
	}
	s := startServer(t, "")
	script := "set -eu\nSETUP=" + s.setup + "\n"
	for _, block := range blocks {
		script += block[1]
	}
	const readmeAddress = "PI=http://localhost:8080"
	if !strings.Contains(script, readmeAddress) {
		t.Fatalf("the README does not say %s", readmeAddress)
	}
	script = strings.Replace(script, readmeAddress, "PI="+s.url, 1)
	shell := exec.Command("bash", "-c", script)
	shell.Dir = t.TempDir()
	shell.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"), "XDG_CONFIG_HOME="+shell.Dir)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`{"hello":"Ada"}`, `"status":"success"`, `"message":"hello"`, `{"hello":"Bob"}`, "-return {hello", `{"goodbye":"Ada"}`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands' output has no %s:\n%s", want, out)
		}
	}
}

var mentionedTask = regexp.MustCompile(`(?:cmd/task@v[\d.]+|` + "`task" + `) ([a-z:]+)`)

// TestReadmeNamesRealTasks keeps the commands that CI runs itself (run and
// test) and the tasks that documents mention in step with the Taskfile.
func TestReadmeNamesRealTasks(t *testing.T) {
	t.Parallel()
	taskfile, err := os.ReadFile("Taskfile.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"README.md", "docs/architecture.md", "docs/benchmarks.md", "docs/install-pi.md", "docs/versioning.md"} {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, mention := range mentionedTask.FindAllStringSubmatch(string(document), -1) {
			if !strings.Contains(string(taskfile), "\n  "+mention[1]+":\n") {
				t.Errorf("%s mentions task %q, which the Taskfile does not have", file, mention[1])
			}
		}
	}
}

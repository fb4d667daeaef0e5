package main_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeStory runs the README's commands as they stand, in one shell,
// against the real binary; only the address is this test's own.
func TestReadmeStory(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	out := newReader(t, []string{"SETUP=" + s.setup}, nil, "http://localhost:8080", s.url).follow("README.md", "story")
	for _, want := range []string{`{"hello":"Ada"}`, `"status":"success"`, `"message":"hello"`, `{"hello":"Bob"}`, "-return {hello", `{"goodbye":"Ada"}`} {
		if !strings.Contains(out, want) {
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
	for _, file := range documents(t) {
		for _, mention := range mentionedTask.FindAllStringSubmatch(readText(t, file), -1) {
			if !strings.Contains(string(taskfile), "\n  "+mention[1]+":\n") {
				t.Errorf("%s mentions task %q, which the Taskfile does not have", file, mention[1])
			}
		}
	}
}

// TestReadmeScript runs the script that the README begins with, as its device would.
func TestReadmeScript(t *testing.T) {
	t.Parallel()
	scripts := slices.DeleteFunc(blocksOf(t, "README.md"), func(b block) bool { return b.language != "lua" })
	if len(scripts) != 1 {
		t.Fatalf("the README has %d scripts, and this test runs one", len(scripts))
	}
	call := regexp.MustCompile(`calls GET (/shelly\S+)`).FindStringSubmatch(scripts[0].text)
	if call == nil {
		t.Fatalf("the script does not say what the device calls:\n%s", scripts[0].text)
	}
	s := startServer(t, "")
	s.claim()
	s.newRoute(s.newScript("shelly", scripts[0].text, nil), "GET", "/shelly")
	expect(t, s.call("GET", call[1], nil, nil), 200, `{"ok":true,"warm":true}`)
}

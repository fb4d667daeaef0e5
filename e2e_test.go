package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commandServer is one real server for all tests of the command line, with a
// user in each role. Every test has an app of its own.
type commandServer struct {
	*server
	bin    string            // a folder with picloud and its link pic
	tokens map[string]string // by role: owner, viewer, editor, app_admin, stranger
	users  map[string]string
}

func startCommandServer(t *testing.T) *commandServer {
	t.Helper()
	s := &commandServer{server: startServer(t, ""), bin: t.TempDir(), tokens: map[string]string{}, users: map[string]string{}}
	s.claim()
	for _, name := range []string{"picloud", "pic"} {
		if err := os.Symlink(binary, filepath.Join(s.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.tokens["owner"] = s.token
	for _, role := range []string{"viewer", "editor", "app_admin", "stranger"} {
		name := "some-" + role
		user := map[string]string{"username": name, "password": "correct horse battery", "role": "member"}
		s.must(s.call("POST", "/api/v1/admin/admins", user, nil), 201)
		var session struct{ Token string }
		s.must(s.call("POST", "/api/v1/admin/auth/login", map[string]string{"username": name, "password": "correct horse battery"}, &session), 200)
		s.tokens[role], s.users[role] = session.Token, name
	}
	return s
}

// prepareApp makes an app in which the users have their roles.
func (s *commandServer) prepareApp(app string) {
	s.t.Helper()
	s.newApp(app)
	for _, role := range []string{"viewer", "editor", "app_admin"} {
		s.must(s.call("PUT", "/api/v1/admin/apps/"+app+"/members/"+s.users[role], map[string]string{"role": role}, nil), 200)
	}
}

// key mints an API key with one scope.
func (s *commandServer) key(scope string) string {
	s.t.Helper()
	var key struct {
		Token string `json:"raw_token"`
	}
	s.must(s.call("POST", "/api/v1/admin/api-keys", map[string]any{"name": strings.ReplaceAll(scope, ":", "-"), "scopes": []string{scope}}, &key), 201)
	return key.Token
}

// manyApps is how many apps there are beside those of the tests.
const manyApps = 12

func TestCommandLine(t *testing.T) {
	t.Parallel()
	s := startCommandServer(t)
	s.tokens["reader"] = s.key("script:read")
	s.prepareApp("matrix")
	for i := range manyApps {
		app := fmt.Sprint("app-", i)
		s.newApp(app)
		s.newScriptIn(app, "hello", "return 1", nil)
	}
	t.Run("scripts", s.runScripts)
	t.Run("every command", s.everyCommandInEveryForm)
	t.Run("one request", s.scriptsLsIsOneRequest)
}

// runScripts runs the scripts in testdata/e2e: the real program against the real
// server. In them, $APP is an app of the script's own, and $OWNER, $ADMIN,
// $EDITOR, $VIEWER and $STRANGER are tokens of users with these roles in it;
// $READER is an owner's key with the scope script:read.
func (s *commandServer) runScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/e2e/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%v: no scripts", err)
	}
	for _, script := range scripts {
		s.prepareApp(strings.TrimSuffix(filepath.Base(script), ".txtar"))
	}
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/e2e",
		Setup: s.setUp,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "request": request, "await": await, "within": within},
	})
}

func (s *commandServer) setUp(env *testscript.Env) error {
	app := strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")
	env.Setenv("PATH", s.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range map[string]string{
		"HOME": env.WorkDir, "XDG_CONFIG_HOME": filepath.Join(env.WorkDir, "config"), "APP": app, "URL": s.url,
		"PICLOUD_URL": s.url, "PICLOUD_APP": app, "PICLOUD_TOKEN": s.token, "OWNER": s.token, "ADMIN": s.tokens["app_admin"],
		"EDITOR": s.tokens["editor"], "VIEWER": s.tokens["viewer"], "STRANGER": s.tokens["stranger"], "READER": s.tokens["reader"],
	} {
		env.Setenv(name, value)
	}
	return nil
}

// exits CODE COMMAND... runs a command and wants this exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !asExit(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if want, err := strconv.Atoi(args[0]); err != nil || code != want {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func asExit(err error, exit **exec.ExitError) bool {
	found, ok := err.(*exec.ExitError) //nolint:errorlint // testscript returns it as it is
	*exit = found
	return ok
}

// request URL STATUS [BODY] makes a request without a credential, as a device does.
func request(ts *testscript.TestScript, _ bool, args []string) {
	response, err := http.Get(args[0])
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	if fmt.Sprint(response.StatusCode) != args[1] || len(args) > 2 && string(body) != args[2] {
		ts.Fatalf("%d %s, want %v", response.StatusCode, body, args[1:])
	}
}

// patience is how long a loaded machine may take for what is done in milliseconds.
const patience = 30 * time.Second

// await FILE TEXT waits until a file of the script has a text.
func await(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if err == nil && bytes.Contains(text, []byte(args[1])) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s has no %q: %s %v", args[0], args[1], text, err)
		}
	}
}

// within FILE COMMAND... starts a command in the background whose output, both
// kinds, goes to a file as it comes. It is interrupted when the script ends, if
// it has not ended before.
func within(ts *testscript.TestScript, _ bool, args []string) {
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	command := exec.Command(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], args[1]), args[2:]...)
	command.Dir = ts.MkAbs(".")
	command.Stdout, command.Stderr = file, file
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "PICLOUD_URL", "PICLOUD_APP", "PICLOUD_TOKEN"} {
		command.Env = append(command.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	ts.Defer(func() {
		if err := command.Process.Signal(os.Interrupt); err != nil {
			ts.Logf("%s had ended", args[1])
		}
		if err := <-ended; err != nil {
			ts.Logf("%s: %v", args[1], err)
		}
		ts.Check(file.Close())
	})
}

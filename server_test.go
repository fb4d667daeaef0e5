package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built once by TestMain as a release is.
var binary string

func TestMain(m *testing.M) {
	if body := os.Getenv(bareEchoVariable); body != "" {
		fmt.Fprintln(os.Stderr, serveBareEcho(body))
		os.Exit(1)
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "picloud-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "picloud")
		if given := os.Getenv("PICLOUD_TEST_BINARY"); given != "" {
			if err := emulate(given, os.Getenv("PICLOUD_TEST_EMULATOR")); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			return m.Run()
		}
		build := exec.Command("go", "build", "-o", binary, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// emulate makes the program under test one of another machine (task test:pi).
func emulate(program, emulator string) error {
	return os.WriteFile(binary, fmt.Appendf(nil, "#!/bin/sh\nexec %s %s \"$@\"\n", emulator, program), 0o700)
}

// server is the real program, running on a port of its own.
type server struct {
	t     testing.TB
	cmd   *exec.Cmd
	dir   string
	addr  string // host:port
	url   string // http://host:port
	host  string // for the Host header of calls; "" means that of url
	setup string // the one-time token that it printed; "" once claimed
	token string // the owner's session after claim
	log   *logBuffer
	// greeting is what it printed when it began to listen.
	greeting *logBuffer
}

// startServer runs `picloud serve` on a free port with its data in dir (a
// fresh folder when empty) and more environment, and waits until it listens.
func startServer(t testing.TB, dir string, environment ...string) *server {
	t.Helper()
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "data")
	}
	s := &server{t: t, dir: dir, log: &logBuffer{}}
	s.cmd = exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	s.run(environment...)
	return s
}

// run starts the server's command and waits until it listens.
func (s *server) run(environment ...string) {
	s.t.Helper()
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir()}, environment...)
	s.cmd.Stderr = s.log
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		s.kill()
		if s.t.Failed() {
			s.t.Logf("the server's log:\n%s", s.log)
		}
	})
	s.readGreeting(stdout)
}

var (
	greetingAddr  = regexp.MustCompile(`listens on (\S+)`)
	greetingSetup = regexp.MustCompile(`#setup=(\S+)`)
)

// readGreeting waits for the lines that say where the server listens.
func (s *server) readGreeting(stdout io.Reader) {
	s.t.Helper()
	s.greeting = &logBuffer{}
	greeting := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(stdout)
		announced := false
		for lines.Scan() {
			line := lines.Text()
			fmt.Fprintln(s.greeting, line)
			if m := greetingAddr.FindStringSubmatch(line); m != nil {
				s.addr, s.url = m[1], "http://"+m[1]
			}
			if m := greetingSetup.FindStringSubmatch(line); m != nil {
				s.setup = m[1]
			}
			if !announced && strings.Contains(line, "/admin/") {
				announced = true
				close(greeting)
			}
		}
		if !announced {
			close(greeting)
		}
	}()
	select {
	case <-greeting:
	case <-time.After(30 * time.Second):
	}
	if s.addr == "" {
		s.t.Fatalf("the server did not say where it listens; its log:\n%s", s.log)
	}
}

// claim makes the first owner with the setup token and signs in as them.
func (s *server) claim() {
	s.t.Helper()
	var answer struct{ Token string }
	s.must(s.call("POST", "/api/v1/admin/auth/setup",
		map[string]string{"token": s.setup, "username": "ada", "password": "correct horse battery"}, &answer), 200, 201)
	s.token = answer.Token
}

// newScript saves a script in the app "default" and returns its id.
func (s *server) newScript(name, source string, fields map[string]any) string {
	s.t.Helper()
	return s.newScriptIn("default", name, source, fields)
}

// newApp makes an app.
func (s *server) newApp(slug string) {
	s.t.Helper()
	s.must(s.call("POST", "/api/v1/admin/apps", map[string]string{"slug": slug}, nil), 201)
}

// newScriptIn is newScript for an app of its own.
func (s *server) newScriptIn(app, name, source string, fields map[string]any) string {
	s.t.Helper()
	body := map[string]any{"name": name, "source": source}
	for k, v := range fields {
		body[k] = v
	}
	var script struct{ ID string }
	s.must(s.call("POST", "/api/v1/admin/apps/"+app+"/scripts", body, &script), 201)
	return script.ID
}

// newRoute binds a route to a script and returns its id.
func (s *server) newRoute(script, method, path string) string {
	s.t.Helper()
	var route struct{ ID string }
	s.must(s.call("POST", "/api/v1/admin/scripts/"+script+"/routes", map[string]string{"method": method, "path": path}, &route), 201)
	return route.ID
}

// call makes one API request as the owner (once claimed) with a JSON body (nil
// for none) and decodes the answer into out (nil to ignore it).
func (s *server) call(method, path string, body, out any) answer {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	request, err := http.NewRequest(method, s.url+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Host = s.host
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	a := s.do(request)
	if out != nil && a.status < 300 {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return a
}

// answer is what a request got.
type answer struct {
	what   string
	status int
	header http.Header
	body   string
}

func (s *server) do(request *http.Request) answer {
	s.t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{request.Method + " " + request.URL.Path, response.StatusCode, response.Header, string(body)}
}

// must fails the test unless the answer has one of the statuses.
func (s *server) must(a answer, statuses ...int) answer {
	s.t.Helper()
	for _, status := range statuses {
		if a.status == status {
			return a
		}
	}
	s.t.Fatalf("%s: status %d, want %v: %s", a.what, a.status, statuses, a.body)
	return a
}

// stop sends SIGTERM and returns how the process ended.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

func (s *server) kill() {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Kill() // an error means that it has ended
		s.cmd.Wait()
	}
}

// logBuffer is a buffer that the process's output goes to while tests read it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

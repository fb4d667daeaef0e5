package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	nethttp "net/http"

	"picloud/cli"
)

// commandLine is one command of the matrix. {n} is the number of the turn,
// {app} the app, {dir} a folder with hello.lua.
type commandLine struct {
	line    string
	stdin   string
	missing string // the same about something that there is not; "" when there is nothing to miss
	as      string // who may not do it
	refused int    // and the exit code that says so
	silent  bool   // prints nothing on standard output
	empty   bool   // may have nothing to print
}

const (
	none      = "" // nothing can be missing
	elsewhere = " --app nowhere"
)

// commandLines are the commands that call an instance, in an order in which each
// finds what it needs.
func commandLines() []commandLine {
	reads := func(line, missing string) commandLine {
		return commandLine{line: line, missing: missing, as: "stranger", refused: 4}
	}
	writes := func(line, missing string) commandLine {
		return commandLine{line: line, missing: missing, as: "viewer", refused: 1}
	}
	removes := func(line, missing string) commandLine {
		return commandLine{line: line, missing: missing, as: "viewer", refused: 1, silent: true}
	}
	admins := func(c commandLine) commandLine { c.as = "editor"; return c }
	keys := func(c commandLine) commandLine { c.as, c.refused = "reader", 1; return c }
	mayBeEmpty := func(c commandLine) commandLine { c.empty = true; return c }
	stdin := func(c commandLine, text string) commandLine { c.stdin = text; return c }
	return []commandLine{
		{line: "whoami"}, {line: "apps ls"}, writes("apps create m{n}", none), reads("apps show {app}", "apps show nowhere"),
		commandLine{line: "apps delete m{n} --force", missing: "apps delete nowhere", as: "viewer", refused: 4, silent: true}, admins(writes("apps members {app}", "apps members nowhere")),
		admins(writes("apps members set {app} some-stranger viewer", "apps members set {app} nobody viewer")),
		admins(removes("apps members rm {app} some-stranger", "apps members rm {app} nobody")),
		writes("deploy {dir}/hello.lua", "deploy {dir}/hello.lua"+elsewhere), {line: "scripts ls"}, reads("scripts ls --app {app}", "scripts ls"+elsewhere),
		reads("scripts show hello", "scripts show none"), reads("scripts versions hello", "scripts versions none"),
		writes("scripts rollback hello 1", "scripts rollback hello 999"), writes("scripts deploy {dir}/hello.lua --name spare{n}", "scripts deploy {dir}/hello.lua"+elsewhere),
		removes("scripts delete spare{n}", "scripts delete none"), writes("invoke hello -d {}", "invoke none"), reads("logs hello", "logs none"), reads("logs", "logs"+elsewhere),
		writes("routes create hello GET /matrix{n}", "routes create none GET /x"), reads("routes ls", "routes ls"+elsewhere),
		writes("routes change GET_/matrix{n} --method PUT", "routes change GET_/none --method PUT"), {line: "routes match PUT /matrix{n}"},
		removes("routes delete PUT_/matrix{n}", "routes delete GET_/none"),
		writes("triggers create t{n} topic a/b --script hello", "triggers create t topic a --script none"), reads("triggers ls", "triggers ls"+elsewhere),
		reads("triggers show t{n}", "triggers show none"), writes("triggers disable t{n}", "triggers disable none"), writes("triggers enable t{n}", "triggers enable none"),
		writes("triggers fire t{n}", "triggers fire none"), removes("triggers delete t{n}", "triggers delete none"), {line: "triggers preview @daily"},
		stdin(admins(writes("secrets set S{n}", "secrets set S"+elsewhere)), "a secret value\n"), writes("secrets ls", "secrets ls"+elsewhere),
		admins(removes("secrets delete S{n}", "secrets delete NONE")),
		admins(writes("grants create hello 192.168.1.{n} 80", "grants create none 192.168.1.1 80")), admins(writes("grants ls hello", "grants ls none")),
		admins(removes("grants delete hello 192.168.1.{n} 80", "grants delete hello 192.168.1.99 80")),
		writes("kv set c k{n} 1", "kv set c k 1"+elsewhere), reads("kv ls", "kv ls"+elsewhere), reads("kv ls c", "kv ls c"+elsewhere),
		reads("kv get c k{n}", "kv get c none"), removes("kv delete c k{n}", "kv delete c none"),
		writes("docs create d {} --id i{n}", "docs create d {}"+elsewhere), reads("docs ls", "docs ls"+elsewhere), reads("docs ls d", "docs ls d"+elsewhere),
		reads("docs get d i{n}", "docs get d none"), writes("docs put d i{n} {}", "docs put d none {}"+elsewhere), reads("docs query d --where {}", "docs query d"+elsewhere),
		removes("docs delete d i{n}", "docs delete d none"), mayBeEmpty(reads("dead-letters ls", "dead-letters ls"+elsewhere)),
		keys(commandLine{line: "api-keys mint k{n} --scope script:read"}), keys(commandLine{line: "api-keys ls"}),
		keys(commandLine{line: "api-keys rm k{n}", missing: "api-keys rm none", silent: true}),
		reads("pull {dir}/folder{n}", "pull {dir}/x"+elsewhere), mayBeEmpty(reads("diff {dir}/folder{n}", "diff {dir}/folder1"+elsewhere)),
		mayBeEmpty(admins(writes("push {dir}/folder{n} --prune", "push {dir}/folder1"+elsewhere))),
	}
}

// matrix runs commands inside this process against the real server.
type matrix struct {
	*commandServer
	test     *testing.T
	app, dir string
}

// arguments splits a line; an underscore stands for a space within one.
func (m *matrix) arguments(line string, n int) []string {
	line = strings.NewReplacer("{n}", fmt.Sprint(n), "{app}", m.app, "{dir}", m.dir).Replace(line)
	words := strings.Fields(line)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "_/", " /")
	}
	return words
}

func (m *matrix) run(url, token, stdin string, args ...string) (code int, stdout, stderr string) {
	env := map[string]string{"PICLOUD_URL": url, "PICLOUD_TOKEN": token, "PICLOUD_APP": m.app}
	var out, problems bytes.Buffer
	code = cli.Run(args, cli.Process{Name: "pic", Version: "1", Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &problems,
		Getenv: func(name string) string { return env[name] }, ConfigDir: func() (string, error) { return "", errors.New("no home") }})
	return code, out.String(), problems.String()
}

// everyCommandInEveryForm holds, for each command that calls an instance
// and each form of output: it works, and says what is wrong and how, when the
// caller is not signed in, may not do it, names what is not there, or the server
// is down.
func (s *commandServer) everyCommandInEveryForm(t *testing.T) {
	m := &matrix{s, t, "matrix", t.TempDir()}
	if err := os.WriteFile(filepath.Join(m.dir, "hello.lua"), []byte("return {hello = 'world'}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for turn, form := range []string{"table", "tsv", "json"} {
		for _, c := range commandLines() {
			t.Run(form+" "+c.line, func(t *testing.T) {
				m.test = t
				m.isRefused(c, turn+1, form) // while what it deletes is there
				m.works(c, turn+1, form)
				m.fails(c, turn+1, form)
			})
		}
	}
}

func (m *matrix) works(c commandLine, turn int, form string) {
	m.test.Helper()
	code, stdout, stderr := m.run(m.url, m.token, c.stdin, append(m.arguments(c.line, turn), "-o", form)...)
	if code != 0 {
		m.test.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	if (stdout == "") != c.silent && !c.empty {
		m.test.Errorf("standard output is %q", stdout)
	}
	if form == "json" && stdout != "" && !json.Valid([]byte(stdout)) {
		m.test.Errorf("this is not JSON: %s", stdout)
	}
}

// isRefused calls it as someone who may not.
func (m *matrix) isRefused(c commandLine, turn int, form string) {
	m.test.Helper()
	if c.as != "" {
		m.wants("no permission", c.refused, "", m.url, m.tokens[c.as], c.stdin, append(m.arguments(c.line, turn), "-o", form)...)
	}
}

// fails goes through the other ways to fail.
func (m *matrix) fails(c commandLine, turn int, form string) {
	m.test.Helper()
	line := append(m.arguments(c.line, turn), "-o", form)
	m.wants("not signed in", 3, "you are not signed in at "+m.url, m.url, "", c.stdin, line...)
	m.wants("session ended", 3, "pic login", m.url, "pis_"+strings.Repeat("A", 43), c.stdin, line...)
	m.wants("server down", 1, "cannot reach PiCloud at http://127.0.0.1:1", "http://127.0.0.1:1", m.token, c.stdin, line...)
	if c.missing != none {
		m.wants("not found", 4, "", m.url, m.token, c.stdin, append(m.arguments(c.missing, turn), "-o", form)...)
	}
}

// wants holds that a command fails, prints nothing on standard output, and says
// why in a line or two.
func (m *matrix) wants(way string, wantCode int, want, url, token, stdin string, args ...string) {
	m.test.Helper()
	code, stdout, stderr := m.run(url, token, stdin, args...)
	if code != wantCode || stdout != "" || !strings.HasPrefix(stderr, "pic: ") || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") > 2 {
		m.test.Errorf("%s: exit code %d, want %d; standard output %q; standard error %q", way, code, wantCode, stdout, stderr)
	}
}

// `scripts ls` asks once, whatever the number of apps.
func (s *commandServer) scriptsLsIsOneRequest(t *testing.T) {
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	counting := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		requests.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	defer counting.Close()
	command := exec.Command(filepath.Join(s.bin, "pic"), "scripts", "ls")
	command.Env = []string{"HOME=" + t.TempDir(), "PICLOUD_URL=" + counting.URL, "PICLOUD_TOKEN=" + s.token}
	out, err := command.Output()
	if err != nil || strings.Count(string(out), "\n") < manyApps || requests.Load() != 1 {
		t.Errorf("%d requests, %v: %s", requests.Load(), err, out)
	}
}

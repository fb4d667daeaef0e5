package main_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// isolation is one way to serve the admin page beside hostile pages, and the
// names that the browser knows the server by.
type isolation struct {
	name      string
	env       []string
	admin     string // host of the admin page
	hostile   string // host of the hostile pages
	lifted    bool   // the app's sandbox is lifted
	long      bool   // only with PICLOUD_TEST_LONG set
	neighbour bool   // the hosts have a parent in common, for which a page may set cookies
}

// works lists the attacks that succeed once an owner has lifted the sandbox.
// They show that the others fail because of the sandbox, and not because
// nothing is tried.
var works = []string{
	"fetch", "xhr", "frame-nested", "frame-srcdoc", "frame-blob", "popup-own", "popup-blank", "worker",
	"storage", "cache", "history", "manifest", "meta-policy", "header-policy", "cookie-overwrite",
}

// finding is a line of tests/isolation.mjs.
type finding struct {
	Attack  string
	How     []string // why it must be said to have worked; empty when it has not
	Session string   // whom the admin page takes the browser for afterwards

	SignedOut *bool  // the owner signed in, reloaded and signed out
	Readable  string // what the admin page's own code can read of its storage
	Cookies   []struct {
		Name, Domain, Path, SameSite string
		HTTPOnly                     bool `json:"httpOnly"`
		Secure                       bool
	}
}

// TestAdminIsolation has an owner signed in in a real browser while hostile
// pages, served by a script, try to use or to take the session (spec 5, "Admin
// isolation"). None may succeed but where an owner has lifted the sandbox.
func TestAdminIsolation(t *testing.T) {
	t.Parallel()
	chromium := needBrowser(t)
	for _, mode := range []isolation{
		{name: "single", admin: "127.0.0.1", hostile: "127.0.0.1"},
		// A name that is no secure context: browsers then leave out Sec-Fetch-Site
		// and ignore Cross-Origin-Opener-Policy.
		{name: "single by name", long: true, admin: "pi.test", hostile: "pi.test"},
		{name: "split", admin: "admin.test", hostile: "scripts.test", env: []string{"PICLOUD_ADMIN_HOST=admin.test"}},
		{name: "split of neighbours", long: true, admin: "admin.pi.test", hostile: "pi.test", neighbour: true, env: []string{"PICLOUD_ADMIN_HOST=admin.pi.test"}},
		{name: "lifted", admin: "127.0.0.1", hostile: "127.0.0.1", lifted: true},
	} {
		if mode.long && os.Getenv("PICLOUD_TEST_LONG") == "" {
			continue
		}
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			mode.run(t, chromium)
		})
	}
}

func (mode isolation) run(t *testing.T, chromium string) {
	attacks := readTestFile(t, "web/tests/attacks.js")
	s := startServer(t, "", mode.env...)
	if mode.env != nil {
		s.host = mode.admin
	}
	s.claim()
	hostile := strings.Replace(readTestFile(t, "web/tests/hostile.lua"), "@ATTACKS@", attacks, 1)
	s.newRoute(s.newScript("hostile", hostile, nil), "ANY", "/hostile/*")
	if mode.lifted {
		s.must(s.call("PUT", "/api/v1/admin/apps/default/sandbox", map[string]bool{"lifted": true, "accept_risk": true}, nil), 200)
	}
	names := attackNames(attacks)
	if mode.lifted {
		names = slices.Clone(works)
	}
	findings := mode.drive(t, s, chromium, names)
	mode.judgeSignIn(t, findings)
	var seen []string
	for _, f := range findings {
		if f.SignedOut == nil {
			mode.judge(t, f)
		}
		if f.Attack != "" {
			seen = append(seen, f.Attack)
		}
	}
	slices.Sort(seen)
	slices.Sort(names)
	if !slices.Equal(seen, names) || len(names) < 15 {
		t.Errorf("%d attacks were to be tried, and these were: %q", len(names), seen)
	}
}

// judge says whether an attack ended as it must in this mode.
func (mode isolation) judge(t *testing.T, f finding) {
	kept := f.Session == "owner"
	if mode.lifted {
		if f.Attack != "" && len(f.How) == 0 && kept {
			t.Errorf("%s does not work although the sandbox is lifted, so it shows nothing", f.Attack)
		}
		return
	}
	if f.Attack == "" {
		f.Attack = "one of those that share a browser"
	}
	// A page may set cookies for its host's parent, or so many that the browser
	// forgets others of the same parent; no server can prevent that. The owner
	// must sign in again, but nobody is taken for somebody else.
	nuisance := mode.neighbour && (f.Attack == "cookie-overwrite" && f.Session == "none (400)" || f.Attack == "cookie-overflow" && f.Session == "none (401)")
	if len(f.How) > 0 || !kept && !nuisance {
		t.Errorf("%s works: %q; the admin page's session is now %s", f.Attack, f.How, f.Session)
	}
}

// judgeSignIn looks at how the owner signed in and out.
func (mode isolation) judgeSignIn(t *testing.T, findings []finding) {
	at := slices.IndexFunc(findings, func(f finding) bool { return f.SignedOut != nil })
	if at < 0 || !*findings[at].SignedOut {
		t.Fatalf("the owner could not sign in, reload and sign out: %+v", findings)
	}
	first := findings[at]
	if first.Readable != "{}{}" {
		t.Errorf("the page can read %s", first.Readable)
	}
	if len(first.Cookies) != 1 {
		t.Fatalf("the browser has the cookies %+v", first.Cookies)
	}
	cookie := first.Cookies[0]
	if cookie.Name != "picloud_session" || cookie.Domain != mode.admin || cookie.Path != "/" || cookie.SameSite != "Strict" || !cookie.HTTPOnly || cookie.Secure {
		t.Errorf("the session's cookie is %+v", cookie)
	}
}

// drive runs tests/isolation.mjs and returns what it found.
func (mode isolation) drive(t *testing.T, s *server, chromium string, attacks []string) []finding {
	_, port, _ := strings.Cut(s.addr, ":")
	settings := map[string]any{
		"chromium": chromium, "attacks": attacks, "token": s.token, "username": "ada", "password": "correct horse battery",
		"admin": "http://" + mode.admin + ":" + port, "hostile": "http://" + mode.hostile + ":" + port,
	}
	if mode.admin != "127.0.0.1" {
		settings["hosts"] = "MAP *.test 127.0.0.1"
	}
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "tests/isolation.mjs")
	command.Dir, command.WaitDelay = "web", 10*time.Second
	command.Env = append(os.Environ(), "ISOLATION="+string(encoded))
	output, err := command.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Logf("%s", failed.Stderr)
		}
		t.Fatalf("the browser's script: %v\n%s", err, output)
	}
	var findings []finding
	lines := bufio.NewScanner(strings.NewReader(string(output)))
	for lines.Scan() {
		var f finding
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		findings = append(findings, f)
	}
	return findings
}

var attackName = regexp.MustCompile(`(?m)^  (?:async )?"?([a-z-]+)"?(?:\(\)|:)`)

// attackNames reads the names of the attacks from the source of the page.
func attackNames(source string) []string {
	_, table, _ := strings.Cut(source, "const attacks = {")
	table, _, _ = strings.Cut(table, "\n};")
	var names []string
	for _, match := range attackName.FindAllStringSubmatch(table, -1) {
		names = append(names, match[1])
	}
	return names
}

// needBrowser returns where Chromium is. Where the browser, Node or the built
// page is missing the test has nothing to say; in CI that is a failure.
func needBrowser(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing("this test drives a browser with Node, which is not installed")
	}
	for _, file := range []string{"web/dist/index.html", "web/node_modules/playwright-core/package.json"} {
		if _, err := os.Stat(file); err != nil {
			missing("this test needs the built admin page: %s is not there; run task web first", file)
		}
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		missing("this test needs the command chromium, which is not installed")
	}
	return chromium
}

func readTestFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

package main_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDoctor spoils one thing after another: each has its line, which fails
// alone, and the exit code says so; a server that runs is not disturbed.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	s.must(s.call("PUT", "/api/v1/admin/apps/default/secrets/TOKEN", map[string]string{"value": "secret value"}, nil), 200)
	examine := func(environment ...string) (string, bool) {
		return command(t, append([]string{"PICLOUD_DATA=" + s.dir, "PICLOUD_ADDR=" + s.addr}, environment...), "doctor")
	}
	out, ok := examine()
	if !ok || strings.Contains(out, "FAIL") || len(regexp.MustCompile(`(?m)^(ok|warn) `).FindAllString(out, -1)) != 13 {
		t.Errorf("of a running server the doctor says\n%s", out)
	}
	if !regexp.MustCompile(`(?m)^ok    server      .* is ready at `).MatchString(out) {
		t.Errorf("the doctor does not see the server:\n%s", out)
	}
	s.must(s.call("GET", "/readyz", nil, nil), 200)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	key, database := filepath.Join(s.dir, "picloud.key"), filepath.Join(s.dir, "picloud.db")
	for name, c := range map[string]struct {
		environment []string
		spoil, mend func() error
		line        string
	}{
		"mail":                                   {environment: []string{"PICLOUD_SMTP_HOST=127.0.0.1", fmt.Sprintf("PICLOUD_SMTP_PORT=%d", nobody.Addr().(*net.TCPAddr).Port)}, line: "mail"},
		"another key":                            {environment: []string{"PICLOUD_SECRET_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, line: "master key"},
		"another program at the port":            {environment: []string{"PICLOUD_ADDR=" + other.Listener.Addr().String()}, line: "server       *another program"},
		"no certificate":                         {environment: []string{"PICLOUD_TLS_CERT=" + s.dir + "/none", "PICLOUD_TLS_KEY=" + s.dir + "/none"}, line: "certificate"},
		"a spoilt key":                           {spoil: func() error { return os.WriteFile(s.dir+"/spoilt", []byte("not a key"), 0o600) }, environment: []string{"PICLOUD_SECRET_KEY_FILE=" + s.dir + "/spoilt"}, line: "master key"},
		"a folder for backups that is not there": {environment: []string{"PICLOUD_BACKUP_DIR=" + s.dir + "/nothing"}, line: "backups"},
		"a readable database":                    {spoil: func() error { return os.Chmod(database, 0o644) }, mend: func() error { return os.Chmod(database, 0o600) }, line: "permissions"},
		"no key":                                 {spoil: func() error { return os.Rename(key, key+".away") }, mend: func() error { return os.Rename(key+".away", key) }, line: "master key"},
	} {
		if c.spoil != nil {
			if err := c.spoil(); err != nil {
				t.Fatal(err)
			}
		}
		out, ok := examine(c.environment...)
		if ok || !regexp.MustCompile(`(?m)^FAIL  `+c.line).MatchString(out) || strings.Count(out, "FAIL") != 1 || !strings.Contains(out, "1 of 13 examinations failed") {
			t.Errorf("%s: the doctor says\n%s", name, out)
		}
		if c.mend != nil {
			if err := c.mend(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out, ok := examine(); !ok || !strings.Contains(out, "none runs at "+s.addr) {
		t.Errorf("of a stopped server the doctor says\n%s", out)
	}
	damage(t, database)
	if out, ok := examine(); ok || !strings.Contains(out, "FAIL  database") || !strings.Contains(out, "damaged") {
		t.Errorf("of a damaged database the doctor says\n%s", out)
	}
	if out, ok := command(t, nil, "doctor", "--data", t.TempDir()); ok || !strings.Contains(out, "there is no PiCloud database") {
		t.Errorf("of an empty folder the doctor says\n%s", out)
	}
}

// damage overwrites a page in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte(strings.Repeat("damaged ", 512)), 4*4096); err != nil {
		t.Fatal(err)
	}
}

package main_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program and returns what it printed and whether it ended well.
func command(t *testing.T, environment []string, arguments ...string) (string, bool) {
	t.Helper()
	c := exec.Command(binary, arguments...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}, environment...)
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

// TestBackupAndRestore is what an owner does: a backup of the running server by
// the command and one by the API, a look at each, a drill, a new machine.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	const secret = "sk_live_only_in_the_sealed_form"
	s.must(s.call("PUT", "/api/v1/admin/apps/default/secrets/TOKEN", map[string]string{"value": secret}, nil), 200)
	s.newRoute(s.newScript("secret", `return secrets.get("TOKEN") == "`+secret[:3]+`" .. "`+secret[3:]+`"`, nil), "GET", "/secret")
	files := t.TempDir()
	byCommand, byAPI := filepath.Join(files, "command.db"), filepath.Join(files, "api.db")
	if out, ok := command(t, nil, "backup", byCommand, "--data", s.dir); !ok || !strings.Contains(out, "Copied and checked") {
		t.Fatalf("backup: %s", out)
	}
	downloadBackup(t, s, byAPI)
	key := filepath.Join(s.dir, "picloud.key")
	for _, file := range []string{byCommand, byAPI} {
		content, err := os.ReadFile(file)
		if err != nil || bytes.Contains(content, []byte(secret)) {
			t.Errorf("%s holds the secret in the clear, or %v", file, err)
		}
		if out, ok := command(t, nil, "backup", "verify", file, "--data", s.dir); !ok || !strings.Contains(out, "1 secrets") {
			t.Errorf("verify: %s", out)
		}
		if out, ok := command(t, nil, "backup", "drill", file, "--data", s.dir); !ok || !strings.Contains(out, "1 scripts, 1 routes") {
			t.Errorf("drill: %s", out)
		}
		if out, ok := command(t, nil, "restore", file, "--data", s.dir); ok || !strings.Contains(out, "stop it first") {
			t.Errorf("a restore under a running server: %s", out)
		}
		restoreElsewhere(t, file, key)
	}
}

// downloadBackup is curl with an API call that answers with a file.
func downloadBackup(t *testing.T, s *server, path string) {
	t.Helper()
	request, err := http.NewRequest("POST", s.url+"/api/v1/admin/instance/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	a := s.do(request)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if err := os.WriteFile(path, []byte(a.body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// restoreElsewhere puts a backup on a new machine, with the key and without.
func restoreElsewhere(t *testing.T, file, key string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if out, ok := command(t, nil, "restore", file, "--data", dir); ok || !strings.Contains(out, "there is no key") {
		t.Errorf("a restore without the key: %s", out)
	}
	content, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "picloud.key"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := command(t, nil, "restore", file, "--data", dir); !ok || !strings.Contains(out, "Restored instance") {
		t.Fatalf("restore: %s", out)
	}
	again := startServer(t, dir)
	if again.setup != "" {
		t.Error("a restored instance must not be claimed anew")
	}
	expect(t, again.call("GET", "/secret", nil, nil), 200, "true")
	if err := again.stop(); err != nil {
		t.Error(err)
	}
}

// TestScheduledBackupIsListed shows the folder of scheduled backups, and drills with what is in it.
func TestScheduledBackupIsListed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := startServer(t, "", "PICLOUD_BACKUP_DIR="+folder, "PICLOUD_BACKUP_CRON=@every 1h")
	s.claim()
	var list struct {
		Items  []any
		NextAt string `json:"next_at"`
		Error  string
	}
	s.must(s.call("GET", "/api/v1/admin/instance/backups", nil, &list), 200)
	if len(list.Items) != 0 || list.NextAt == "" || list.Error != "" {
		t.Errorf("the list is %+v", list)
	}
	if out, ok := command(t, []string{"PICLOUD_BACKUP_DIR=" + folder}, "backup", "drill", "--data", s.dir); ok || !strings.Contains(out, "no backup in") {
		t.Errorf("a drill without a backup: %s", out)
	}
	if out, ok := command(t, nil, "backup", filepath.Join(folder, "picloud-20260101T000000Z.db"), "--data", s.dir); !ok {
		t.Fatal(out)
	}
	if out, ok := command(t, []string{"PICLOUD_BACKUP_DIR=" + folder}, "backup", "drill", "--data", s.dir); !ok || !strings.Contains(out, "restores:") {
		t.Errorf("a drill with the newest backup: %s", out)
	}
	s.must(s.call("GET", "/api/v1/admin/instance/backups", nil, &list), 200)
	if len(list.Items) != 1 {
		t.Errorf("the list is %+v", list)
	}
}

package http

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picloud/store"
)

// A backup that was streamed is a whole database with everything in it, and
// secrets in it are sealed.
func TestTakeBackup(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	newScript(t, s, owner, "kept", "return 1")
	const secret = "sk_live_that_nobody_sees"
	wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/secrets/TOKEN", `{"value":"`+secret+`"}`, owner), 200)
	w := request(t, s, "POST", adminPrefix+"instance/backup", "", owner)
	wantStatus(t, w, 200)
	if name := w.Header().Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="picloud-`) {
		t.Errorf("Content-Disposition is %q", name)
	}
	content := w.Body.Bytes()
	for _, plain := range []string{secret, testPassword, strings.TrimPrefix(owner["Authorization"], "Bearer ")} {
		if bytes.Contains(content, []byte(plain)) {
			t.Errorf("the backup holds %q in the clear", plain)
		}
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	check, err := store.CheckBackup(t.Context(), path)
	if err != nil || check.Secrets != 1 || check.Bytes != int64(len(content)) {
		t.Errorf("the check says %+v, %v", check, err)
	}
	for _, left := range []string{"picloud.db.download", "picloud.db.download.new"} {
		if files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), left)); len(files) > 0 {
			t.Errorf("%s is left", left)
		}
	}
}

func TestListBackups(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	play(t, s, owner, []scenario{{"none", "GET", "instance/backups", "", 200, map[string]string{"items": "[]", "next_at": "null", "error": ""}}})
	s.config.BackupFolder = store.BackupFolder{Dir: t.TempDir(), Keep: 2}
	s.config.Backups = func() (time.Time, string) { return time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC), "the stick is full" }
	taken, err := s.store.BackUp(t.Context(), s.config.BackupFolder)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, owner, []scenario{{"one", "GET", "instance/backups", "", 200, map[string]string{
		"items.name": taken.Name, "items.taken_at": taken.TakenAt.String(), "next_at": "2026-03-02T03:00:00.000Z", "error": "the stick is full"}}})
}

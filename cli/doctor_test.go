package cli

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"picloud/scheduler"
)

func TestExamineClock(t *testing.T) {
	t.Parallel()
	built := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		now          time.Time
		synchronised bool
		want         verdict
	}{
		"right":                 {built.AddDate(0, 1, 0), true, isWell},
		"nobody has set it":     {built.AddDate(0, 1, 0), false, isDoubt},
		"before the program":    {time.Unix(1000, 0), false, isFailed},
		"before, and server so": {time.Unix(1000, 0), true, isFailed},
	} {
		if got := examineClock(scheduler.ClockState{Synchronised: c.synchronised}, c.now, built); got.verdict != c.want {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

func TestExamineBackups(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	if got := examineBackups(dir, now); got.verdict != isDoubt {
		t.Errorf("an empty folder: %+v", got)
	}
	for _, c := range []struct {
		name string
		want verdict
	}{{"picloud-20260501T030000Z.db", isDoubt}, {"picloud-20260610T030000Z.db", isWell}} {
		if err := os.WriteFile(filepath.Join(dir, c.name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := examineBackups(dir, now); got.verdict != c.want {
			t.Errorf("with %s: %+v, want %s", c.name, got, c.want)
		}
	}
}

// A command on a machine with the service works with the service's settings;
// what is said to it wins.
func TestCommandsKnowTheService(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	none := func(string) string { return "" }
	if got := withService(root, none)("PICLOUD_DATA"); got != "" {
		t.Errorf("without a service the data is in %q", got)
	}
	for path, content := range map[string]string{
		installedUnit:                    "",
		serviceSettings + "/picloud.env": "# a note\n#PICLOUD_ADDR=:9\n PICLOUD_SMTP_HOST = \"mail.example.com\" \nPICLOUD_BACKUP_DIR=/mnt/stick\n\nnot a setting\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := withService(root, func(name string) string { return map[string]string{"PICLOUD_SMTP_PORT": "25"}[name] })
	for name, want := range map[string]string{
		"PICLOUD_DATA": filepath.Join(root, serviceData), "PICLOUD_SECRET_KEY_FILE": filepath.Join(root, serviceSettings, "picloud.key"),
		"PICLOUD_BACKUP_DIR": "/mnt/stick", "PICLOUD_SMTP_HOST": "mail.example.com", "PICLOUD_SMTP_PORT": "25", "PICLOUD_ADDR": "",
	} {
		if got := getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

package store

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
)

// backedUp is a data folder whose server has stopped, with a backup of it from
// when it had one app more.
func backedUp(t *testing.T, config Config) (backup string, instance uuid.UUID) {
	t.Helper()
	s := must[*Store](t)(open(t.Context(), config, embeddedMigrations(t), false))
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "before"}))
	backup = filepath.Join(t.TempDir(), "backup.db")
	noError(t, s.copyTo(t.Context(), backup))
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "after"}))
	closeTest(t, s)
	return backup, s.instance
}

// Restore brings back what was, and keeps what it replaces where it can be put
// back from.
func TestRestore(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	backup, instance := backedUp(t, config)
	done := must[Restored](t)(Restore(t.Context(), config, backup, false))
	if done.Instance != instance || done.Aside == "" {
		t.Errorf("restored %+v", done)
	}
	s := must[*Store](t)(open(t.Context(), config, embeddedMigrations(t), false))
	if apps := s.Catalog(); apps.AppBySlug("before") == nil || apps.AppBySlug("after") != nil {
		t.Error("the database is not that of the backup")
	}
	closeTest(t, s)
	check := must[BackupCheck](t)(CheckBackup(t.Context(), done.Aside))
	if check.Instance != instance {
		t.Errorf("set aside is %+v", check)
	}
	must[Restored](t)(Restore(t.Context(), config, done.Aside, false)) // and back
	if openTest(t, config).Catalog().AppBySlug("after") == nil {
		t.Error("what was set aside does not come back")
	}
}

// A killed server leaves writes in its WAL. They go aside with the database, and
// do not come to the one that takes its place.
func TestRestoreOverAKilledServer(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	backup, _ := backedUp(t, config)
	s := openTest(t, config)
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "in-the-wal"}))
	config.Dir = crash(t, config.Dir)
	done := must[Restored](t)(Restore(t.Context(), config, backup, false))
	restored := openTest(t, config)
	if apps := restored.Catalog(); apps.AppBySlug("before") == nil || apps.AppBySlug("in-the-wal") != nil {
		t.Error("the WAL of the old database came to the new one")
	}
	closeTest(t, restored)
	must[Restored](t)(Restore(t.Context(), config, done.Aside, false))
	if openTest(t, config).Catalog().AppBySlug("in-the-wal") == nil {
		t.Error("what the killed server had in its WAL does not come back")
	}
}

// A backup without secrets takes the key of where it goes: on a new machine the
// installation has made one already.
func TestRestoreTakesTheKeyOfThePlace(t *testing.T) {
	t.Parallel()
	backup, _ := backedUp(t, testConfig(t, t.TempDir()))
	key := SecretKey{7}
	for name, place := range map[string]func(t *testing.T, config *Config){
		"given": func(_ *testing.T, config *Config) {
			config.SecretKey = KeySource{Name: "the new machine's key", Key: &key}
		},
		"the folder's own": func(t *testing.T, config *Config) {
			must[SecretKey](t)(makeKeyFile(filepath.Join(config.Dir, KeyName)))
		},
	} {
		config := testConfig(t, t.TempDir())
		place(t, &config)
		done := must[Restored](t)(Restore(t.Context(), config, backup, false))
		check := must[BackupCheck](t)(CheckDatabase(t.Context(), config.Dir))
		if err := check.CheckStart(config); err == nil && check.KeyID != "" {
			t.Errorf("%s: the database still has the key %s", name, check.KeyID)
		}
		if left, _ := filepath.Glob(filepath.Join(config.Dir, "*.restore*")); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
		s, err := open(t.Context(), config, embeddedMigrations(t), false)
		if err != nil {
			t.Errorf("%s: the restored database does not open: %v", name, err)
			continue
		}
		if s.instance != done.Instance {
			t.Errorf("%s: the instance is %s", name, s.instance)
		}
		closeTest(t, s)
		check = must[BackupCheck](t)(CheckDatabase(t.Context(), config.Dir))
		noError(t, check.CheckStart(config))
		other := config
		other.SecretKey = KeySource{Name: "another key", Key: &SecretKey{8}}
		if err := check.CheckStart(other); err == nil {
			t.Errorf("%s: a key that a server refuses is called right", name)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	key, other := SecretKey{1}, SecretKey{2}
	source := func(key SecretKey) KeySource { return KeySource{Name: "the test's key", Key: &key} }
	withSecret := func(t *testing.T) string {
		config := testConfig(t, t.TempDir())
		config.SecretKey = source(key)
		s := openTest(t, config)
		must[AppSecret](t)(s.SetAppSecret(t.Context(), testApp(t, s, "some").ID, "TOKEN", "value"))
		path := filepath.Join(t.TempDir(), "secret.db")
		noError(t, s.copyTo(t.Context(), path))
		return path
	}
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, config *Config, backup string) string // returns the file to restore
		refuse string
	}{
		"a server that runs": {func(t *testing.T, config *Config, backup string) string {
			openTest(t, *config)
			return backup
		}, "another PiCloud process"},
		"a damaged page": {func(t *testing.T, _ *Config, backup string) string {
			content := must[[]byte](t)(os.ReadFile(backup))
			for i := range 4096 {
				content[5*4096+i] ^= 0x5a
			}
			noError(t, os.WriteFile(backup, content, 0o600))
			return backup
		}, "is damaged"},
		"a file cut short": {func(t *testing.T, _ *Config, backup string) string {
			noError(t, os.Truncate(backup, 3*4096))
			return backup
		}, "is damaged"},
		"an empty file": {func(t *testing.T, _ *Config, backup string) string {
			noError(t, os.Truncate(backup, 0))
			return backup
		}, "not a backup"},
		"no database": {func(t *testing.T, _ *Config, backup string) string {
			noError(t, os.WriteFile(backup, []byte(strings.Repeat("not a database ", 1000)), 0o600))
			return backup
		}, "is damaged, or not a database"},
		"another program's database": {func(t *testing.T, _ *Config, _ string) string {
			path := filepath.Join(t.TempDir(), "other.db")
			c := must[*connection](t)(openConnection(path, ""))
			must[int64](t)(c.exec("CREATE TABLE t (x)"))
			noError(t, c.close())
			return path
		}, "not a PiCloud database"},
		"another instance": {func(t *testing.T, _ *Config, _ string) string {
			foreign, _ := backedUp(t, testConfig(t, t.TempDir()))
			return foreign
		}, "--other-instance"},
		"a newer schema": {func(t *testing.T, _ *Config, backup string) string {
			c := must[*connection](t)(openConnection(backup, ""))
			must[int64](t)(c.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"))
			noError(t, c.close())
			return backup
		}, "has schema 999"},
		"another key": {func(t *testing.T, config *Config, _ string) string {
			config.SecretKey, config.Dir = source(other), t.TempDir()
			return withSecret(t)
		}, "sealed with another key"},
		"no key": {func(t *testing.T, config *Config, _ string) string {
			config.Dir = t.TempDir()
			return withSecret(t)
		}, "there is no key"},
		"the database itself": {func(_ *testing.T, config *Config, _ string) string {
			return filepath.Join(config.Dir, databaseName)
		}, "is the database itself"},
		"a named pipe": {func(t *testing.T, _ *Config, _ string) string {
			path := filepath.Join(t.TempDir(), "pipe")
			noError(t, syscall.Mkfifo(path, 0o600))
			return path
		}, "pipe is not a backup"},
		"a folder": {func(t *testing.T, _ *Config, _ string) string { return t.TempDir() }, "is not a backup"},
		"no file":  {func(t *testing.T, _ *Config, _ string) string { return filepath.Join(t.TempDir(), "nothing") }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := testConfig(t, t.TempDir())
			backup, _ := backedUp(t, config)
			backup = c.spoil(t, &config, backup)
			before, _ := os.ReadFile(filepath.Join(config.Dir, databaseName))
			_, err := Restore(t.Context(), config, backup, false)
			if err == nil || !strings.Contains(err.Error(), c.refuse) {
				t.Errorf("the error is %v, want one with %q", err, c.refuse)
			}
			if err != nil && strings.Contains(err.Error(), ".restore") {
				t.Errorf("the error %v names a file that is not the backup", err)
			}
			if after, _ := os.ReadFile(filepath.Join(config.Dir, databaseName)); string(after) != string(before) {
				t.Error("the database was changed")
			}
			if left, _ := filepath.Glob(filepath.Join(config.Dir, "*.restore")); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// Another instance's backup takes over a folder when that is wanted, and its
// secrets open with its key.
func TestRestoreAnotherInstance(t *testing.T) {
	t.Parallel()
	foreign := testConfig(t, t.TempDir())
	s := openTest(t, foreign)
	must[AppSecret](t)(s.SetAppSecret(t.Context(), testApp(t, s, "some").ID, "TOKEN", "value"))
	backup := filepath.Join(t.TempDir(), "foreign.db")
	noError(t, s.copyTo(t.Context(), backup))
	config := testConfig(t, t.TempDir())
	backedUp(t, config)
	key := must[[]byte](t)(os.ReadFile(s.keyPath()))
	noError(t, os.WriteFile(filepath.Join(config.Dir, KeyName), key, 0o600))
	must[Restored](t)(Restore(t.Context(), config, backup, true))
	taken := openTest(t, config)
	value, err := taken.OpenAppSecret(taken.Catalog().AppBySlug("some").ID, "TOKEN")
	if taken.instance != s.instance || value != "value" || err != nil {
		t.Errorf("instance %s, secret %q, %v", taken.instance, value, err)
	}
}

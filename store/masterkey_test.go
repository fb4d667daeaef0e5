package store

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func keyFrom(t *testing.T, path string) SecretKey {
	t.Helper()
	return must[SecretKey](t)(readKeyFile(path, 0o077))
}

// folderWithSecret returns the closed folder of an instance with one secret.
func folderWithSecret(t *testing.T, source KeySource) (config Config, app uuid.UUID) {
	t.Helper()
	config = testConfig(t, t.TempDir())
	config.SecretKey = source
	s, err := Open(t.Context(), config)
	noError(t, err)
	app = testApp(t, s, "home").ID
	must[AppSecret](t)(s.SetAppSecret(t.Context(), app, "TOKEN", secretValue))
	closeTest(t, s)
	return config, app
}

// wantSecret opens the folder and its secret.
func wantSecret(t *testing.T, config Config, app uuid.UUID) {
	t.Helper()
	s, err := Open(t.Context(), config)
	noError(t, err)
	defer closeTest(t, s)
	if value := must[string](t)(s.OpenAppSecret(app, "TOKEN")); value != secretValue {
		t.Errorf("the value is %q", value)
	}
}

func TestTheFirstStartMakesAKeyFileAndSaysSo(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := testConfig(t, t.TempDir())
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s, err := Open(t.Context(), config)
	noError(t, err)
	closeTest(t, s)
	path := filepath.Join(config.Dir, KeyName)
	info, err := os.Stat(path)
	noError(t, err)
	if info.Mode().Perm() != 0o600 || !strings.Contains(log.String(), "keep a copy") || !strings.Contains(log.String(), path) {
		t.Errorf("mode %s, log %s", info.Mode(), log.String())
	}
	key := keyFrom(t, path)
	if strings.Contains(log.String(), base64.StdEncoding.EncodeToString(key[:])) {
		t.Error("the log shows the key")
	}
	log.Reset()
	s, err = Open(t.Context(), config)
	noError(t, err)
	closeTest(t, s)
	if keyFrom(t, path) != key || log.Len() > 0 {
		t.Errorf("the second start changed the key, or said %s", log.String())
	}
}

func TestAWrongKeyIsFatalAndChangesNothing(t *testing.T) {
	t.Parallel()
	given := func(b byte) KeySource { return KeySource{Name: "PICLOUD_SECRET_KEY", Key: &SecretKey{b}} }
	file := func(mode fs.FileMode, text string) KeySource {
		path := filepath.Join(t.TempDir(), "key")
		noError(t, os.WriteFile(path, []byte(text), 0o600))
		noError(t, os.Chmod(path, mode))
		return KeySource{Name: "PICLOUD_SECRET_KEY_FILE", File: path}
	}
	right := base64.StdEncoding.EncodeToString(append([]byte{7}, make([]byte, 31)...))
	config, app := folderWithSecret(t, given(7))
	for name, source := range map[string]KeySource{
		"is not the key":       given(8),
		"is missing":           {},
		"no such file":         {Name: "PICLOUD_SECRET_KEY_FILE", File: "/nowhere/key"},
		"others may read it":   file(0o604, right),
		"base64 of 32 random":  file(0o600, right[4:]),
		"FILE is not the key ": file(0o600, strings.Replace(right, "B", "C", 1)),
	} {
		before := readAll(t, config.Dir)
		config.SecretKey = source
		s, err := Open(t.Context(), config)
		if err == nil {
			closeTest(t, s)
			t.Fatalf("%s: the store opened", name)
		}
		if !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), right[4:20]) {
			t.Errorf("the error is %v, want %q", err, name)
		}
		if after := readAll(t, config.Dir); !bytes.Equal(before, after) {
			t.Errorf("%s: the database was changed", name)
		}
	}
	config.SecretKey = given(7)
	wantSecret(t, config, app)
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o440} { // 0440: a credential of the service manager
		config.SecretKey = file(mode, right+"\n")
		wantSecret(t, config, app)
	}
}

func readAll(t *testing.T, dir string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, databaseName))
	noError(t, err)
	return content
}

func TestAKeyFileThatOthersMayReadStopsTheStart(t *testing.T) {
	t.Parallel()
	config, app := folderWithSecret(t, KeySource{})
	path := filepath.Join(config.Dir, KeyName)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o602} {
		noError(t, os.Chmod(path, mode))
		_, err := Open(t.Context(), config)
		wantCode(t, err, KindUnavailable, "database_refused")
	}
	noError(t, os.Chmod(path, 0o600))
	wantSecret(t, config, app)
}

// A database without secrets needs no particular key, one with secrets does.
func TestALostKeyFile(t *testing.T) {
	t.Parallel()
	config, _ := folderWithSecret(t, KeySource{})
	noError(t, os.Remove(filepath.Join(config.Dir, KeyName)))
	_, err := Open(t.Context(), config)
	if wantCode(t, err, KindUnavailable, "database_refused"); !strings.Contains(err.Error(), "put it back") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(config.Dir, KeyName)); err == nil {
		t.Error("a new key was made beside secrets of the old one")
	}
	empty := testConfig(t, t.TempDir())
	s, err := Open(t.Context(), empty)
	noError(t, err)
	closeTest(t, s)
	noError(t, os.Remove(filepath.Join(empty.Dir, KeyName)))
	s, err = Open(t.Context(), empty)
	noError(t, err)
	app := testApp(t, s, "home").ID
	must[AppSecret](t)(s.SetAppSecret(t.Context(), app, "TOKEN", secretValue))
	closeTest(t, s)
	wantSecret(t, empty, app)
}

// A password is reset without the key of the secrets, and leaves them alone.
func TestAPasswordResetNeedsNoKey(t *testing.T) {
	t.Parallel()
	config, app := folderWithSecret(t, KeySource{Name: "PICLOUD_SECRET_KEY", Key: &SecretKey{7}})
	s, err := Open(t.Context(), config)
	noError(t, err)
	must[User](t)(s.CreateFirstOwner(t.Context(), "ada", "hash"))
	closeTest(t, s)
	reset := config
	reset.SecretKey = KeySource{}
	must[bool](t)(RecoverPassword(t.Context(), reset, "ada", "another"))
	if _, err := os.Stat(filepath.Join(config.Dir, KeyName)); err == nil {
		t.Error("the reset made a key")
	}
	wantSecret(t, config, app)
}

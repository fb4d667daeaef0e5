package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const secretValue = "correct horse battery staple"

func TestAppSecrets(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	home, other := testApp(t, s, "home"), testApp(t, s, "other")
	made := must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "TOKEN", secretValue))
	clock.step(time.Minute)
	changed := must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "TOKEN", "second"))
	if changed.CreatedAt != made.CreatedAt || changed.UpdatedAt != made.UpdatedAt+60_000 {
		t.Errorf("made %+v, changed %+v", made, changed)
	}
	must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "A", "third"))
	page := must[Page[AppSecret]](t)(s.AppSecrets(t.Context(), home.ID, PageRequest{}))
	if len(page.Items) != 2 || page.Items[0].Name != "A" || page.Items[1].Name != "TOKEN" {
		t.Errorf("the list is %+v", page.Items)
	}
	if value := must[string](t)(s.OpenAppSecret(home.ID, "TOKEN")); value != "second" {
		t.Errorf("the value is %q", value)
	}
	_, err := s.OpenAppSecret(other.ID, "TOKEN")
	wantCode(t, err, KindNotFound, "missing_secret")
	noError(t, s.DeleteAppSecret(t.Context(), home.ID, "TOKEN"))
	wantCode(t, s.DeleteAppSecret(t.Context(), home.ID, "TOKEN"), KindNotFound, "not_found")
	noError(t, s.DeleteApp(t.Context(), home.ID, true))
	if _, err := s.OpenAppSecret(home.ID, "A"); err == nil {
		t.Error("the secret of a deleted app is there")
	}
}

func TestSecretsHaveBounds(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	home := testApp(t, s, "home")
	for _, c := range []struct{ name, value, code string }{
		{"", "v", "invalid_name"}, {"a b", "v", "invalid_name"}, {strings.Repeat("n", 129), "v", "invalid_name"},
		{"n", "", "invalid_value"}, {"n", strings.Repeat("v", maxSecretBytes+1), "invalid_value"},
	} {
		_, err := s.SetAppSecret(t.Context(), home.ID, c.name, c.value)
		wantCode(t, err, KindInvalid, c.code)
	}
	_, err := s.SetAppSecret(t.Context(), uuid.New(), "n", "v")
	wantCode(t, err, KindNotFound, "not_found")
	must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "n", strings.Repeat("v", maxSecretBytes)))
	must[int64](t)(write(t.Context(), s, true, func(tx *transaction) (int64, error) {
		for i := range maxSecrets - 1 {
			if _, err := tx.exec(upsertSecret, home.ID, "n"+string(rune('A'+i)), []byte{1}, tx.at, tx.at); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}))
	_, err = s.SetAppSecret(t.Context(), home.ID, "one more", "v")
	wantCode(t, err, KindInvalid, "invalid_name")
	_, err = s.SetAppSecret(t.Context(), home.ID, "one-more", "v")
	wantCode(t, err, KindInvalid, "too_many_secrets")
	must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "n", "changed"))
}

// Whatever is done to a sealed row, it opens to its own value or not at all.
func TestSealedRowsFailClosed(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	home, other := testApp(t, s, "home"), testApp(t, s, "other")
	for _, app := range []App{home, other} {
		for _, name := range []string{"A", "B"} {
			must[AppSecret](t)(s.SetAppSecret(t.Context(), app.ID, name, app.Slug+name))
		}
	}
	reload := func(query string, arguments ...any) {
		t.Helper()
		must[int64](t)(write(t.Context(), s, true, func(tx *transaction) (int64, error) {
			tx.changedCatalog = true
			return tx.exec(query, arguments...)
		}))
	}
	good := s.Catalog().secrets[secretName{home.ID, "A"}].sealed
	refused := func(what string, sealed []byte) {
		t.Helper()
		reload("UPDATE secrets SET sealed = ? WHERE app_id = ? AND name = 'A'", sealed, home.ID)
		if value, err := s.OpenAppSecret(home.ID, "A"); KindOf(err) != KindInternal || value != "" {
			t.Errorf("%s: %q, %v", what, value, err)
		}
	}
	refused("another name's row", s.Catalog().secrets[secretName{home.ID, "B"}].sealed)
	refused("another app's row", s.Catalog().secrets[secretName{other.ID, "A"}].sealed)
	refused("nothing", []byte{})
	refused("the format alone", good[:1])
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 1
		refused("a flipped bit", flipped)
		refused("cut short", good[:i])
	}
	reload("UPDATE secrets SET sealed = ? WHERE app_id = ? AND name = 'A'", good, home.ID)
	if value := must[string](t)(s.OpenAppSecret(home.ID, "A")); value != "homeA" {
		t.Errorf("the value is %q", value)
	}
	if bytes.Equal(good[1:13], s.Catalog().secrets[secretName{other.ID, "A"}].sealed[1:13]) {
		t.Error("two values have one nonce")
	}
}

func TestNothingInTheFolderShowsASecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), testConfig(t, dir))
	noError(t, err)
	home := testApp(t, s, "home")
	must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "TOKEN", secretValue))
	must[AppSecret](t)(s.SetAppSecret(t.Context(), home.ID, "TOKEN", secretValue+" again"))
	endpoint := testScript(t, s, home.ID, "hook", ScriptEndpoint)
	route := must[Route](t)(s.CreateRoute(t.Context(), endpoint.ID, RouteDraft{Method: "POST", Path: "/h"}, never))
	noError(t, s.RememberWebhook(t.Context(), route.ID, "1", WebhookAnswer{Status: 200, Body: []byte(secretValue)}, time.Hour))
	wantNowhere(t, dir)
	closeTest(t, s)
	wantNowhere(t, dir)
}

// wantNowhere looks for the value in every file of a folder.
func wantNowhere(t *testing.T, dir string) {
	t.Helper()
	files := 0
	noError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		if bytes.Contains(content, []byte("battery")) {
			t.Errorf("%s shows the secret", path)
		}
		return err
	}))
	if files < 4 {
		t.Errorf("only %d files", files)
	}
}

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

func TestRotation(t *testing.T) {
	t.Parallel()
	config, app := folderWithSecret(t, KeySource{})
	path := filepath.Join(config.Dir, KeyName)
	old := keyFrom(t, path)
	const nobody = 65534
	if os.Geteuid() == 0 { // as with sudo on a folder of the service's
		noError(t, os.Chown(config.Dir, nobody, nobody))
	}
	if n := must[int](t)(RotateKey(t.Context(), config, "")); n != 1 {
		t.Errorf("%d secrets were sealed anew", n)
	}
	if keyFrom(t, path) == old {
		t.Error("the key is the old one")
	}
	folder, key := must[os.FileInfo](t)(os.Stat(config.Dir)), must[os.FileInfo](t)(os.Stat(path))
	if owner(key) != owner(folder) {
		t.Errorf("the key belongs to %d, the folder to %d", owner(key), owner(folder))
	}
	wantSecret(t, config, app)
	config.SecretKey = KeySource{Name: "the old key", Key: &old}
	_, err := Open(t.Context(), config)
	wantCode(t, err, KindUnavailable, "database_refused")
}

func TestRotationOfAGivenKey(t *testing.T) {
	t.Parallel()
	config, app := folderWithSecret(t, KeySource{Name: "PICLOUD_SECRET_KEY", Key: &SecretKey{7}})
	_, err := RotateKey(t.Context(), config, "")
	wantCode(t, err, KindInvalid, "invalid")
	path := filepath.Join(t.TempDir(), "new")
	must[int](t)(RotateKey(t.Context(), config, path))
	config.SecretKey = KeySource{Name: "PICLOUD_SECRET_KEY_FILE", File: path}
	wantSecret(t, config, app)
	_, err = RotateKey(t.Context(), testConfig(t, t.TempDir()), "")
	if err == nil || !strings.Contains(err.Error(), "no PiCloud database") {
		t.Errorf("the error is %v", err)
	}
}

func TestRotationNeedsTheServerStopped(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	if _, err := RotateKey(t.Context(), s.config, ""); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("the error is %v", err)
	}
}

// A rotation that ends before or after its commit leaves a folder that opens.
func TestARotationCutShort(t *testing.T) {
	t.Parallel()
	for _, committed := range []bool{false, true} {
		config, app := folderWithSecret(t, KeySource{})
		next := must[SecretKey](t)(makeKeyFile(filepath.Join(config.Dir, nextKeyName)))
		if committed {
			s, err := open(t.Context(), config, embeddedMigrations(t), false)
			noError(t, err)
			next = must[SecretKey](t)(makeKeyFile(filepath.Join(config.Dir, nextKeyName)))
			must[int](t)(s.reseal(context.Background(), next))
			closeTest(t, s)
		}
		wantSecret(t, config, app)
		if got := keyFrom(t, filepath.Join(config.Dir, KeyName)) == next; got != committed {
			t.Errorf("committed %t, but the new key counts: %t", committed, got)
		}
		if _, err := os.Stat(filepath.Join(config.Dir, nextKeyName)); err == nil {
			t.Error("the second key file is still there")
		}
		wantSecret(t, config, app)
	}
}

// What a rotation does not seal anew, it leaves readable.
func TestStoredAnswersOutliveARotation(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	s, err := Open(t.Context(), config)
	noError(t, err)
	script := testScript(t, s, testApp(t, s, "home").ID, "hook", ScriptEndpoint)
	route := must[Route](t)(s.CreateRoute(t.Context(), script.ID, RouteDraft{Method: "POST", Path: "/h"}, never))
	noError(t, s.RememberWebhook(t.Context(), route.ID, "1", WebhookAnswer{Status: 201, Body: []byte("b")}, time.Hour))
	closeTest(t, s)
	must[int](t)(RotateKey(t.Context(), config, ""))
	s, err = Open(t.Context(), config)
	noError(t, err)
	defer closeTest(t, s)
	if answer := must[*WebhookAnswer](t)(s.WebhookAnswer(t.Context(), route.ID, "1")); answer == nil || answer.Status != 201 {
		t.Errorf("the answer is %+v", answer)
	}
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

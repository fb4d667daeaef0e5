package store

import (
	"bytes"
	"io/fs"
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

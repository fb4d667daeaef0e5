package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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

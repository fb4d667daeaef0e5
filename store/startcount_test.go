package store

import (
	"os"
	"path/filepath"
	"testing"
)

// Three starts that crash make the next one safe; an orderly stop, a minute of
// running, or another boot of the machine forgets them.
func TestSafeModeAfterThreeCrashes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func() *Store {
		t.Helper()
		config := testConfig(t, dir)
		config.CountStarts = true
		return must[*Store](t)(open(t.Context(), config, embeddedMigrations(t), false))
	}
	// crashed is what remains when the process of s is killed.
	crashed := func(s *Store) {
		t.Helper()
		count := must[[]byte](t)(os.ReadFile(filepath.Join(dir, startsName)))
		closeTest(t, s)
		noError(t, os.WriteFile(filepath.Join(dir, startsName), count, 0o600))
	}
	for crashes := range SafeAfter + 2 {
		if got := must[int](t)(StartCrashes(dir)); got != crashes {
			t.Errorf("%d crashes are counted after %d", got, crashes)
		}
		s := start()
		if s.SafeMode() != (crashes >= SafeAfter) {
			t.Errorf("after %d crashes safe mode is %v", crashes, s.SafeMode())
		}
		config := testConfig(t, dir)
		config.CountStarts = true
		if _, err := open(t.Context(), config, embeddedMigrations(t), false); err == nil {
			t.Error("two servers use one folder")
		}
		s.housekeeper.began -= int64(startedWell)
		if s.SafeMode() {
			noError(t, s.housekeeper.noteGoodStart()) // proves nothing in safe mode
		}
		crashed(s)
	}
	command := must[*Store](t)(open(t.Context(), testConfig(t, dir), embeddedMigrations(t), false))
	closeTest(t, command)
	if got := must[int](t)(StartCrashes(dir)); got != SafeAfter+2 {
		t.Errorf("a command on the box left %d", got)
	}
	closeTest(t, start()) // in order
	if s := start(); s.SafeMode() {
		t.Error("safe mode after an orderly stop")
	} else {
		s.housekeeper.began -= int64(startedWell)
		noError(t, s.housekeeper.noteGoodStart())
		if got := must[int](t)(StartCrashes(dir)); got != 0 {
			t.Errorf("%d crashes after a minute of running", got)
		}
		closeTest(t, s)
	}
	noError(t, os.WriteFile(filepath.Join(dir, startsName), []byte("00000000000000000000000000000001 3\n"), 0o600))
	if s := start(); s.SafeMode() {
		t.Error("crashes of another boot count: they may have been power cuts")
	} else {
		closeTest(t, s)
	}
}

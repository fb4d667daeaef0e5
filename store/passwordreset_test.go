package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestRecoverPasswordWithoutAServer(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	if _, err := RecoverPassword(t.Context(), config, "ann", "new"); err == nil || !strings.Contains(err.Error(), "no PiCloud database") {
		t.Fatalf("in an empty folder: %v", err)
	}
	if entries := must[[]os.DirEntry](t)(os.ReadDir(config.Dir)); len(entries) != 0 {
		t.Fatalf("it made %v", entries)
	}
	s := openTest(t, config)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	closeTest(t, s)
	if active := must[bool](t)(RecoverPassword(t.Context(), config, "ann", "new")); !active {
		t.Error("ann is said to be inactive")
	}
	_, err := RecoverPassword(t.Context(), config, "bob", "new")
	wantCode(t, err, KindNotFound, "not_found")
	s = openTest(t, config)
	if got := must[User](t)(s.User(t.Context(), ann.ID)); got.PasswordHash != "new" {
		t.Errorf("the hash is %q", got.PasswordHash)
	}
	page := must[Page[AuditEntry]](t)(s.Audit(t.Context(), AuditFilter{}, PageRequest{}))
	if len(page.Items) != 1 || page.Items[0].Action != ActionResetPassword || page.Items[0].Target.Name != "ann" || page.Items[0].Username != commandActor.Username {
		t.Errorf("the audit is %+v", page.Items)
	}
}

func TestRecoverPasswordBesideAServer(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), testConfig(t, t.TempDir()), embeddedMigrations(t), true)
	noError(t, err)
	defer closeTest(t, s)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	noError(t, s.StartSession(t.Context(), Session{UserID: ann.ID, ExpiresAt: 1 << 50}, "hash"))
	must[bool](t)(RecoverPassword(t.Context(), s.config, "ann", "new"))
	if got := must[User](t)(s.User(t.Context(), ann.ID)); got.PasswordHash != "new" {
		t.Errorf("the hash is %q", got.PasswordHash)
	}
	if _, _, err := s.SessionUser(t.Context(), [32]byte{}); KindOf(err) != KindNotFound {
		t.Errorf("the session lives on: %v", err)
	}
	if _, err := RecoverPassword(t.Context(), s.config, "bob", "new"); err == nil || !strings.Contains(err.Error(), "no such user") {
		t.Errorf("an unknown user: %v", err)
	}
	noLeftovers(t, s.config.Dir)
}

func noLeftovers(t *testing.T, dir string) {
	t.Helper()
	if left := must[[]string](t)(filepath.Glob(filepath.Join(dir, resetRequestName+"*"))); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A server that ends before it answers leaves the work to the command.
func TestRecoverPasswordWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := openTest(t, testConfig(t, t.TempDir())) // no housekeeping, so no answer
	must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	done := make(chan error, 1)
	request := resetRequest{ID: "one", Username: "ann", PasswordHash: "new"}
	noError(t, leaveRequest(s.config.Dir, request))
	go func() {
		_, err := awaitAnswer(t.Context(), s.config, request)
		done <- err
	}()
	closeTest(t, s)
	noError(t, <-done)
	noLeftovers(t, s.config.Dir)
	again := openTest(t, s.config)
	if got := must[User](t)(again.UserByName(t.Context(), "ann")); got.PasswordHash != "new" {
		t.Errorf("the hash is %q", got.PasswordHash)
	}
}

func TestRecoverPasswordGivesUp(t *testing.T) {
	t.Parallel()
	s := newTestStore(t) // no housekeeping, so no answer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RecoverPassword(ctx, s.config, "ann", "new"); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("the error is %v", err)
	}
	noLeftovers(t, s.config.Dir)
}

func TestOddResetRequestIsAnsweredAndGone(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	noError(t, os.WriteFile(filepath.Join(s.config.Dir, resetRequestName), []byte("{"), 0o600))
	noError(t, s.housekeeper.takeReset(t.Context()))
	noError(t, s.housekeeper.takeReset(t.Context()))
	answer := must[resetAnswer](t)(readReset[resetAnswer](filepath.Join(s.config.Dir, resetAnswerName)))
	if !strings.Contains(answer.Error, "not a request") {
		t.Errorf("the answer is %+v", answer)
	}
}

// Commands at once wait for each other: none fails, and the last one's password
// is in force.
func TestRecoverPasswordOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), testConfig(t, t.TempDir()), embeddedMigrations(t), true)
	noError(t, err)
	defer closeTest(t, s)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	var commands sync.WaitGroup
	for i := range 3 {
		commands.Go(func() {
			if _, err := RecoverPassword(t.Context(), s.config, "ann", fmt.Sprint("new ", i)); err != nil {
				t.Errorf("command %d: %v", i, err)
			}
		})
	}
	commands.Wait()
	if got := must[User](t)(s.User(t.Context(), ann.ID)); !strings.HasPrefix(got.PasswordHash, "new ") {
		t.Errorf("the hash is %q", got.PasswordHash)
	}
	noLeftovers(t, s.config.Dir)
}

// What a command left long ago changes nothing at the next start.
func TestLeftOverResetIsDropped(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	s := openTest(t, config)
	user := must[User](t)(s.CreateFirstOwner(t.Context(), "ada", "old"))
	closeTest(t, s)
	noError(t, leaveRequest(config.Dir, resetRequest{ID: "x", Username: "ada", PasswordHash: "new"}))
	again := must[*Store](t)(Open(t.Context(), config))
	defer closeTest(t, again)
	noError(t, again.housekeeper.takeReset(t.Context()))
	if now := must[User](t)(again.User(t.Context(), user.ID)); now.PasswordHash != "old" {
		t.Error("a request that nobody waits for was carried out")
	}
}

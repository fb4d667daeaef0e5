package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	user := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	now := TimeOf(clock.now())
	session := func(n byte) Session {
		return Session{TokenHash: [32]byte{n}, UserID: user.ID, CreatedAt: now, ExpiresAt: now + 1000}
	}
	for n := range byte(4) {
		noError(t, s.StartSession(t.Context(), session(n), "hash"))
	}
	wantCode(t, s.StartSession(t.Context(), session(0), "hash"), KindConflict, "session_exists")
	wantCode(t, s.StartSession(t.Context(), session(9), "older hash"), KindUnauthorized, "bad_credentials")
	wantCode(t, s.StartSession(t.Context(), Session{UserID: s.newID()}, "hash"), KindUnauthorized, "bad_credentials")
	got, owner, err := s.SessionUser(t.Context(), [32]byte{1})
	noError(t, err)
	if diff := cmp.Diff(session(1), got) + cmp.Diff(user, owner); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
	noError(t, s.EndSession(t.Context(), session(0), user))
	noError(t, s.ExtendSession(t.Context(), [32]byte{1}, now+60_000))
	clock.step(2 * time.Second)
	live := func(n byte) bool {
		_, _, err := s.SessionUser(t.Context(), [32]byte{n})
		if err != nil {
			wantCode(t, err, KindNotFound, "not_found")
		}
		return err == nil
	}
	if live(0) || !live(1) || live(2) {
		t.Error("want only the extended session alive")
	}
	wantCode(t, s.ExtendSession(t.Context(), [32]byte{2}, now+60_000), KindNotFound, "not_found")
	if n := must[int](t)(s.DeleteExpiredSessions(t.Context())); n != 2 {
		t.Errorf("%d expired sessions, want 2", n)
	}
	noError(t, s.RehashPassword(t.Context(), user.ID, "hash", "better"))
	noError(t, s.RehashPassword(t.Context(), user.ID, "hash", "lost"))
	if !live(1) || must[User](t)(s.User(t.Context(), user.ID)).PasswordHash != "better" {
		t.Error("a rehash ended a session, or overwrote a newer hash")
	}
	wantCode(t, s.ChangePassword(t.Context(), session(8), "hash", "new"), KindUnauthorized, "bad_credentials")
	noError(t, s.ChangePassword(t.Context(), Session{TokenHash: [32]byte{8}, UserID: user.ID, ExpiresAt: now + 60_000}, "better", "new"))
	if live(1) || !live(8) {
		t.Error("after a password change want only the new session alive")
	}
	must[User](t)(s.resetPassword(t.Context(), "ann", "newer"))
	if live(8) {
		t.Error("a session outlives a password reset")
	}
}

func testSession(t testing.TB, s *Store, user User, n byte) {
	t.Helper()
	noError(t, s.StartSession(t.Context(), Session{TokenHash: [32]byte{n}, UserID: user.ID, ExpiresAt: 1 << 50}, user.PasswordHash))
}

func TestDeactivationEndsSessionsAndKeys(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	live := func(session byte, prefix string) [2]bool {
		_, _, noSession := s.SessionUser(t.Context(), [32]byte{session})
		_, _, noKey := s.APIKeyByPrefix(t.Context(), prefix)
		return [2]bool{noSession == nil, noKey == nil}
	}
	for i, c := range []struct {
		change UserChange
		want   [2]bool
	}{
		{UserChange{Role: ptr(RoleAdmin), Highest: RoleAdmin}, [2]bool{true, true}},
		{UserChange{PasswordHash: ptr("new"), Highest: RoleAdmin}, [2]bool{false, true}},
		{UserChange{Active: ptr(false), Highest: RoleAdmin}, [2]bool{false, false}},
	} {
		bob := testUser(t, s, fmt.Sprint("bob", i), RoleMember)
		testSession(t, s, bob, byte(i))
		testKey(t, s, bob, fmt.Sprint("key", i), nil)
		must[User](t)(s.UpdateUser(t.Context(), bob.ID, c.change))
		if got := live(byte(i), fmt.Sprint("key", i)); got != c.want {
			t.Errorf("after %+v session and key live: %v, want %v", c.change, got, c.want)
		}
		must[User](t)(s.UpdateUser(t.Context(), bob.ID, UserChange{Active: ptr(true), Highest: RoleAdmin}))
		if got := live(byte(i), fmt.Sprint("key", i)); got != c.want {
			t.Errorf("activation brings back: %v, want %v", got, c.want)
		}
		noError(t, s.DeleteUser(t.Context(), bob.ID, RoleAdmin))
		if got := live(byte(i), fmt.Sprint("key", i)); got != [2]bool{} {
			t.Errorf("a deleted user's session and key live: %v", got)
		}
	}
}

package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestAuditEntersTheChangeWithItsTransaction(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	key := s.newID()
	as := func(action string) Actor {
		return Actor{UserID: &ann.ID, Username: "ann", KeyID: &key, Address: "192.0.2.1", RequestID: action}
	}
	ctx := WithAudit(t.Context(), "create_app", as("create_app"))
	app := must[App](t)(s.CreateApp(ctx, AppDraft{Slug: "one"}))
	must[App](t)(s.CreateApp(ctx, AppDraft{Slug: "two"})) // one call, one entry
	_, err := s.CreateApp(WithAudit(t.Context(), "create_app", as("again")), AppDraft{Slug: "one"})
	wantCode(t, err, KindConflict, "slug_taken")
	bob := must[User](t)(s.CreateUser(WithAudit(t.Context(), "create_user", as("create_user")), UserDraft{Username: "bob", Role: RoleMember, Highest: RoleOwner}))
	must[Member](t)(s.SetMember(WithAudit(t.Context(), "set_member", as("set_member")), app.ID, bob.ID, AppEditor))
	noError(t, s.RecordLogin(WithAudit(t.Context(), "never", as("never")), bob.ID)) // relaxed: no change of the control plane

	page := must[Page[AuditEntry]](t)(s.Audit(t.Context(), AuditFilter{}, PageRequest{}))
	entry := func(number int64, action string, target Target, app *uuid.UUID, details string) AuditEntry {
		at := page.Items[len(page.Items)-int(number)].At
		target.App = nil
		return AuditEntry{Number: number, At: at, LastAt: at, Times: 1, Action: action, UserID: &ann.ID, Username: "ann", KeyID: &key,
			Target: target, AppID: app, Details: []byte(details), Address: "192.0.2.1", RequestID: action}
	}
	want := []AuditEntry{
		entry(3, "set_member", bob.member(app.ID), &app.ID, `{"role":"editor"}`),
		entry(2, "create_user", bob.target(), nil, `{"role":"member"}`),
		entry(1, "create_app", app.target(), &app.ID, `{}`),
	}
	if diff := cmp.Diff(want, page.Items); diff != "" {
		t.Errorf("the audit:\n%s", diff)
	}
	for name, c := range map[string]struct {
		filter AuditFilter
		want   []string
	}{
		"user":      {AuditFilter{User: ann.ID}, []string{"create_app one×1", "create_user bob×1", "set_member bob×1"}},
		"nobody":    {AuditFilter{User: bob.ID}, nil},
		"target":    {AuditFilter{Target: bob.ID}, []string{"create_user bob×1", "set_member bob×1"}},
		"app":       {AuditFilter{App: app.ID}, []string{"create_app one×1", "set_member bob×1"}},
		"action":    {AuditFilter{Action: "set_member"}, []string{"set_member bob×1"}},
		"long ago":  {AuditFilter{Until: ptr(Time(1))}, nil},
		"not ahead": {AuditFilter{Since: ptr(Time(1 << 50))}, nil},
	} {
		if got := orderOf(t, s, c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestAuditIsBounded(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	noError(t, s.change(t.Context(), func(tx *transaction) error {
		for i := range auditEntries + 50 {
			if err := enter(tx, AuditEntry{Action: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		n, err := tx.count("SELECT count(*) FROM audit_entries")
		if n != auditEntries {
			t.Errorf("%d entries are kept, want %d", n, auditEntries)
		}
		return err
	}))
	page := must[Page[AuditEntry]](t)(s.Audit(t.Context(), AuditFilter{}, PageRequest{Limit: 1}))
	if page.Items[0].Action != fmt.Sprint(auditEntries+49) {
		t.Errorf("the newest is %s", page.Items[0].Action)
	}
}

func TestSignInsAreCounted(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	from := func(i int) Actor { return Actor{Address: fmt.Sprint("192.0.2.", i), RequestID: fmt.Sprint(i)} }
	for i := range 3 {
		session := Session{TokenHash: [32]byte{byte(i)}, UserID: ann.ID, ExpiresAt: 1 << 50}
		noError(t, s.StartSession(WithAudit(t.Context(), ActionSignIn, from(0)), session, "hash"))
		noError(t, s.RecordFailedSignIn(t.Context(), &ann, from(i%2)))
	}
	noError(t, s.RecordFailedSignIn(t.Context(), nil, from(0)))
	want := []string{"sign_in ann×3", "sign_in_failed ann×2", "sign_in_failed ann×1", "sign_in_failed -×1"}
	if got := orderOf(t, s, AuditFilter{}); !slices.Equal(got, want) {
		t.Errorf("the audit is %v, want %v", got, want)
	}
	if e := must[Page[AuditEntry]](t)(s.Audit(t.Context(), AuditFilter{Action: ActionSignIn}, PageRequest{})).Items[0]; e.UserID == nil || *e.UserID != ann.ID || e.Username != "ann" {
		t.Errorf("who signs in is %v %q", e.UserID, e.Username)
	}
	for i := range 1000 { // a flood from everywhere
		noError(t, s.RecordFailedSignIn(t.Context(), nil, from(i%200)))
	}
	got := orderOf(t, s, AuditFilter{Action: ActionSignInFailed})
	if len(got) != failuresADay+1 || !strings.HasSuffix(got[failuresADay], fmt.Sprint("×", 1000-5*(failuresADay-2))) {
		t.Errorf("a flood leaves %d entries: %v", len(got), got)
	}
	clock.step(24 * time.Hour)
	noError(t, s.RecordFailedSignIn(t.Context(), &ann, from(0)))
	if got := orderOf(t, s, AuditFilter{Action: ActionSignInFailed}); got[len(got)-1] != "sign_in_failed ann×1" {
		t.Errorf("another day is counted on the last: %v", got)
	}
}

// orderOf returns the actions of the audit, oldest first.
func orderOf(t testing.TB, s *Store, filter AuditFilter) []string {
	t.Helper()
	var actions []string
	for request := (PageRequest{Limit: 2}); ; {
		page := must[Page[AuditEntry]](t)(s.Audit(t.Context(), filter, request))
		for _, e := range page.Items {
			name := e.Target.Name
			if name == "" {
				name = "-"
			}
			actions = append(actions, fmt.Sprintf("%s %s×%d", e.Action, name, e.Times))
		}
		if request.Cursor = page.NextCursor; request.Cursor == "" {
			slices.Reverse(actions)
			return actions
		}
	}
}

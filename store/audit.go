package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Actor is who makes a change, and from where. Without a user it is someone
// who has not signed in, or, with a Username, a command on the box.
type Actor struct {
	UserID    *uuid.UUID
	Username  string
	KeyID     *uuid.UUID
	Address   string
	RequestID string
}

// Target is what a change is about. Its name is the one at that moment.
type Target struct {
	Kind string     `json:"kind"` // of thing
	ID   *uuid.UUID `json:"id"`
	Name string     `json:"name"` // at that moment
	App  *uuid.UUID `json:"-"`
}

// AuditEntry is one change of the control plane: who did what, when, from
// where. Sign-ins and changes of one collection's data that repeat within a day
// are one entry with a count.
type AuditEntry struct {
	Number    int64           `json:"number"`
	At        Time            `json:"at"`
	LastAt    Time            `json:"last_at"`
	Times     int64           `json:"times"`  // how often, when it repeats within a day
	Action    string          `json:"action"` // such as create_script
	UserID    *uuid.UUID      `json:"user_id"`
	Username  string          `json:"username"`
	KeyID     *uuid.UUID      `json:"key_id"` // the API key that was used
	Target    Target          `json:"target"`
	AppID     *uuid.UUID      `json:"app_id"`
	Details   json.RawMessage `json:"details"`
	Address   string          `json:"address"` // where the call came from
	RequestID string          `json:"request_id"`
}

// The actions that are counted rather than repeated, so that neither a program
// that signs in or stores a value each minute nor a flood of wrong passwords
// fills the card or pushes changes out. Changes of data are counted by collection.
const (
	ActionSignIn       = "sign_in"
	ActionSignInFailed = "sign_in_failed"
	ActionSignOut      = "sign_out"

	ActionSetKV          = "set_kv"
	ActionDeleteKV       = "delete_kv"
	ActionCreateDocument = "create_document"
	ActionPutDocument    = "put_document"
	ActionDeleteDocument = "delete_document"
)

// counted are all of these.
var counted = []string{ActionSignIn, ActionSignInFailed, ActionSignOut,
	ActionSetKV, ActionDeleteKV, ActionCreateDocument, ActionPutDocument, ActionDeleteDocument}

// The actions that have no call of the API.
const (
	ActionFirstOwner    = "create_first_owner" // from the environment
	ActionResetPassword = "reset_password"     // on the box
)

const (
	// auditEntries is how many entries are kept.
	auditEntries = 10_000
	// failuresADay bounds the entries of one day that failed sign-ins make; all
	// others of that day are counted on one more, without name and address.
	failuresADay = 20

	insertEntry = "INSERT INTO audit_entries (number, at, last_at, times, action, user_id, username, key_id," +
		" target_kind, target_id, target_name, app_id, details, address, request_id)" +
		" VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	selectEntries = "SELECT number, at, last_at, times, action, user_id, username, key_id," +
		" target_kind, target_id, target_name, app_id, details, address, request_id FROM audit_entries WHERE "
	countAgain = "UPDATE audit_entries SET times = times + 1, last_at = ?, request_id = ? WHERE number =" +
		" (SELECT number FROM audit_entries WHERE action = ? AND at >= ? AND username = ? AND address = ? AND target_name = ? AND app_id IS ? LIMIT 1)"
	failuresToday = "SELECT count(*) FROM audit_entries WHERE action = 'sign_in_failed' AND at >= ?"
)

// auditNote is an entry to be written with the next durable change.
type auditNote struct {
	action  string
	actor   Actor
	written atomic.Bool
}

type auditKey struct{}

// WithAudit returns a context whose first durable change of something is entered
// in the audit, in the transaction that makes it. Changes need not ask for that
// one by one, so none can be forgotten.
func WithAudit(ctx context.Context, action string, actor Actor) context.Context {
	return context.WithValue(ctx, auditKey{}, &auditNote{action: action, actor: actor})
}

// audited adds to fn, when ctx asks for it, the entry of what fn changes.
func audited(ctx context.Context, fn func(*transaction) error) func(*transaction) error {
	note, ok := ctx.Value(auditKey{}).(*auditNote)
	if !ok {
		return fn
	}
	return func(t *transaction) error {
		t.target, t.details = Target{}, nil
		if err := fn(t); err != nil || t.target == (Target{}) || note.written.Swap(true) {
			return err
		}
		return enter(t, note.entry(t))
	}
}

// touch says what the running operation changes, detail how.
func (t *transaction) touch(target Target) { t.target = target }

func (t *transaction) detail(name string, value any) {
	if t.details == nil {
		t.details = map[string]any{}
	}
	t.details[name] = value
}

// entry is the note's entry for what t has changed. Whoever signs in, or makes
// the first owner, is the one it is about.
func (n *auditNote) entry(t *transaction) AuditEntry {
	e := AuditEntry{Action: n.action, UserID: n.actor.UserID, Username: n.actor.Username, KeyID: n.actor.KeyID,
		Target: t.target, AppID: t.target.App, Address: n.actor.Address, RequestID: n.actor.RequestID}
	if e.UserID == nil && e.Username == "" && t.target.Kind == "user" {
		e.UserID, e.Username = t.target.ID, t.target.Name
	}
	return e
}

// RecordFailedSignIn counts a wrong password. user is nil for a name that
// nobody has: what was typed is not kept, because it may be a password. It is
// relaxed.
func (s *Store) RecordFailedSignIn(ctx context.Context, user *User, from Actor) error {
	return s.relax(ctx, func(t *transaction) error {
		t.details = nil
		e := AuditEntry{Action: ActionSignInFailed, Target: Target{Kind: "user"}, Address: from.Address, RequestID: from.RequestID}
		if user != nil {
			e.Target, e.Username = user.target(), user.Username
		}
		return enter(t, e)
	})
}

// enter writes an entry, or counts it on one of today.
func enter(t *transaction, e AuditEntry) error {
	if slices.Contains(counted, e.Action) {
		today := TimeOf(t.at.Time().Truncate(24 * time.Hour))
		if again, err := countToday(t, &e, today); err != nil || again {
			return err
		}
	}
	details := []byte("{}")
	if t.details != nil {
		var err error
		if details, err = json.Marshal(t.details); err != nil {
			return fmt.Errorf("writing the audit: %w", err)
		}
	}
	number, err := t.count("SELECT coalesce(max(number), 0) + 1 FROM audit_entries")
	if err != nil {
		return err
	}
	if _, err := t.exec(insertEntry, number, t.at, t.at, e.Action, e.UserID, e.Username, e.KeyID,
		e.Target.Kind, e.Target.ID, e.Target.Name, e.AppID, string(details), e.Address, e.RequestID); err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM audit_entries WHERE number <= ?", number-auditEntries)
	return err
}

// countToday counts e on an entry of today; false when it needs one of its
// own. Failures beyond the day's bound lose name and address.
func countToday(t *transaction, e *AuditEntry, today Time) (bool, error) {
	again := func() (bool, error) {
		n, err := t.exec(countAgain, t.at, e.RequestID, e.Action, today, e.Username, e.Address, e.Target.Name, e.AppID)
		return n > 0, err
	}
	if done, err := again(); err != nil || done || e.Action != ActionSignInFailed {
		return done, err
	}
	failures, err := t.count(failuresToday, today)
	if err != nil || failures < failuresADay {
		return false, err
	}
	e.Target, e.Username, e.Address = Target{Kind: "user"}, "", ""
	return again()
}

// AuditFilter narrows the audit; what is zero does not.
type AuditFilter struct {
	User, Target, App uuid.UUID
	Action            string
	Since, Until      *Time // both inclusive
}

func scanEntry(r row) (AuditEntry, error) {
	return AuditEntry{Number: r.integer(0), At: r.time(1), LastAt: r.time(2), Times: r.integer(3), Action: r.text(4),
		UserID: r.optionalID(5), Username: r.text(6), KeyID: r.optionalID(7),
		Target: Target{Kind: r.text(8), ID: r.optionalID(9), Name: r.text(10)}, AppID: r.optionalID(11),
		Details: json.RawMessage(r.text(12)), Address: r.text(13), RequestID: r.text(14)}, nil
}

// Audit lists the entries, newest first.
func (s *Store) Audit(ctx context.Context, filter AuditFilter, page PageRequest) (Page[AuditEntry], error) {
	limit, err := page.limit()
	if err != nil {
		return Page[AuditEntry]{}, err
	}
	list := filter.name()
	position, err := s.position(list, page.Cursor)
	if err != nil {
		return Page[AuditEntry]{}, err
	}
	before := int64(1<<63 - 1)
	if position != "" {
		if before, err = strconv.ParseInt(position, 10, 64); err != nil {
			return Page[AuditEntry]{}, errors.Join(badCursor(), err)
		}
	}
	where, arguments := filter.narrow(before)
	found, err := readValue(ctx, s, func(t *transaction) ([]*AuditEntry, error) {
		return collect(t, scanEntry, selectEntries+where+" ORDER BY number DESC LIMIT ?", append(arguments, limit+1)...)
	})
	if err != nil {
		return Page[AuditEntry]{}, err
	}
	return auditPage(s, list, found, limit), nil
}

// auditPage cuts found, which has one entry more than wanted when there is a
// next page.
func auditPage(s *Store, list string, found []*AuditEntry, limit int) Page[AuditEntry] {
	page := Page[AuditEntry]{Items: []AuditEntry{}}
	for _, e := range found[:min(limit, len(found))] {
		page.Items = append(page.Items, *e)
	}
	if len(found) > limit {
		page.NextCursor = s.cursor(list, strconv.FormatInt(found[limit-1].Number, 10))
	}
	return page
}

// name tells lists with different filters apart.
func (f AuditFilter) name() string {
	var since, until Time
	set(&since, f.Since)
	set(&until, f.Until)
	return fmt.Sprintf("audit %s %s %s %q %d %d", f.User, f.Target, f.App, f.Action, since, until)
}

// narrow turns the filter into conditions of constant text.
func (f AuditFilter) narrow(before int64) (where string, arguments []any) {
	where, arguments = "number < ?", []any{before}
	add := func(wanted bool, condition string, argument any) {
		if wanted {
			where += " AND " + condition
			arguments = append(arguments, argument)
		}
	}
	add(f.User != uuid.Nil, "user_id = ?", f.User)
	add(f.Target != uuid.Nil, "target_id = ?", f.Target)
	add(f.App != uuid.Nil, "app_id = ?", f.App)
	add(f.Action != "", "action = ?", f.Action)
	add(f.Since != nil, "last_at >= ?", f.Since)
	add(f.Until != nil, "at <= ?", f.Until)
	return where, arguments
}

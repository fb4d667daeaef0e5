package scheduler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picloud/scheduler/crontime"
	"picloud/store"
)

// A backup is taken when a slot has passed since the newest one: at once in an
// empty folder, once for all that a machine that was off has missed, and not by
// a clock that nobody believes.
func TestScheduledBackups(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	h := newCronHouse(t, start)
	schedule, err := crontime.Parse("0 3 * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	folder := store.BackupFolder{Dir: t.TempDir(), Keep: 3}
	b := &backups{plan: BackupPlan{Schedule: schedule, Folder: folder}, store: h.store, clock: h.wall, logger: h.cron.logger, waits: h.cron.waits}
	for _, c := range []struct {
		name  string
		at    time.Time
		state ClockState
		takes bool
		next  time.Time
	}{
		{"a clock that nobody has set", start.AddDate(-1, 0, 0), ClockState{Uptime: time.Minute}, false, start.AddDate(-1, 0, 0)},
		{"an empty folder", start, ClockState{Synchronised: true}, true, start.Add(15 * time.Hour)},
		{"before the slot", start.Add(14 * time.Hour), ClockState{Synchronised: true}, false, start.Add(15 * time.Hour)},
		{"at the slot", start.Add(15 * time.Hour), ClockState{Synchronised: true}, true, start.Add(39 * time.Hour)},
		{"a week later", start.Add(7 * 24 * time.Hour), ClockState{Synchronised: true}, true, start.Add(7*24*time.Hour + 15*time.Hour)},
		{"right after that", start.Add(7*24*time.Hour + time.Minute), ClockState{Synchronised: true}, false, start.Add(7*24*time.Hour + 15*time.Hour)},
		{"a clock that was set back", start.Add(24 * time.Hour), ClockState{Synchronised: true}, false, start.Add(39 * time.Hour)},
	} {
		h.wall.at.Store(c.at.UnixNano())
		h.state, h.cron.trust.trusted = c.state, false
		before, _ := folder.List()
		if err := b.look(t.Context()); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		after, _ := folder.List()
		if taken := len(after) > len(before); taken != c.takes {
			t.Errorf("%s: took one: %v", c.name, taken)
		}
		if next, failure := b.state(); !next.Equal(c.next) || failure != "" {
			t.Errorf("%s: next at %s, want %s; failure %q", c.name, next, c.next, failure)
		}
	}
}

// A stick that is not there is said, and tried again after an hour.
func TestFailedScheduledBackup(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	h := newCronHouse(t, start)
	schedule, err := crontime.Parse("@daily", "")
	if err != nil {
		t.Fatal(err)
	}
	folder := store.BackupFolder{Dir: filepath.Join(t.TempDir(), "stick"), Keep: 3}
	b := &backups{plan: BackupPlan{Schedule: schedule, Folder: folder}, store: h.store, clock: h.wall, logger: h.cron.logger, waits: h.cron.waits}
	if err := b.look(t.Context()); err == nil || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("the error is %v", err)
	}
	if _, failure := b.state(); !strings.Contains(failure, "is not there") {
		t.Errorf("the state says %q", failure)
	}
	if err := os.Mkdir(folder.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for want, after := range []time.Duration{30 * time.Minute, time.Hour} {
		h.wall.at.Store(start.Add(after).UnixNano())
		if err := b.look(t.Context()); err != nil {
			t.Error(err)
		}
		if list, _ := folder.List(); len(list) != want {
			t.Errorf("after %s there are %d backups, want %d", after, len(list), want)
		}
	}
	if _, failure := b.state(); failure != "" {
		t.Errorf("after a good one the state says %q", failure)
	}
}

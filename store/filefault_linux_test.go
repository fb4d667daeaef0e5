package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	schema "picloud/sql"
)

var faultStride = flag.Int("stride", 150, "TestFileFaults fails every call of this distance; 1 is each")

const (
	faultSteps = 3 * stepKinds // of a life
	// retries is how often the process tries again what a full disk refused.
	retries = 3
)

// The marks between which a full disk must not end the process.
const (
	markOpened   = "opened\n"
	markStopping = "stopping\n"
)

// writeWithFaults is the process whose file calls fail: always the same, from a
// fresh start over an orderly stop to a second start and stop.
func writeWithFaults(folder string) error {
	migrations, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		return err
	}
	for life := range 2 {
		if err := liveWithFaults(folder, migrations, life); err != nil {
			return err
		}
	}
	return nil
}

func liveWithFaults(folder string, migrations fs.FS, life int) error {
	ctx := context.Background()
	var fatal error
	s, err := open(ctx, Config{Dir: folder, Logger: discard, Now: time.Now, OnFatal: func(err error) { fatal = err }}, migrations, false)
	if err != nil {
		return fmt.Errorf("not opened: %w", err)
	}
	fmt.Print(markOpened)
	worked := workWithFaults(ctx, s, life, &fatal)
	fmt.Print(markStopping)
	return errors.Join(worked, fatal, s.Close(ctx)) // as cli does
}

func workWithFaults(ctx context.Context, s *Store, life int, fatal *error) error {
	var l *crashLoad
	if err := s.insist(ctx, func() (err error) { l, err = openLoad(ctx, s); return err }); err != nil {
		return err
	}
	for number := 0; number < faultSteps && *fatal == nil; number++ {
		err := l.do(ctx, step{life, number})
		report("%s %d %d", outcome(err), life, number)
		if number%stepKinds == 2 {
			_ = s.housekeeper.tick(ctx) // its failures are only logged
		}
		if number%(2*stepKinds) == 9 {
			l.checkpoint()
		}
	}
	if *fatal != nil {
		return nil
	}
	return s.insist(ctx, func() error { return l.do(ctx, step{life + 2, 0}) })
}

// insist repeats what a full disk refuses, with the housekeeping between.
func (s *Store) insist(ctx context.Context, fn func() error) (err error) {
	for range retries {
		var e *Error
		if err = fn(); !errors.As(err, &e) || e.Code != "storage_full" {
			return err
		}
		_ = s.housekeeper.tick(ctx)
	}
	return err
}

func outcome(err error) string {
	var e *Error
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &e) && e.Code == "storage_full":
		return "refused"
	default:
		return "failed"
	}
}

// TestFileFaults fails one file call of a store's life, each in turn, as a
// worn-out card and as a full one. Nothing that was acknowledged may be lost,
// nothing may panic; a failed sync ends the process, a full disk does not, and
// the next start serves.
func TestFileFaults(t *testing.T) {
	t.Parallel()
	sound := runWithFault(t, fault{})
	if sound.ended != nil {
		t.Fatalf("without a fault: %v\n%s", sound.ended, &sound.errors)
	}
	offset := int(seeded(t).Uint32()) % *faultStride
	runs := 0
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.ENOSPC} {
		for n := 1 + offset; n <= sound.seen; n += *faultStride {
			r := runWithFault(t, fault{at: n, errno: errno})
			if err := r.check(t); err != nil {
				t.Errorf("call %d of %d (%s %s) fails with %s: %v\n%s", n, sound.seen, r.failed.kind, r.failed.path, errno, err, &r.errors)
			}
			runs++
		}
	}
	t.Logf("%d calls, %d runs with a fault", sound.seen, runs)
}

// fault fails one call, counted from 1; 0 fails none.
type fault struct {
	at    int
	errno syscall.Errno
}

// faultRun is a life of the process with a fault.
type faultRun struct {
	*watched
	fault
	failed fileCall // the call that failed
	phase  string   // the last mark before it
	seen   int
	ended  error
}

func runWithFault(t *testing.T, f fault) *faultRun {
	t.Helper()
	r := &faultRun{watched: &watched{folder: must[string](t)(os.MkdirTemp(t.TempDir(), "data"))}, fault: f}
	r.watched.fault = func(call fileCall) syscall.Errno {
		if r.seen++; r.seen != f.at {
			return 0
		}
		r.failed, r.phase = call, r.lastMark()
		return f.errno
	}
	r.ended = watch(t, r.watched, "fault", watchReads+"=1")
	return r
}

func (r *faultRun) lastMark() string {
	for _, call := range slices.Backward(r.calls) {
		if line := string(call.data); call.kind == callReport && (line == markOpened || line == markStopping) {
			return line
		}
	}
	return ""
}

// check returns everything that is wrong with how the process ended and with
// what it has left, which is opened as the next start would.
func (r *faultRun) check(t *testing.T) error {
	t.Helper()
	said := promises{kept: map[step]bool{}, refused: map[step]bool{}}
	for _, call := range r.calls {
		said.hearFault(call)
	}
	var exit *exec.ExitError
	if r.ended != nil && (!errors.As(r.ended, &exit) || exit.ExitCode() != 1 || strings.Contains(r.errors.String(), "panic")) {
		return fmt.Errorf("it ended with %w", r.ended)
	}
	database := strings.HasPrefix(r.failed.path, databaseName) && !strings.HasSuffix(r.failed.path, "-shm")
	// Before the first mark there is nothing to lose, and goose tries again.
	if database && r.failed.kind == callSync && r.phase != "" && r.ended == nil {
		return errors.New("it went on after a failed sync")
	}
	if r.errno == syscall.ENOSPC && r.phase == markOpened && r.failed.kind == callWrite && r.ended != nil {
		return fmt.Errorf("a full disk ended it: %w", r.ended)
	}
	return checkCrashed(t, r.folder, said)
}

func (p *promises) hearFault(call fileCall) {
	var s step
	var what string
	if call.kind != callReport {
		return
	}
	if n, _ := fmt.Sscanf(string(call.data), "%s %d %d", &what, &s.worker, &s.number); n != 3 {
		return
	}
	switch what {
	case "done":
		// Deleting what was refused leaves no trace.
		p.kept[s] = s.kind() != stepDelete || p.kept[step{s.worker, s.number - stepDelete + stepInsert}]
	case "refused":
		p.refused[s] = true
	}
}

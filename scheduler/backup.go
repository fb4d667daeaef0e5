package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"picloud/scheduler/crontime"
	"picloud/store"
)

const (
	// backupLook is how often the plan looks at the clock.
	backupLook = time.Minute
	// backupAgain is after how long a backup that failed is tried again.
	backupAgain = time.Hour
)

// BackupPlan says when scheduled backups are taken, and where they go.
type BackupPlan struct {
	Schedule *crontime.Schedule // nil: never
	Folder   store.BackupFolder
}

// backups takes the scheduled backups. Whether one is due is read off the
// newest one in the folder: a machine that was off at the time takes it when it
// is on again, once.
type backups struct {
	plan   BackupPlan
	store  *store.Store
	clock  clockwork.Clock
	logger *slog.Logger
	waits  func() string // why the clock is not believed, or ""

	mutex  sync.Mutex
	failed string
	again  time.Time // not before this, after a failure
}

func (b *backups) job() job {
	return job{"backup", janitorFirst, backupLook, b.look}
}

// look takes a backup if one is due.
func (b *backups) look(ctx context.Context) error {
	now := b.clock.Now()
	if b.pausing(now) || b.waits() != "" {
		return nil
	}
	next, err := b.next()
	if err == nil && (next.IsZero() || next.After(now)) {
		return nil
	}
	var taken store.Backup
	if err == nil {
		taken, err = b.store.BackUp(ctx, b.plan.Folder)
	}
	b.note(err, now)
	if err != nil {
		return fmt.Errorf("take the scheduled backup: %w", err)
	}
	b.logger.Info("took the scheduled backup", slog.String("name", taken.Name), slog.Int64("bytes", taken.Bytes))
	return nil
}

// pausing: a clock that was set back must not make the pause longer.
func (b *backups) pausing(now time.Time) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	left := b.again.Sub(now)
	return left > 0 && left <= backupAgain
}

func (b *backups) note(err error, now time.Time) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.failed, b.again = "", time.Time{}
	if err != nil {
		b.failed, b.again = err.Error(), now.Add(backupAgain)
	}
}

// next is when the next backup is due: the first slot after the newest one that
// there is. A backup from the future was taken by a wrong clock and does not count.
func (b *backups) next() (time.Time, error) {
	taken, err := b.plan.Folder.List()
	if err != nil {
		return time.Time{}, err
	}
	now := b.clock.Now()
	for _, backup := range taken {
		if at := backup.TakenAt.Time(); !at.After(now) {
			return b.plan.Schedule.Next(at), nil
		}
	}
	return now, nil
}

// state is what Scheduler.Backups returns.
func (b *backups) state() (next time.Time, failure string) {
	next, err := b.next()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err != nil {
		return time.Time{}, err.Error()
	}
	return next, b.failed
}

package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"

	"picloud/runtime"
	"picloud/store"
)

// stopTimeout bounds how long Stop waits for a job that is running; its
// context is cancelled by then.
const stopTimeout = 10 * time.Second

// Config is what New needs. Store and Logger are never nil.
type Config struct {
	Store  *store.Store
	Logger *slog.Logger
	// Clock drives the jobs; nil is the real one. Intervals are measured on its
	// monotonic reading, so a stepped system clock neither storms nor stalls.
	Clock clockwork.Clock
	// Run runs a script: the engine's method of that name.
	Run func(context.Context, *runtime.Invocation) *runtime.Result
	// Workers is how many deliveries run at once; 0 runs none.
	Workers int
	// ClockState asks the system about its clock; nil is the real system.
	ClockState func() ClockState
	// Built is when the program was built: no clock before it is right.
	Built time.Time
	// SafeMode runs neither deliveries nor cron triggers; they wait.
	SafeMode bool
	// EveryMinute is called once a minute; nil calls nothing.
	EveryMinute func(context.Context) error
	// Backups says when backups are taken; the zero value takes none.
	Backups BackupPlan
}

// job is one thing done again and again.
type job struct {
	name  string
	first time.Duration // after Start
	every time.Duration
	run   func(ctx context.Context) error
}

// Scheduler runs the jobs. It is started once.
type Scheduler struct {
	config Config
	jobs   []job
	cron   gocron.Scheduler
	cancel context.CancelFunc

	dispatcher *dispatcher
	crons      *cronService
	backups    *backups // nil when none are taken
}

// New returns a scheduler that has not started.
func New(config Config) *Scheduler {
	if config.Clock == nil {
		config.Clock = clockwork.NewRealClock()
	}
	if config.ClockState == nil {
		config.ClockState = SystemClock
	}
	s := &Scheduler{config: config, jobs: janitorJobs(config.Store), dispatcher: newDispatcher(config), crons: newCronService(config)}
	if config.EveryMinute != nil {
		s.jobs = append(s.jobs, job{"figures of the minute", time.Minute, time.Minute, config.EveryMinute})
	}
	if config.Backups.Schedule != nil {
		s.backups = &backups{plan: config.Backups, store: config.Store, clock: config.Clock, logger: config.Logger, waits: s.crons.waits}
		s.jobs = append(s.jobs, s.backups.job())
	}
	return s
}

// Start begins to run the jobs and returns at once. The end of ctx ends the
// jobs that run, as Stop does.
func (s *Scheduler) Start(ctx context.Context) error {
	cron, err := gocron.NewScheduler(
		gocron.WithClock(s.config.Clock),
		gocron.WithStopTimeout(stopTimeout),
	)
	if err != nil {
		return fmt.Errorf("make scheduler: %w", err)
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.cron = cron
	for _, j := range s.jobs {
		if err := s.add(ctx, j); err != nil {
			s.cancel()
			return fmt.Errorf("schedule %s: %w", j.name, err)
		}
	}
	if s.config.Workers > 0 && !s.config.SafeMode {
		s.dispatcher.start(ctx)
		if err := s.crons.start(ctx, cron); err != nil {
			return err
		}
	}
	cron.Start()
	return nil
}

// add registers one job. A run that outlasts its interval makes the next one
// wait instead of meeting it.
func (s *Scheduler) add(ctx context.Context, j job) error {
	_, err := s.cron.NewJob(
		gocron.DurationJob(j.every),
		gocron.NewTask(func() { s.runJob(ctx, j) }),
		gocron.WithName(j.name),
		gocron.WithSingletonMode(gocron.LimitModeReschedule),
		gocron.WithStartAt(gocron.WithStartDateTime(s.config.Clock.Now().Add(j.first))),
	)
	return err
}

// runJob runs a job once and logs what went wrong, unless it was stopped.
func (s *Scheduler) runJob(ctx context.Context, j job) {
	err := guarded(ctx, j.run)
	if err != nil && ctx.Err() == nil {
		s.config.Logger.Error("job failed", slog.String("job", j.name), slog.String("error", err.Error()))
	}
}

// guarded turns a panic of run into an error.
func guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return run(ctx)
}

// What /readyz shows.
var (
	errNotDispatching = errors.New("the dispatcher does not run")
	errSafeMode       = errors.New("safe mode: triggers are off, because the last starts have crashed; switch off what crashes and restart")
)

// Ready returns why deliveries do not run, or nil (spec 2, "/readyz").
func (s *Scheduler) Ready(ctx context.Context) error {
	if s.config.SafeMode {
		return errSafeMode
	}
	if !s.dispatcher.serves() {
		return errNotDispatching
	}
	return s.Alive(ctx)
}

// Alive returns nil when the dispatcher's loop answers before ctx ends, or does
// not run on purpose: stopping, or in safe mode. It is for a watchdog.
func (s *Scheduler) Alive(ctx context.Context) error {
	if !s.dispatcher.serves() {
		return nil
	}
	return s.dispatcher.probe(ctx)
}

// Clock reports whether the system's clock follows a time server, and why cron
// triggers wait for it; "" when they do not.
func (s *Scheduler) Clock() (synchronised bool, waits string) {
	return s.config.ClockState().Synchronised, s.crons.waits()
}

// Backups says when the next scheduled backup is due (the zero time when none
// are taken) and why the last one failed ("" when it did not).
func (s *Scheduler) Backups() (next time.Time, failure string) {
	if s.backups == nil {
		return time.Time{}, ""
	}
	return s.backups.state()
}

// Quiesce makes the dispatcher claim nothing more; runs in progress go on. It
// comes before Stop when there is something to do between the two.
func (s *Scheduler) Quiesce() {
	if s.cron != nil {
		s.dispatcher.quiesce()
	}
}

// Stop waits until ctx ends for the deliveries that run, and gives back what is
// left of them; it cancels the jobs that run and waits for them, at most ten
// seconds. Stopping what was never started does nothing.
func (s *Scheduler) Stop(ctx context.Context) error {
	if s.cron == nil {
		return nil
	}
	settled := s.dispatcher.stop(ctx)
	s.cancel()
	stopped := s.cron.Shutdown()
	s.crons.wait()
	if err := errors.Join(settled, stopped); err != nil {
		return fmt.Errorf("stop scheduler: %w", err)
	}
	return nil
}

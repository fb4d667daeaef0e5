package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	goruntime "runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"picloud/http"
	"picloud/runtime"
	"picloud/runtime/egress"
	"picloud/runtime/sdk"
	"picloud/scheduler"
	"picloud/store"
)

// stopTimeout is how long running executions may take to end after SIGTERM
// (spec 4, "Shutdown").
const stopTimeout = 20 * time.Second

func serveCommand(process Process) *cobra.Command {
	var settings Settings
	table := settingsTable(&settings)
	command := &cobra.Command{
		Use:     "serve",
		GroupID: groupServer,
		Short:   "Run the server",
		Long:    "Run the server. Every flag can also be set by its variable in the environment; a flag wins." + withoutFlags(table),
		Example: "  picloud serve --addr :8080 --data ./data",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := load(table, command.Flags(), process.Getenv); err != nil {
				return usageError{err}
			}
			if err := settings.check(); err != nil {
				return usageError{err}
			}
			settings.inForce = settings.shown(table, command.Flags(), process.Getenv)
			return serve(settings, process)
		},
	}
	command.Flags().SortFlags = false
	addFlags(command, table)
	return command
}

// withoutFlags lists the settings that only the environment can give.
func withoutFlags(table []setting) string {
	text := "\n\nA process list shows flags, so what is secret comes from the environment alone:"
	for _, line := range table {
		if line.flag == "" {
			text += fmt.Sprintf("\n  %-24s %s", line.variable, line.usage)
		}
	}
	return text
}

// addFlags gives a command the flags of its settings.
func addFlags(command *cobra.Command, table []setting) {
	for _, line := range table {
		if line.flag != "" {
			command.Flags().String(line.flag, line.fallback, line.usage+" ("+line.variable+")")
		}
	}
}

// instance is the server put together: what serve starts and stops.
type instance struct {
	settings  Settings
	process   Process
	logger    *slog.Logger
	failed    chan error // a failure that only a restart can mend
	store     *store.Store
	client    *egress.Client
	engine    *runtime.Engine
	server    *http.Server
	scheduler *scheduler.Scheduler
	history   *http.History
	watchdog  *watchdog

	encryption *encryption // nil without a certificate
	encrypted  net.Addr    // where TLS is spoken; nil where it is not
	setup      string      // the one-time setup token; "" once a user exists
}

func serve(settings Settings, process Process) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)

	limitMemory("/", process.Getenv)
	floor := raiseHeap()
	defer goruntime.KeepAlive(floor)
	i := &instance{
		settings: settings,
		process:  process,
		logger:   newLogger(settings.LogFormat, process.Stderr),
		failed:   make(chan error, 1),
	}
	// net/http tells the standard logger when a server that a script calls
	// misbehaves: no news of this process.
	log.SetOutput(slog.NewLogLogger(i.logger.Handler(), slog.LevelDebug).Writer())
	if err := i.start(); err != nil {
		return errors.Join(err, i.stop(context.Background()))
	}
	return i.wait(signals)
}

// start opens the rooms from the bottom up and begins to listen.
func (i *instance) start() (err error) {
	ctx := context.Background()
	if i.settings.DevMode {
		i.logger.Warn("DEV MODE: secrets are sealed with a key that everybody knows; never keep a real one here (PICLOUD_DEV_MODE)")
	}
	if i.store, err = store.Open(ctx, i.storeConfig()); err != nil {
		return err
	}
	if i.store.SafeMode() {
		i.logger.Warn("SAFE MODE: triggers are off, because the last starts have crashed; open the admin page, switch off the script or trigger that crashes PiCloud, and restart it")
	}
	if err := i.claim(ctx); err != nil {
		return err
	}
	i.client = egress.New(i.settings.Outside.client(i.process.Version))
	i.warnOfPrivate()
	i.engine = runtime.New(i.runtimeConfig())
	i.history = http.NewHistory(i.store, i.engine, time.Now)
	i.scheduler = scheduler.New(i.schedulerConfig())
	if err := i.scheduler.Start(ctx); err != nil {
		return err
	}
	return i.listen()
}

// listen begins to serve, with TLS too when there is a certificate.
func (i *instance) listen() (err error) {
	if i.settings.TLS.on() {
		if i.encryption, err = i.settings.TLS.encrypt(i.settings.Data, i.logger); err != nil {
			return err
		}
	}
	i.server = http.New(i.httpConfig())
	listener, err := net.Listen("tcp", i.settings.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", i.settings.Addr, err)
	}
	i.client.Protect(listener.Addr())
	if i.encryption != nil {
		encrypted, err := net.Listen("tcp", i.settings.TLS.Addr)
		if err != nil {
			return errors.Join(fmt.Errorf("cannot listen on %s (PICLOUD_TLS_ADDR): %w", i.settings.TLS.Addr, err), listener.Close())
		}
		i.client.Protect(encrypted.Addr())
		i.server.StartTLS(encrypted, i.encryption.config)
		i.encrypted = encrypted.Addr()
	}
	i.server.Start(listener)
	i.greet(listener.Addr())
	i.watchdog = startWatchdog(i.logger, i.store.Ping, i.scheduler.Alive)
	return nil
}

// claim makes the first owner from the environment, or else the token that
// lets one be made (spec 5, "First run").
func (i *instance) claim(ctx context.Context) error {
	claimed, err := i.store.HasUsers(ctx)
	if err != nil {
		return err
	}
	if claimed {
		return i.warnOfOwners(ctx)
	}
	if i.settings.AdminUsername == "" {
		i.setup = rand.Text() // at least 128 random bits
		return nil
	}
	hash, err := http.HashPassword(i.settings.AdminPassword)
	if err != nil {
		return fmt.Errorf("PICLOUD_ADMIN_PASSWORD: %w", err)
	}
	ctx = store.WithAudit(ctx, store.ActionFirstOwner, store.Actor{Username: "PICLOUD_ADMIN_USERNAME", Address: "this machine"})
	if _, err := i.store.CreateFirstOwner(ctx, i.settings.AdminUsername, hash); err != nil {
		return fmt.Errorf("PICLOUD_ADMIN_USERNAME: %w", err)
	}
	i.logger.Info("made the first owner from the environment", "username", i.settings.AdminUsername)
	return nil
}

// warnOfOwners says that more than one user may do everything (spec 5, "Access").
func (i *instance) warnOfOwners(ctx context.Context) error {
	owners, err := i.store.ActiveOwners(ctx)
	if err == nil && owners > 1 {
		i.logger.Warn("more than one user is an owner and may do everything; make those admins or members who need less", "owners", owners)
	}
	return err
}

// warnOfPrivate says that every script reaches everything at home (spec 5,
// "Outbound HTTP").
func (i *instance) warnOfPrivate() {
	if i.settings.Outside.AllowPrivate {
		i.logger.Warn("PICLOUD_HTTP_ALLOW_PRIVATE is on: every script can call this machine and every device of the home network; " +
			"PICLOUD_HTTP_ALLOW, or grants of single scripts, open just what is needed")
	}
}

// wait serves until a signal or a failure, then stops; a second signal ends at once.
func (i *instance) wait(signals <-chan os.Signal) error {
	var cause error
	select {
	case s := <-signals:
		i.logger.Info("stopping; a second signal stops at once", "signal", s.String())
	case cause = <-i.failed:
	case <-i.server.Done():
		cause = i.server.Err()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- i.stop(ctx) }()
	select {
	case err := <-stopped:
		return errors.Join(cause, err)
	case s := <-signals:
		return fmt.Errorf("stopped at once by a second signal (%s)", s)
	}
}

// stop closes the rooms from the top down: no new requests and deliveries,
// running scripts end, then the log is flushed and the database closed.
func (i *instance) stop(ctx context.Context) error {
	var failures []error
	if i.watchdog != nil {
		i.watchdog.close()
	}
	if i.scheduler != nil {
		i.scheduler.Quiesce()
	}
	if i.server != nil {
		failures = append(failures, i.server.Stop(ctx))
	}
	if i.scheduler != nil {
		failures = append(failures, i.scheduler.Stop(ctx))
	}
	if i.engine != nil {
		i.engine.Close()
	}
	if i.client != nil {
		i.client.Close()
	}
	if i.store != nil {
		failures = append(failures, i.store.Close(ctx))
	}
	return errors.Join(failures...)
}

func (i *instance) storeConfig() store.Config {
	return store.Config{
		Dir:                 i.settings.Data,
		Logger:              i.logger,
		Now:                 time.Now,
		LogRetentionDays:    int(i.settings.RetentionDays),
		LogRetentionRows:    int(i.settings.RetentionRows),
		ReservedModuleNames: sdk.ReservedNames(),
		SecretKey:           i.settings.keySource(),
		CountStarts:         true,
		OnFatal: func(err error) {
			select {
			case i.failed <- err:
			default: // the first failure already stops the process
			}
		},
	}
}

func (i *instance) runtimeConfig() runtime.Config {
	return runtime.Config{
		Store:           i.store,
		Logger:          i.logger,
		Modules:         sdk.ModulesWith(sdk.Outside{Client: i.client, Mailer: i.settings.Outside.mailer()}),
		Defaults:        i.settings.Default.meter(),
		Ceilings:        i.settings.Ceiling.meter(),
		MaxConcurrency:  int(i.settings.MaxConcurrency),
		ScriptCacheSize: int(i.settings.ScriptCacheSize),
		ModuleCacheSize: int(i.settings.ModuleCacheSize),

		ClockSynchronised: func() bool { return scheduler.SystemClock().Synchronised },
	}
}

func (i *instance) schedulerConfig() scheduler.Config {
	return scheduler.Config{
		Store:   i.store,
		Logger:  i.logger,
		Run:     i.engine.Run,
		Workers: i.engine.BackgroundSlots(),
		Built:   built(),
		Backups: i.backupPlan(),

		SafeMode:    i.store.SafeMode(),
		EveryMinute: i.history.Sample,
	}
}

// backupPlan is empty when there is no folder for backups.
func (i *instance) backupPlan() scheduler.BackupPlan {
	if i.settings.BackupDir == "" {
		return scheduler.BackupPlan{}
	}
	return scheduler.BackupPlan{Schedule: i.settings.BackupSchedule, Folder: store.BackupFolder{Dir: i.settings.BackupDir, Keep: int(i.settings.BackupKeep)}}
}

// built is when the sources of the binary were committed; the zero time for a
// build outside of version control.
func built() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.time" {
			at, err := time.Parse(time.RFC3339, setting.Value)
			if err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

func (i *instance) httpConfig() http.Config {
	config := http.Config{
		Store:         i.store,
		Engine:        i.engine,
		Logger:        i.logger,
		Now:           time.Now,
		Product:       i.process.Version,
		SDK:           runtime.SDKVersion,
		PublicBaseURL: i.settings.PublicBaseURL,
		AdminHost:     i.settings.AdminHost,
		SetupToken:    i.setup,
		SessionTTL:    time.Duration(i.settings.SessionTTLHours) * time.Hour,
		MaxBodyBytes:  i.settings.MaxBodyBytes,

		TrustedProxies: i.settings.TrustedProxies,
		Ready:          []func(context.Context) error{i.scheduler.Ready},
		Clock:          i.scheduler.Clock,
		BackupFolder:   i.backupPlan().Folder,
		Backups:        i.scheduler.Backups,
		MetricsOff:     i.settings.Metrics == "off",
		History:        i.history,
		Settings:       i.settings.inForce,
		DevMode:        i.settings.DevMode,
	}
	if i.encryption != nil {
		config.Challenge, config.Certificate = i.encryption.challenge, i.encryption.state
	}
	return config
}

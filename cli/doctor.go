package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"picloud/scheduler"
	"picloud/store"
)

const (
	// doctorTimeout bounds the whole examination but the check of the database.
	doctorTimeout = 30 * time.Second
	// Free space below which the doctor calls a disk full, or warns of it.
	fullBelow   = 64 << 20
	scarceBelow = 512 << 20
	// staleBackup is how old the newest scheduled backup may be.
	staleBackup = 8 * 24 * time.Hour
)

// examination is one line of the doctor's report.
type examination struct {
	what    string
	verdict verdict
	text    string
}

type verdict string

const (
	isWell   verdict = "ok"
	isDoubt  verdict = "warn" // works, but should be looked at
	isFailed verdict = "FAIL"
)

func well(text string) examination  { return examination{verdict: isWell, text: text} }
func doubt(text string) examination { return examination{verdict: isDoubt, text: text} }
func bad(err error) examination     { return examination{verdict: isFailed, text: err.Error()} }

func doctorCommand(process Process) *cobra.Command {
	var settings Settings
	table := doctorTable(&settings)
	command := &cobra.Command{
		Use:     "doctor",
		GroupID: groupServer,
		Short:   "Examine the database, the machine, the server, mail, the key and backups",
		Long: "Examine what PiCloud depends on and print a line for each; the exit code is 1 if anything fails. It changes nothing\n" +
			"and works while the server runs. On a machine with the service it takes the service's settings, so run it with sudo.",
		Example: "  sudo picloud doctor",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			process.Getenv = withService("/", process.Getenv)
			if err := loadWithKey(&settings, table, command, process); err != nil {
				return err
			}
			if err := settings.TLS.check(); err != nil {
				return usageError{err}
			}
			return interruptible(func(ctx context.Context) error { return examine(ctx, settings, process) })
		},
	}
	addFlags(command, table)
	return command
}

// doctorTable is the part of the settings that the doctor looks at.
func doctorTable(s *Settings) []setting {
	table := append([]setting{dataSetting(s), addressSetting(s), backupDirSetting(s)}, keySettings(s)...)
	return append(append(table, tlsTable(&s.TLS)...), outsideTable(&s.Outside)...)
}

func examine(ctx context.Context, settings Settings, process Process) error {
	config := commandConfig(settings, process)
	database, check := examineDatabase(ctx, settings.Data)
	examinations := []examination{
		named("database", database),
		named("disk space", examineSpace(settings.Data)),
		named("card", examineCard("/", settings.Data)),
		named("power", examinePower("/")),
		named("memory", examineMemory("/")),
		named("clock", examineClock(scheduler.SystemClock(), time.Now(), built())),
		named("permissions", examinePermissions(settings.Data)),
		named("server", examineServer(ctx, settings.Addr)),
		named("certificate", examineCertificate(&settings.TLS, time.Now())),
		named("mail", examineMail(ctx, settings)),
		named("master key", examineKey(check, config)),
		named("backups", examineBackups(settings.BackupDir, time.Now())),
		named("starts", examineStarts(settings.Data)),
	}
	failed := 0
	for _, f := range examinations {
		fmt.Fprintf(process.Stdout, "%-4s  %-11s  %s\n", f.verdict, f.what, f.text)
		if f.verdict == isFailed {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d examinations failed", failed, len(examinations))
	}
	return nil
}

func named(what string, f examination) examination {
	f.what = what
	return f
}

// examineDatabase returns what the other examinations need, nil without it.
func examineDatabase(ctx context.Context, dir string) (examination, *store.BackupCheck) {
	check, err := store.CheckDatabase(ctx, dir)
	if err != nil {
		return bad(err), nil
	}
	return well(fmt.Sprintf("sound: instance %s, schema %d, %d bytes, in %s", check.Instance, check.Schema, check.Bytes, dir)), &check
}

func examineSpace(dir string) examination {
	free, err := store.FreeBytes(dir)
	text := fmt.Sprintf("%d MB free in %s", free>>20, dir)
	switch {
	case err != nil:
		return bad(err)
	case free < fullBelow:
		return bad(errors.New(text + "; free some, or nothing more will be stored"))
	case free < scarceBelow:
		return doubt(text)
	default:
		return well(text)
	}
}

func examineClock(state scheduler.ClockState, now, built time.Time) examination {
	text := now.UTC().Format(time.RFC3339)
	switch {
	case now.Before(built):
		return bad(fmt.Errorf("%s is before this program was built; cron triggers wait until the clock is set", text))
	case !state.Synchronised:
		return doubt(text + ", not synchronised with a time server")
	default:
		return well(text + ", synchronised")
	}
}

func examinePermissions(dir string) examination {
	if err := store.CheckPermissions(dir); err != nil {
		return bad(err)
	}
	return well("only the owner of " + dir + " can read it")
}

func examineMail(ctx context.Context, settings Settings) examination {
	if err := settings.Outside.check(); err != nil {
		return bad(err)
	}
	mailer := settings.Outside.mailer()
	if mailer == nil {
		return well("not set up (PICLOUD_SMTP_HOST)")
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	if err := mailer.Check(ctx); err != nil {
		return bad(err)
	}
	return well(settings.Outside.SMTPHost + " takes mail of this instance")
}

func examineKey(check *store.BackupCheck, config store.Config) examination {
	switch {
	case check == nil:
		return doubt("not examined: the database could not be read")
	case config.SecretKey.Name == devKeyName:
		return doubt("dev mode: secrets are sealed with a key that everybody knows")
	}
	if err := check.CheckStart(config); err != nil {
		return bad(err)
	}
	if check.Secrets == 0 {
		return well("there are no secrets yet")
	}
	return well(fmt.Sprintf("opens %d secrets (id %s)", check.Secrets, check.KeyID))
}

func examineBackups(dir string, now time.Time) examination {
	if dir == "" {
		return doubt("none are scheduled (PICLOUD_BACKUP_DIR)")
	}
	if _, err := os.Stat(dir); err != nil {
		return bad(fmt.Errorf("the folder for backups is not there: %w", err))
	}
	list, err := store.BackupFolder{Dir: dir}.List()
	switch {
	case err != nil:
		return bad(err)
	case len(list) == 0:
		return doubt("there is none yet in " + dir)
	}
	newest := list[0]
	text := fmt.Sprintf("%d in %s, the newest %s", len(list), dir, newest.TakenAt)
	if now.Sub(newest.TakenAt.Time()) > staleBackup {
		return doubt(text + ", which is long ago")
	}
	return well(text + "; 'picloud backup drill' tries to restore it")
}

func examineStarts(dir string) examination {
	crashes, err := store.StartCrashes(dir)
	switch {
	case err != nil:
		return bad(err)
	case crashes >= store.SafeAfter:
		return bad(fmt.Errorf("safe mode: %d starts have crashed, so triggers are off; switch off what crashes, then restart", crashes))
	case crashes > 1: // the one that runs is counted for its first minute
		return doubt(fmt.Sprintf("%d starts have crashed, or the last is not a minute old", crashes))
	default:
		return well("none has crashed")
	}
}

// withService adds the settings of the service of a machine, where there is one,
// to those of the environment, which win.
func withService(root string, getenv func(string) string) func(string) string {
	if _, err := os.Stat(filepath.Join(root, installedUnit)); err != nil {
		return getenv
	}
	known := serviceEnvironment(root)
	return func(name string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return known[name]
	}
}

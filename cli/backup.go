package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"picloud/store"
)

func backupCommand(process Process) *cobra.Command {
	var settings Settings
	table := []setting{dataSetting(&settings)}
	command := &cobra.Command{
		Use:     "backup FILE",
		GroupID: groupServer,
		Short:   "Copy the database, also while the server runs",
		Long: "Copy the database to a new file, whether the server runs or not, and check the copy. The key that seals\n" +
			"secrets is not in it: keep a copy of that apart. Scheduled backups are a setting of serve (PICLOUD_BACKUP_DIR).",
		Example: "  sudo picloud backup /mnt/stick/picloud.db --data /var/lib/picloud",
		Args:    oneFile,
		RunE: func(command *cobra.Command, args []string) error {
			process.Getenv = withService("/", process.Getenv)
			if err := load(table, command.Flags(), process.Getenv); err != nil {
				return usageError{err}
			}
			return interruptible(func(ctx context.Context) error {
				if err := store.CopyDatabase(ctx, settings.Data, args[0]); err != nil {
					return fmt.Errorf("no backup was made: %w", err)
				}
				return describeBackup(ctx, process, "Copied and checked", args[0])
			})
		},
	}
	addFlags(command, table)
	command.AddCommand(verifyCommand(process), drillCommand(process))
	return command
}

func oneFile(command *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return usageError{fmt.Errorf("%s takes the name of one file", command.CommandPath())}
	}
	return nil
}

func atMostOneFile(command *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Errorf("%s takes one file at most", command.CommandPath())}
	}
	return nil
}

// interruptible runs work until it ends or the terminal says stop; what it has
// begun it takes back itself. A second Ctrl-C ends the process at once.
func interruptible(work func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return work(ctx)
}

func describeBackup(ctx context.Context, process Process, what, path string) error {
	check, err := store.CheckBackup(ctx, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(process.Stdout, "%s %s: instance %s, schema %d, %d bytes.\n", what, path, check.Instance, check.Schema, check.Bytes)
	if check.Secrets > 0 {
		fmt.Fprintf(process.Stdout, "It has %d secrets, which open only with the key of the id %s.\n", check.Secrets, check.KeyID)
	}
	return nil
}

func verifyCommand(process Process) *cobra.Command {
	var settings Settings
	table := append([]setting{dataSetting(&settings)}, keySettings(&settings)...)
	command := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a backup, and that the key here opens its secrets",
		Args:  oneFile,
		RunE: func(command *cobra.Command, args []string) error {
			process.Getenv = withService("/", process.Getenv)
			if err := loadWithKey(&settings, table, command, process); err != nil {
				return err
			}
			return interruptible(func(ctx context.Context) error {
				if err := describeBackup(ctx, process, "Checked", args[0]); err != nil {
					return err
				}
				check, err := store.CheckBackup(ctx, args[0])
				if err != nil {
					return err
				}
				return check.CheckKey(commandConfig(settings, process))
			})
		},
	}
	addFlags(command, table)
	return command
}

func loadWithKey(settings *Settings, table []setting, command *cobra.Command, process Process) error {
	if err := load(table, command.Flags(), process.Getenv); err != nil {
		return usageError{err}
	}
	if err := settings.checkKey(); err != nil {
		return usageError{err}
	}
	return nil
}

// commandConfig is what a command on the box opens the data folder with.
func commandConfig(settings Settings, process Process) store.Config {
	return store.Config{Dir: settings.Data, Logger: newLogger("text", process.Stderr), Now: time.Now, SecretKey: settings.keySource(),
		OnFatal: func(error) {}} // the write that fails says so too
}

func drillCommand(process Process) *cobra.Command {
	var settings Settings
	table := append([]setting{dataSetting(&settings), backupDirSetting(&settings)}, keySettings(&settings)...)
	command := &cobra.Command{
		Use:   "drill [FILE]",
		Short: "Try a restore: everything but replacing the database",
		Long: "Restore a backup, the newest of PICLOUD_BACKUP_DIR unless FILE names one, into a temporary folder, open it as the\n" +
			"server would, with the key that is here, read all scripts, and remove it again. The database in use is not touched.",
		Args: atMostOneFile,
		RunE: func(command *cobra.Command, args []string) error {
			process.Getenv = withService("/", process.Getenv)
			if err := loadWithKey(&settings, table, command, process); err != nil {
				return err
			}
			path, err := drilled(settings, args)
			if err != nil {
				return err
			}
			return interruptible(func(ctx context.Context) error { return drill(ctx, settings, process, path) })
		},
	}
	addFlags(command, table)
	return command
}

// drilled is the backup that a drill is about.
func drilled(settings Settings, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	if settings.BackupDir == "" {
		return "", usageError{errors.New("name a backup, or say with PICLOUD_BACKUP_DIR where they are")}
	}
	list, err := store.BackupFolder{Dir: settings.BackupDir}.List()
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("there is no backup in %s", settings.BackupDir)
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(settings.BackupDir, list[0].Name), nil
}

func drill(ctx context.Context, settings Settings, process Process, path string) (err error) {
	dir, err := os.MkdirTemp("", "picloud-drill-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := time.Now()
	config := commandConfig(settings, process)
	if key := filepath.Join(settings.Data, store.KeyName); config.SecretKey.Name == "" {
		if _, missing := os.Stat(key); !errors.Is(missing, fs.ErrNotExist) {
			config.SecretKey = store.KeySource{Name: key, File: key}
		}
	}
	config.Dir = dir
	if _, err := store.Restore(ctx, config, path, false); err != nil {
		return err
	}
	restored, err := store.Open(ctx, config)
	if err != nil {
		return fmt.Errorf("the restored database does not open: %w", err)
	}
	defer func() { err = errors.Join(err, restored.Close(ctx)) }()
	catalog := restored.Catalog()
	for _, script := range catalog.Scripts {
		if _, err := restored.ScriptSource(ctx, script.ID, script.Version); err != nil {
			return fmt.Errorf("reading the script %s: %w", script.Name, err)
		}
	}
	fmt.Fprintf(process.Stdout, "%s restores: %d apps, %d scripts, %d routes and %d triggers in %s.\n", path,
		len(catalog.Apps), len(catalog.Scripts), len(catalog.Routes), len(catalog.Triggers), time.Since(began).Round(time.Millisecond))
	return nil
}

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"picloud/store"
)

func restoreCommand(process Process) *cobra.Command {
	var settings Settings
	var otherInstance bool
	table := append([]setting{dataSetting(&settings)}, keySettings(&settings)...)
	command := &cobra.Command{
		Use:     "restore FILE",
		GroupID: groupServer,
		Short:   "Put a backup in place of the database",
		Long: "Put a backup in place of the database. Stop the server first. All of the backup is checked before anything is\n" +
			"replaced, also that the key here opens its secrets; on a new machine put your copy of picloud.key into the data\n" +
			"folder first. The database that was there is kept beside the new one.",
		Example: "  sudo picloud restore /mnt/stick/picloud.db --data /var/lib/picloud",
		Args:    oneFile,
		RunE: func(command *cobra.Command, args []string) error {
			process.Getenv = withService("/", process.Getenv)
			if err := loadWithKey(&settings, table, command, process); err != nil {
				return err
			}
			return interruptible(func(ctx context.Context) error {
				return restore(ctx, commandConfig(settings, process), process, args[0], otherInstance)
			})
		},
	}
	addFlags(command, table)
	command.Flags().BoolVar(&otherInstance, "other-instance", false, "take over a data folder that belongs to another instance than the backup")
	return command
}

func restore(ctx context.Context, config store.Config, process Process, path string, otherInstance bool) error {
	done, err := store.Restore(ctx, config, path, otherInstance)
	if err != nil {
		return fmt.Errorf("not restored: %w", err)
	}
	fmt.Fprintf(process.Stdout, "Restored instance %s with schema %d from %s.\n", done.Instance, done.Schema, path)
	if done.Aside != "" {
		fmt.Fprintf(process.Stdout, "The database that was there is now %s; delete it when you need it no more.\n", done.Aside)
	}
	return nil
}

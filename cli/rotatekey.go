package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"picloud/store"
)

func rotateKeyCommand(process Process) *cobra.Command {
	var settings Settings
	var newFile string
	table := append([]setting{dataSetting(&settings)}, keySettings(&settings)...)
	command := &cobra.Command{
		Use:   "rotate-key",
		Short: "Seal all secrets with a new key",
		Long: "Seal all secrets with a new key, in one step. Stop the server first.\n\n" +
			"A key in the data folder is replaced. If the key comes from PICLOUD_SECRET_KEY or PICLOUD_SECRET_KEY_FILE, the new one is\n" +
			"written to --new-key-file (or read from it, if it is there); set the variable to it before you start the server again.",
		Example: "  sudo picloud admin rotate-key --data /var/lib/picloud",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := load(table, command.Flags(), process.Getenv); err != nil {
				return usageError{err}
			}
			if err := settings.checkKey(); err != nil {
				return usageError{err}
			}
			return rotateKey(settings, process, newFile)
		},
	}
	addFlags(command, table)
	command.Flags().StringVar(&newFile, "new-key-file", "", "file of the new key, for a key that is not the data folder's own")
	return command
}

func rotateKey(settings Settings, process Process, newFile string) error {
	given := settings.keySource()
	if own := given.Name == ""; own != (newFile == "") {
		if own {
			return usageError{fmt.Errorf("the key is the data folder's own and is replaced there; leave --new-key-file out")}
		}
		return usageError{fmt.Errorf("the key comes from %s; say with --new-key-file where the new one goes", given.Name)}
	}
	resealed, err := store.RotateKey(context.Background(), store.Config{
		Dir: settings.Data, Logger: newLogger("text", process.Stderr), Now: time.Now, SecretKey: given,
		OnFatal: func(error) {}, // the write that fails says so too
	}, newFile)
	if err != nil {
		return fmt.Errorf("the key is as before: %w", err)
	}
	fmt.Fprintf(process.Stdout, "Sealed %d secrets with a new key. Keep a copy of it, apart from the backups of the database.\n", resealed)
	if newFile != "" {
		fmt.Fprintf(process.Stdout, "It is in %s: give it to the server in place of the old one before you start it.\n", newFile)
	}
	return nil
}

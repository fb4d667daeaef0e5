package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"picloud/http"
	"picloud/store"
)

// resetTimeout is how long a running server may take to set a password; its
// housekeeping looks each second.
const resetTimeout = 30 * time.Second

func adminCommand(process Process) *cobra.Command {
	command := &cobra.Command{
		Use:     "admin",
		GroupID: groupServer,
		Short:   "Recover access and change the key on the box",
		Args:    unknownCommand,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(resetPasswordCommand(process), rotateKeyCommand(process))
	return command
}

func resetPasswordCommand(process Process) *cobra.Command {
	var settings Settings
	table := []setting{dataSetting(&settings)}
	command := &cobra.Command{
		Use:   "reset-password USER",
		Short: "Give a user a new password",
		Long: "Give a user a new random password, print it, and end the user's sessions. It works on the data folder,\n" +
			"with or without a running server, so run it as root or as the user that runs PiCloud.",
		Example: "  sudo picloud admin reset-password ada --data /var/lib/picloud",
		Args:    oneUser,
		RunE: func(command *cobra.Command, args []string) error {
			if err := load(table, command.Flags(), process.Getenv); err != nil {
				return usageError{err}
			}
			return resetPassword(settings, process, args[0])
		},
	}
	addFlags(command, table)
	return command
}

func oneUser(command *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return usageError{fmt.Errorf("%s takes the name of one user", command.CommandPath())}
	}
	return nil
}

func resetPassword(settings Settings, process Process, username string) error {
	password := strings.ToLower(rand.Text()) // at least 128 random bits
	hash, err := http.HashPassword(password)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), resetTimeout)
	defer cancel()
	active, err := store.RecoverPassword(ctx, store.Config{
		Dir: settings.Data, Logger: newLogger("text", process.Stderr), Now: time.Now,
		OnFatal: func(error) {}, // the write that fails says so too
	}, username, hash)
	if errors.Is(err, store.ErrUnanswered) {
		return fmt.Errorf("the password of %s may have changed, to one that nobody knows: %w", username, err)
	}
	if err != nil {
		return fmt.Errorf("the password of %s is as before: %w", username, err)
	}
	fmt.Fprintf(process.Stdout, "The new password of %s is\n\n  %s\n\nAll sessions of %s have ended. Sign in with it and choose another.\n", username, password, username)
	if !active {
		fmt.Fprintf(process.Stdout, "%s is deactivated: an owner or admin must activate the user before it can sign in.\n", username)
	}
	return nil
}

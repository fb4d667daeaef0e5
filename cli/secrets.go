package cli

import (
	"bufio"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) secretsCommand() *cobra.Command {
	return verbs("secrets", groupWork, "Secrets: values that scripts and guards use and nobody sees",
		r.secretsListCommand(), r.secretsSetCommand(), r.secretsDeleteCommand())
}

var secretColumns = []column[store.AppSecret]{
	{"name", func(s *store.AppSecret) string { return s.Name }},
	{"updated", func(s *store.AppSecret) string { return s.UpdatedAt.String() }},
}

func (r *remote) secretsListCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "ls", Short: "List the names of an app's secrets", Args: noArguments,
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			secrets, err := c.Secrets(ctx, r.app(app))
			if err != nil {
				return err
			}
			return printList(r, secrets, secretColumns...)
		}),
	}
	r.appFlag(command, &app)
	return command
}

func (r *remote) secretsSetCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "set NAME", Short: "Save a secret; its value is asked for or read from standard input", Args: takes(1, 1),
		Long: "Save a secret. At a terminal its value is asked for; otherwise it is all of standard input, without the line break at\n" +
			"its end. It is no argument, because those are seen in the list of processes and kept in the shell's history.",
		Example: "  {{name}} secrets set HOOK < hook-secret.txt",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			value, err := r.secretValue(args[0])
			if err != nil {
				return err
			}
			secret, err := c.SetSecret(ctx, r.app(app), args[0], client.SecretValue{Value: value})
			if err != nil {
				return err
			}
			return printOne(r, secret, secretColumns...)
		}),
	}
	r.appFlag(command, &app)
	return r.named(command)
}

func (r *remote) secretValue(name string) (string, error) {
	if _, interactive := r.asker(); interactive {
		return r.ask(bufio.NewReader(r.process.Stdin), "Value of "+name+": ", true)
	}
	text, err := r.readInput()
	value := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if err == nil && value == "" {
		return "", usageError{errors.New("standard input has no value for the secret")}
	}
	return value, err
}

func (r *remote) secretsDeleteCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Delete a secret", Args: takes(1, 1),
		Example: "  {{name}} secrets delete HOOK",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.DeleteSecret(ctx, r.app(app), args[0]); err != nil {
				return err
			}
			r.said("Deleted the secret %s.", args[0])
			return nil
		}),
	}
	r.appFlag(command, &app)
	return r.named(command)
}

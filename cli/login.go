package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) loginCommand() *cobra.Command {
	var username string
	command := &cobra.Command{
		Use:     "login",
		GroupID: groupAccess,
		Short:   "Sign in, and keep the session for the next commands",
		Long: "Sign in with a user name and a password, or with --token, and keep the session or API key for the next commands\n" +
			"in the folder of your settings, readable by you alone. Without a terminal the name and the password are read from\n" +
			"standard input, a line each; with --user only the password.",
		Example: "  {{name}} login --url http://raspberrypi.local:8080\n  {{name}} login --token pic_…\n  {{name}} login --user ada < password-file",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return r.logIn(command.Context(), username)
		},
	}
	command.Flags().StringVarP(&username, "user", "u", "", "the user's name; asked for when it is left out")
	return r.named(command)
}

// named puts the program's name into a command's examples.
func (r *remote) named(command *cobra.Command) *cobra.Command {
	command.Example = strings.ReplaceAll(command.Example, "{{name}}", r.process.Name)
	return command
}

func (r *remote) logIn(ctx context.Context, username string) error {
	stored, err := readCredentials(r.process)
	if err != nil {
		return err
	}
	location, err := r.location(stored)
	if err != nil {
		return err
	}
	kept := credentials{URL: location, Token: r.token}
	if r.token != "" {
		var me store.User
		if me, err = client.New(location, r.token).Me(ctx); err != nil {
			return err
		}
		kept.Username = me.Username
	} else if kept, err = r.askAndLogIn(ctx, location, username); err != nil {
		return err
	}
	if err := writeCredentials(r.process, kept); err != nil {
		if r.token == "" {
			err = errors.Join(err, client.New(location, kept.Token).LogOut(ctx)) // nobody could use the session
		}
		return err
	}
	r.said("Signed in at %s as %s.", kept.URL, kept.Username)
	return nil
}

func (r *remote) askAndLogIn(ctx context.Context, location, username string) (credentials, error) {
	input := bufio.NewReader(r.process.Stdin)
	var err error
	if username == "" {
		if username, err = r.ask(input, "User at "+location+": ", false); err != nil {
			return credentials{}, err
		}
	}
	password, err := r.ask(input, "Password: ", true)
	if err != nil {
		return credentials{}, err
	}
	session, err := client.New(location, "").LogIn(ctx, client.Credentials{Username: username, Password: password})
	if err != nil {
		return credentials{}, err
	}
	return credentials{URL: location, Username: session.User.Username, Token: session.Token}, nil
}

func (r *remote) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		GroupID: groupAccess,
		Short:   "End the session, and forget it",
		Long:    "End the session that login started, and forget it here. An API key is only forgotten; `api-keys rm` ends it.",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			stored, err := readCredentials(r.process)
			if err != nil {
				return err
			}
			if stored.Token == "" {
				return notSignedIn{cmp.Or(stored.URL, defaultURL)}
			}
			if !strings.HasPrefix(stored.Token, "pic_") {
				err = client.New(stored.URL, stored.Token).LogOut(command.Context())
				if exitCode(err) == exitNotSignedIn {
					err = nil // it has ended already
				}
			}
			if err == nil {
				r.said("Signed out at %s.", stored.URL)
			}
			return errors.Join(err, forgetCredentials(r.process))
		},
	}
}

func (r *remote) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		GroupID: groupAccess,
		Short:   "Say who is signed in, and where",
		Args:    noArguments,
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			me, err := c.Me(ctx)
			if err != nil {
				return err
			}
			here := signedIn{me, c.URL}
			return printOne(r, here,
				column[signedIn]{"username", func(s *signedIn) string { return s.Username }},
				column[signedIn]{"role", func(s *signedIn) string { return string(s.Role) }},
				column[signedIn]{"url", func(s *signedIn) string { return s.URL }})
		}),
	}
}

// signedIn is a user and the instance that knows it.
type signedIn struct {
	store.User
	URL string `json:"url"`
}

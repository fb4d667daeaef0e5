package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"picloud/cli/client"
)

// defaultURL is where an instance on this machine listens.
const defaultURL = "http://localhost:8080"

// defaultApp is the app that the first run makes (spec 1).
const defaultApp = "default"

// remote is what the commands that call an instance share.
type remote struct {
	process Process
	form    string // --output
	url     string // --url
	token   string // --token
}

func (r *remote) addFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVarP(&r.form, "output", "o", "", "table, tsv or json; a table on a terminal, tsv otherwise")
	flags.StringVar(&r.url, "url", "", "the instance to call (PICLOUD_URL; that of the last login, else "+defaultURL+")")
	flags.StringVar(&r.token, "token", "", "session token or API key to call it with (PICLOUD_TOKEN, which no list of processes shows; else that of the last login)")
	r.completeFlag(root, "output", cobra.FixedCompletions([]string{formTable, formTSV, formJSON}, cobra.ShellCompDirectiveNoFileComp))
}

// check finds global flags that are wrong, and fills in the form of output.
func (r *remote) check() error {
	switch r.form {
	case formTable, formTSV, formJSON:
	case "":
		if r.form = formTSV; isTerminal(r.process.Stdout) {
			r.form = formTable
		}
	default:
		return usageError{fmt.Errorf("--output is %q, but must be table, tsv or json", r.form)}
	}
	return nil
}

// location is the instance to call: the flag's, the environment's, the stored
// one, or that of this machine.
func (r *remote) location(stored credentials) (string, error) {
	given := cmp.Or(r.url, r.process.Getenv("PICLOUD_URL"), stored.URL, defaultURL)
	if !strings.Contains(given, "://") {
		given = "http://" + given
	}
	parsed, err := url.Parse(given)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") ||
		strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		if parsed != nil {
			given = parsed.Redacted()
		}
		return "", usageError{fmt.Errorf("%q is no address of an instance; write one such as http://raspberrypi.local:8080", given)}
	}
	return parsed.Scheme + "://" + parsed.Host, nil
}

// client returns a client with a credential. A stored one goes only to the
// instance that it is of.
func (r *remote) client() (*client.Client, error) {
	stored, err := readCredentials(r.process)
	if err != nil {
		return nil, err
	}
	location, err := r.location(stored)
	if err != nil {
		return nil, err
	}
	token := cmp.Or(r.token, r.process.Getenv("PICLOUD_TOKEN"))
	if token == "" && location == stored.URL {
		token = stored.Token
	}
	if token == "" {
		return nil, notSignedIn{location}
	}
	return client.New(location, token), nil
}

// call makes a command of what it does with a client. Its context ends with an
// interrupt.
func (r *remote) call(do func(ctx context.Context, c *client.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		c, err := r.client()
		if err != nil {
			return err
		}
		defer c.HTTP.CloseIdleConnections()
		err = interruptible(func(ctx context.Context) error { return do(ctx, c, args) })
		if errors.Is(err, context.Canceled) {
			return errInterrupted
		}
		return err
	}
}

// appFlag gives a command --app.
func (r *remote) appFlag(command *cobra.Command, app *string) {
	command.Flags().StringVarP(app, "app", "a", "", "the app, by its slug (PICLOUD_APP; else "+defaultApp+")")
	r.completeFlag(command, "app", r.completeApps)
}

// scriptFlag gives --app to a command whose first argument is a script of it.
func (r *remote) scriptFlag(command *cobra.Command, app *string) {
	r.appFlag(command, app)
	command.ValidArgsFunction = r.completeScripts(app)
}

func (r *remote) completeFlag(command *cobra.Command, flag string, with completion) {
	if err := command.RegisterFlagCompletionFunc(flag, with); err != nil {
		panic(err) // there is no such flag, or it has one already: a mistake of this package
	}
}

// app is the app that a command is about.
func (r *remote) app(flag string) string {
	return cmp.Or(flag, r.process.Getenv("PICLOUD_APP"), defaultApp)
}

// said tells a person that something was done. Standard output is for what was
// asked for.
func (r *remote) said(format string, args ...any) {
	fmt.Fprintln(r.process.Stderr, plain(fmt.Sprintf(format, args...)))
}

// takes refuses another number of arguments than the usage line names.
func takes(least, most int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		empty := false
		for _, argument := range args {
			empty = empty || argument == ""
		}
		if len(args) < least || len(args) > most || empty {
			return usageError{fmt.Errorf("these are not the arguments that it takes; write %s", strings.TrimSuffix(command.UseLine(), " [flags]"))}
		}
		return nil
	}
}

// verbs makes a command that only has others below it.
func verbs(use, group, short string, below ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, GroupID: group, Short: short, Args: unknownCommand, RunE: showHelp}
	command.AddCommand(below...)
	return command
}

func (r *remote) workCommands() []*cobra.Command {
	return []*cobra.Command{
		r.appsCommand(), r.scriptsCommand(), r.deployCommand(groupWork), r.invokeCommand(), r.logsCommand(),
		r.routesCommand(), r.triggersCommand(), r.secretsCommand(), r.grantsCommand(), r.kvCommand(), r.docsCommand(), r.deadLettersCommand(),
		r.pullCommand(), r.pushCommand(), r.diffCommand(), r.devCommand(), r.checkCommand(), r.openCommand(), r.sdkCommand(),
	}
}

func (r *remote) accessCommands() []*cobra.Command {
	return []*cobra.Command{r.loginCommand(), r.logoutCommand(), r.whoamiCommand(), r.keysCommand()}
}

package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) scriptsCommand() *cobra.Command {
	return verbs("scripts", groupWork, "Scripts: list, show, save, roll back, delete",
		r.scriptsListCommand(), r.scriptsShowCommand(), r.deployCommand(""), r.scriptsDeleteCommand(), r.versionsCommand(), r.rollbackCommand())
}

// scriptUse says in help how a script is named.
const scriptUse = "SCRIPT is a name in the app of --app, APP/NAME, or an id."

// script finds the script that an argument names.
func (r *remote) script(ctx context.Context, c *client.Client, appFlag, named string) (store.Script, error) {
	if _, err := uuid.Parse(named); err == nil && len(named) == 36 {
		return c.Script(ctx, named)
	}
	app, name := r.app(appFlag), named
	if before, after, found := strings.Cut(named, "/"); found {
		app, name = before, after
	}
	scripts, err := c.AppScripts(ctx, app)
	if err != nil {
		return store.Script{}, err
	}
	for _, script := range scripts {
		if script.Name == name {
			return script.Script, nil
		}
	}
	return store.Script{}, notFound{fmt.Errorf("the app %s has no script called %q", app, name)}
}

var scriptColumns = []column[store.Script]{
	{"name", func(s *store.Script) string { return s.Name }},
	{"kind", func(s *store.Script) string { return string(s.Kind) }},
	{"version", func(s *store.Script) string { return integer(s.Version) }},
	{"enabled", func(s *store.Script) string { return yesNo(s.Enabled) }},
	{"updated", func(s *store.Script) string { return s.UpdatedAt.String() }},
	{"id", func(s *store.Script) string { return s.ID.String() }},
}

// listedColumns are those of a script, behind that of its app.
func listedColumns() []column[client.ListedScript] {
	columns := []column[client.ListedScript]{{"app", func(s *client.ListedScript) string { return s.AppSlug }}}
	for _, each := range scriptColumns {
		columns = append(columns, column[client.ListedScript]{each.name, func(s *client.ListedScript) string { return each.of(&s.Script) }})
	}
	return columns
}

func (r *remote) scriptsListCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "ls", Short: "List scripts, without --app those of all apps", Args: noArguments,
		Example: "  {{name}} scripts ls\n  {{name}} scripts ls --app greenhouse -o json",
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			var scripts []client.ListedScript
			var err error
			if app == "" {
				scripts, err = c.Scripts(ctx)
			} else {
				scripts, err = c.AppScripts(ctx, app)
			}
			if err != nil {
				return err
			}
			return printList(r, scripts, listedColumns()...)
		}),
	}
	command.Flags().StringVarP(&app, "app", "a", "", "only this app's")
	return r.named(command)
}

func (r *remote) scriptsShowCommand() *cobra.Command {
	var app string
	var version int
	command := &cobra.Command{
		Use: "show SCRIPT", Short: "Print a script's source", Args: takes(1, 1),
		Long:    "Print a script's source; with --output json all of the script. " + scriptUse,
		Example: "  {{name}} scripts show hello\n  {{name}} scripts show greenhouse/hello --version 3",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			if version != 0 {
				old, err := c.Version(ctx, found.ID.String(), version)
				return r.printSource(old.Source, old, err)
			}
			whole, err := c.Script(ctx, found.ID.String())
			return r.printSource(whole.Source, whole, err)
		}),
	}
	r.scriptFlag(command, &app)
	command.Flags().IntVar(&version, "version", 0, "the source as it was in this version")
	return r.named(command)
}

func (r *remote) printSource(source string, whole any, err error) error {
	if err != nil {
		return err
	}
	if r.form == formJSON {
		return printJSON(r.process.Stdout, whole)
	}
	if isTerminal(r.process.Stdout) {
		source = plain(source)
	}
	_, err = fmt.Fprint(r.process.Stdout, source)
	return err
}

func (r *remote) scriptsDeleteCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "delete SCRIPT", Aliases: []string{"rm"}, Short: "Delete a script that nothing leads to", Args: takes(1, 1),
		Long:    "Delete a script. Routes and triggers that lead to it, or scripts that require it, must go first. " + scriptUse,
		Example: "  {{name}} scripts delete hello",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			if err := c.DeleteScript(ctx, found.ID.String()); err != nil {
				return err
			}
			r.said("Deleted the script %s.", found.Name)
			return nil
		}),
	}
	r.scriptFlag(command, &app)
	return r.named(command)
}

var versionColumns = []column[store.ScriptVersion]{
	{"version", func(v *store.ScriptVersion) string { return integer(v.Version) }},
	{"saved", func(v *store.ScriptVersion) string { return v.CreatedAt.String() }},
	{"by", func(v *store.ScriptVersion) string { return v.CreatedBy }},
}

func (r *remote) versionsCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "versions SCRIPT", Short: "List a script's versions, newest first", Args: takes(1, 1), Long: "List a script's versions, newest first. " + scriptUse,
		Example: "  {{name}} scripts versions hello",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			versions, err := c.Versions(ctx, found.ID.String())
			if err != nil {
				return err
			}
			return printList(r, versions, versionColumns...)
		}),
	}
	r.scriptFlag(command, &app)
	return r.named(command)
}

func (r *remote) rollbackCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "rollback SCRIPT VERSION", Short: "Save an old version's source again", Args: takes(2, 2),
		Long:    "Save the source of an old version as a new version. " + scriptUse,
		Example: "  {{name}} scripts rollback hello 3",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			version, err := strconv.Atoi(args[1])
			if err != nil || version < 1 {
				return usageError{fmt.Errorf("%q is no version; `scripts versions` lists them", args[1])}
			}
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			script, err := c.RollBack(ctx, found.ID.String(), client.Rollback{Version: version})
			if err != nil {
				return err
			}
			return printOne(r, script, scriptColumns...)
		}),
	}
	r.scriptFlag(command, &app)
	return r.named(command)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

// deployCommand is both `deploy` and `scripts deploy`.
func (r *remote) deployCommand(group string) *cobra.Command {
	var app, name string
	var module bool
	command := &cobra.Command{
		Use: "deploy FILE", GroupID: group, Short: "Save a file as a script's new version", Args: takes(1, 1),
		Long: "Save a file as a script: a new one, or the next version of the one of that name. The name is the file's without .lua\n" +
			"unless --name says otherwise. Saving what is there already makes no version.",
		Example: "  {{name}} deploy hello.lua\n  {{name}} deploy units.lua --module --app greenhouse",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			if name == "" {
				name = strings.TrimSuffix(filepath.Base(args[0]), ".lua")
			}
			source, err := readText(args[0])
			if err != nil {
				return err
			}
			script, err := r.deploy(ctx, c, r.app(app), client.ScriptDraft{Name: name, Source: source, Kind: kindOf(module)})
			if err != nil {
				return placed(args[0], err)
			}
			return printOne(r, script, scriptColumns...)
		}),
	}
	r.appFlag(command, &app)
	command.Flags().StringVar(&name, "name", "", "the script's name")
	command.Flags().BoolVar(&module, "module", false, "make it a module, which other scripts require")
	return r.named(command)
}

func kindOf(module bool) store.ScriptKind {
	if module {
		return store.ScriptModule
	}
	return "" // a new script is an endpoint, an old one stays what it is
}

func (r *remote) deploy(ctx context.Context, c *client.Client, app string, draft client.ScriptDraft) (store.Script, error) {
	found, err := r.script(ctx, c, app, app+"/"+draft.Name)
	var missing notFound
	if errors.As(err, &missing) {
		return c.CreateScript(ctx, app, draft)
	}
	if err != nil {
		return found, err
	}
	change := client.ScriptChange{Source: &draft.Source, Version: &found.Version}
	if draft.Kind != "" {
		change.Kind = &draft.Kind
	}
	return c.ChangeScript(ctx, found.ID.String(), change)
}

// placed puts the file's name before an error about its source.
func placed(file string, err error) error {
	var answer *client.Error
	if errors.As(err, &answer) && (answer.Code == "syntax_error" || answer.Code == "missing_module") {
		return fmt.Errorf("%s: %w", file, err)
	}
	return err
}

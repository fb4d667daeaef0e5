package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"picloud/cli/client"
)

func (r *remote) pullCommand() *cobra.Command {
	var app string
	var force bool
	command := &cobra.Command{
		Use: "pull DIR", GroupID: groupWork, Short: "Write an app as a folder", Args: takes(1, 1),
		Long: "Write an app as a folder: app.toml with its routes, triggers and limits, scripts/NAME.lua and modules/NAME.lua.\n" +
			"Secrets are named, never written. Files of the folder that differ are overwritten, and Lua files that the app has not\n" +
			"are deleted, only with --force; keep the folder in git. The app is --app's, or the one that DIR/app.toml names.",
		Example: "  {{name}} pull greenhouse --app greenhouse",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			return r.pull(ctx, c, args[0], app, force)
		}),
	}
	r.appFlag(command, &app)
	command.Flags().BoolVar(&force, "force", false, "overwrite and delete files that differ")
	return r.named(command)
}

func (r *remote) pull(ctx context.Context, c *client.Client, dir, appFlag string, force bool) error {
	local, err := readFolder(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	exported, err := c.ExportApp(ctx, r.folderApp(appFlag, local))
	if err != nil {
		return err
	}
	for name := range exported.Files {
		if !folderFile.MatchString(name) {
			return fmt.Errorf("the answer has a file called %q, which is none of an app", name)
		}
	}
	changes := fileChanges(local, exported.Files)
	lossy := slices.ContainsFunc(changes, func(change fileChange) bool { return change.Action != "create" })
	if lossy && !force {
		if err := printList(r, changes, fileColumns...); err != nil {
			return err
		}
		return errors.New("files of the folder differ from the app, so nothing was written; --force overwrites them, and `diff` shows how they differ")
	}
	if err := writeFolder(dir, exported.Files, changes); err != nil {
		return err
	}
	if len(changes) == 0 {
		r.said("The folder is as the app is.")
	}
	return printList(r, changes, fileColumns...)
}

func (r *remote) diffCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "diff DIR", GroupID: groupWork, Short: "Show how a folder differs from its app", Args: takes(1, 1),
		Long: "Show how a folder differs from its app: lines with - are the app's, lines with + are the folder's. As JSON it is\n" +
			"a list of the files that differ.",
		Example: "  {{name}} diff greenhouse",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			local, err := readFolder(args[0])
			if err != nil {
				return err
			}
			exported, err := c.ExportApp(ctx, r.folderApp(app, local))
			if err != nil {
				return err
			}
			changes := fileChanges(exported.Files, local)
			if r.form == formJSON {
				return printJSON(r.process.Stdout, changes)
			}
			for _, change := range changes {
				text := diff.Diff("app/"+change.File, []byte(exported.Files[change.File]), "folder/"+change.File, []byte(local[change.File]))
				if _, err := fmt.Fprint(r.process.Stdout, plain(string(text))); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	r.appFlag(command, &app)
	return r.named(command)
}

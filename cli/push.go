package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

// pushFlags are how a push is done.
type pushFlags struct {
	app                string
	dryRun, prune, yes bool
}

func (r *remote) pushCommand() *cobra.Command {
	var given pushFlags
	command := &cobra.Command{
		Use: "push DIR", GroupID: groupWork, Short: "Make an app what a folder says", Args: takes(1, 1),
		Long: "Make an app what a folder says, in one transaction: all of it or, if anything is wrong, nothing, with every error's\n" +
			"file and line. What will change is shown first. What the folder has not stays in the app unless --prune deletes it;\n" +
			"at a terminal that is asked first. The app is --app's, or the one that DIR/app.toml names.",
		Example: "  {{name}} push greenhouse --dry-run\n  {{name}} push greenhouse --prune --yes",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			return r.push(ctx, c, args[0], given)
		}),
	}
	r.appFlag(command, &given.app)
	flags := command.Flags()
	flags.BoolVar(&given.dryRun, "dry-run", false, "only show what would change")
	flags.BoolVar(&given.prune, "prune", false, "delete what the folder has not")
	flags.BoolVarP(&given.yes, "yes", "y", false, "do not ask before something is deleted")
	return r.named(command)
}

var planColumns = []column[store.PlannedChange]{
	{"action", func(c *store.PlannedChange) string { return c.Action }},
	{"kind", func(c *store.PlannedChange) string { return c.Kind }},
	{"name", func(c *store.PlannedChange) string { return c.Name }},
	{"what changes", func(c *store.PlannedChange) string { return strings.Join(c.Fields, ", ") }},
}

func (r *remote) push(ctx context.Context, c *client.Client, dir string, given pushFlags) error {
	files, err := readFolder(dir)
	if err != nil {
		return err
	}
	app := r.folderApp(given.app, files)
	plan, err := c.ImportApp(ctx, app, client.Folder{Files: files}, client.ImportOptions{DryRun: true, Prune: given.prune})
	if err != nil {
		return err
	}
	if r.form != formJSON && len(plan.Changes) > 0 {
		if err := printList(r, plan.Changes, planColumns...); err != nil {
			return err
		}
	}
	done := plan
	if !given.dryRun {
		if agreed, err := r.mayGoOn(plan.Changes, given.yes); err != nil || !agreed {
			r.said("Nothing was changed.")
			return err
		}
		if done, err = c.ImportApp(ctx, app, client.Folder{Files: files}, client.ImportOptions{Prune: given.prune}); err != nil {
			return err
		}
	}
	if r.form == formJSON {
		err = printJSON(r.process.Stdout, done)
	}
	r.saySummary(app, done)
	return err
}

// mayGoOn asks a person before something is deleted, who has seen by then what:
// JSON, which comes when all is done, is no way to show it.
func (r *remote) mayGoOn(changes []store.PlannedChange, yes bool) (bool, error) {
	deletes := slices.ContainsFunc(changes, func(c store.PlannedChange) bool { return c.Action == store.ImportDelete })
	if yes || !deletes {
		return true, nil
	}
	if _, interactive := r.asker(); interactive && r.form == formJSON {
		if err := writeRows(r.process.Stderr, formTable, changes, planColumns...); err != nil {
			return false, err
		}
	}
	return r.agreed("Delete these?")
}

func (r *remote) saySummary(app string, done client.Import) {
	switch {
	case len(done.Changes) == 0:
		r.said("The app %s is as the folder is.", app)
	case done.Applied:
		r.said("Pushed %s to the app %s.", counted(len(done.Changes), "change"), app)
	default:
		r.said("A push would make %s.", counted(len(done.Changes), "change"))
	}
	for _, name := range done.MissingSecrets {
		r.said("The app has no secret %s yet; `%s secrets set %s --app %s` sets it.", name, r.process.Name, name, app)
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return integer(n) + " " + noun + "s"
}

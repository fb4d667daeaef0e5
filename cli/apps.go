package cli

import (
	"context"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) appsCommand() *cobra.Command {
	return verbs("apps", groupWork, "Apps: each has its own scripts, data and members",
		r.appsListCommand(), r.appsCreateCommand(), r.appsShowCommand(), r.appsDeleteCommand(), r.membersCommand())
}

var appColumns = []column[client.App]{
	{"slug", func(a *client.App) string { return a.Slug }},
	{"name", func(a *client.App) string { return a.Name }},
	{"role", func(a *client.App) string { return string(a.MyRole) }},
	{"description", func(a *client.App) string { return a.Description }},
}

func (r *remote) appsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: "List the apps that you may see", Args: noArguments,
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			apps, err := c.Apps(ctx)
			if err != nil {
				return err
			}
			return printList(r, apps, appColumns...)
		}),
	}
}

func (r *remote) appsCreateCommand() *cobra.Command {
	var draft client.AppDraft
	command := &cobra.Command{
		Use: "create SLUG", Short: "Make an app", Args: takes(1, 1),
		Example: "  {{name}} apps create greenhouse --name \"Green house\"",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			draft.Slug = args[0]
			app, err := c.CreateApp(ctx, draft)
			if err != nil {
				return err
			}
			return printOne(r, app, appColumns...)
		}),
	}
	command.Flags().StringVar(&draft.Name, "name", "", "what people read; the slug when it is left out")
	command.Flags().StringVar(&draft.Description, "description", "", "what it is for")
	return r.named(command)
}

func (r *remote) appsShowCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use: "show APP", Short: "Show an app", Args: takes(1, 1),
		Example: "  {{name}} apps show greenhouse",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			app, err := c.App(ctx, args[0])
			if err != nil {
				return err
			}
			return printOne(r, app, append(appColumns[:len(appColumns):len(appColumns)],
				column[client.App]{"created", func(a *client.App) string { return a.CreatedAt.String() }},
				column[client.App]{"id", func(a *client.App) string { return a.ID.String() }})...)
		}),
	})
}

func (r *remote) appsDeleteCommand() *cobra.Command {
	var force bool
	command := &cobra.Command{
		Use: "delete APP", Aliases: []string{"rm"}, Short: "Delete an app", Args: takes(1, 1),
		Long:    "Delete an app. One that has scripts or data is deleted with all of it, and only with --force.",
		Example: "  {{name}} apps delete greenhouse --force",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.DeleteApp(ctx, args[0], force); err != nil {
				return err
			}
			r.said("Deleted the app %s.", args[0])
			return nil
		}),
	}
	command.Flags().BoolVar(&force, "force", false, "delete its scripts and data too")
	return r.named(command)
}

var memberColumns = []column[store.Member]{
	{"username", func(m *store.Member) string { return m.Username }},
	{"role", func(m *store.Member) string { return string(m.Role) }},
	{"id", func(m *store.Member) string { return m.UserID.String() }},
}

// membersCommand lists by itself, as spec 7 has it, and has verbs below it.
func (r *remote) membersCommand() *cobra.Command {
	members := r.call(func(ctx context.Context, c *client.Client, args []string) error {
		members, err := c.Members(ctx, args[0])
		if err != nil {
			return err
		}
		return printList(r, members, memberColumns...)
	})
	command := &cobra.Command{
		Use: "members APP", Short: "List who may do what in an app", Args: takes(1, 1), RunE: members,
		Example: "  {{name}} apps members greenhouse\n  {{name}} apps members set greenhouse bob editor",
	}
	command.AddCommand(r.named(&cobra.Command{
		Example: "  {{name}} apps members set greenhouse bob editor",
		Use:     "set APP USER ROLE", Short: "Make a user viewer, editor or app_admin of an app", Args: takes(3, 3),
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			member, err := c.SetMember(ctx, args[0], args[1], client.MemberRole{Role: store.AppRole(args[2])})
			if err != nil {
				return err
			}
			return printOne(r, member, memberColumns...)
		}),
	}), r.named(&cobra.Command{
		Example: "  {{name}} apps members rm greenhouse bob",
		Use:     "rm APP USER", Aliases: []string{"delete"}, Short: "Take a user's role in an app away", Args: takes(2, 2),
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.RemoveMember(ctx, args[0], args[1]); err != nil {
				return err
			}
			r.said("%s has no role in %s any more.", args[1], args[0])
			return nil
		}),
	}))
	return r.named(command)
}

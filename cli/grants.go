package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) grantsCommand() *cobra.Command {
	return verbs("grants", groupWork, "Grants: what a script may call in the home network",
		r.grantsListCommand(), r.grantsCreateCommand(), r.grantsDeleteCommand())
}

var grantColumns = []column[store.Grant]{
	{"host", func(g *store.Grant) string { return g.Host }},
	{"port", func(g *store.Grant) string { return strconv.Itoa(g.Port) }},
	{"by", func(g *store.Grant) string { return g.CreatedBy }},
	{"id", func(g *store.Grant) string { return g.ID.String() }},
}

func (r *remote) grantsListCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "ls SCRIPT", Short: "List what a script may call in the home network", Args: takes(1, 1),
		Long: "List what a script may call in the home network. " + scriptUse, Example: "  {{name}} grants ls lamp",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			grants, err := c.Grants(ctx, found.ID.String())
			if err != nil {
				return err
			}
			return printList(r, grants, grantColumns...)
		}),
	}
	r.scriptFlag(command, &app)
	return r.named(command)
}

func (r *remote) grantsCreateCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "create SCRIPT HOST PORT", Short: "Let a script call a device in the home network", Args: takes(3, 3),
		Long: "Let a script call a device in the home network, which is shut otherwise; the internet is open without.\n" +
			"HOST is an address, a network such as 192.168.1.0/24, or a name. " + scriptUse,
		Example: "  {{name}} grants create lamp 192.168.1.31 80",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			port, err := strconv.Atoi(args[2])
			if err != nil {
				return usageError{fmt.Errorf("the port is %q, but must be a number", args[2])}
			}
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			grant, err := c.CreateGrant(ctx, found.ID.String(), client.GrantDraft{Host: args[1], Port: port})
			if err != nil {
				return err
			}
			return printOne(r, grant, grantColumns...)
		}),
	}
	r.scriptFlag(command, &app)
	return r.named(command)
}

func (r *remote) grantsDeleteCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "delete SCRIPT HOST PORT", Aliases: []string{"rm"}, Short: "Take a grant away", Args: takes(3, 3),
		Long: "Take a grant away. " + scriptUse, Example: "  {{name}} grants delete lamp 192.168.1.31 80",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.script(ctx, c, app, args[0])
			if err != nil {
				return err
			}
			grants, err := c.Grants(ctx, found.ID.String())
			if err != nil {
				return err
			}
			for _, grant := range grants {
				if grant.Host == args[1] && strconv.Itoa(grant.Port) == args[2] {
					if err := c.DeleteGrant(ctx, grant.ID.String()); err != nil {
						return err
					}
					r.said("%s may no longer call %s, port %s.", found.Name, args[1], args[2])
					return nil
				}
			}
			return notFound{fmt.Errorf("the script %s has no grant for %s, port %s", found.Name, args[1], args[2])}
		}),
	}
	r.scriptFlag(command, &app)
	return r.named(command)
}

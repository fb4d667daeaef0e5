package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"picloud/cli/client"
)

// completionTime is how long a shell waits for names of the instance.
const completionTime = 2 * time.Second

// completion completes a word with names that the instance has; with none when
// it cannot be asked, because a shell has no place for an error.
type completion func(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

func (r *remote) names(list func(context.Context, *client.Client) ([]string, error)) completion {
	return func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		c, err := r.client()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.HTTP.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), completionTime)
		defer cancel()
		all, err := list(ctx, c)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var fitting []string
		for _, name := range all {
			if strings.HasPrefix(name, word) {
				fitting = append(fitting, name)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeApps completes slugs of apps.
func (r *remote) completeApps(command *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return r.names(func(ctx context.Context, c *client.Client) ([]string, error) {
		apps, err := c.Apps(ctx)
		slugs := make([]string, len(apps))
		for i, app := range apps {
			slugs[i] = app.Slug
		}
		return slugs, err
	})(command, nil, word)
}

// completeScripts completes names of an app's scripts; app is the flag's value.
func (r *remote) completeScripts(app *string) completion {
	return r.names(func(ctx context.Context, c *client.Client) ([]string, error) {
		scripts, err := c.AppScripts(ctx, r.app(*app))
		names := make([]string, len(scripts))
		for i, script := range scripts {
			names[i] = script.Name
		}
		return names, err
	})
}

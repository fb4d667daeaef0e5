package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) keysCommand() *cobra.Command {
	return verbs("api-keys", groupAccess, "Keys for programs: mint, list and revoke your own",
		r.keysListCommand(), r.mintCommand(), r.revokeCommand())
}

var keyColumns = []column[store.APIKey]{
	{"name", func(k *store.APIKey) string { return k.Name }},
	{"prefix", func(k *store.APIKey) string { return k.Prefix }},
	{"scopes", func(k *store.APIKey) string { return joined(k.Scopes) }},
	{"app", func(k *store.APIKey) string {
		if k.App == nil {
			return "all"
		}
		return k.App.String()
	}},
	{"expires", func(k *store.APIKey) string { return moment(k.ExpiresAt) }},
	{"last used", func(k *store.APIKey) string { return moment(k.LastUsedAt) }},
	{"id", func(k *store.APIKey) string { return k.ID.String() }},
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ",")
}

func (r *remote) keysListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: "List your API keys", Args: noArguments,
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			keys, err := c.Keys(ctx)
			if err != nil {
				return err
			}
			return printList(r, keys, keyColumns...)
		}),
	}
}

func (r *remote) mintCommand() *cobra.Command {
	var scopes []string
	var app string
	var lifetime time.Duration
	command := &cobra.Command{
		Use:   "mint NAME --scope SCOPE",
		Short: "Make an API key, and show it once",
		Long: "Make an API key and print it: the one time that it is shown. Scopes are " + joined(store.Scopes) + ".\n" +
			"Needs a session: sign in with your password.",
		Example: "  {{name}} api-keys mint ci --scope app:admin --app greenhouse --expires 2160h",
		Args:    takes(1, 1),
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			draft := client.KeyDraft{Name: args[0]}
			for _, scope := range scopes {
				draft.Scopes = append(draft.Scopes, store.Scope(scope))
			}
			if app != "" {
				draft.App = &app
			}
			if lifetime != 0 {
				end := time.Now().Add(lifetime).UTC().Format(time.RFC3339)
				draft.ExpiresAt = &end
			}
			key, err := c.MintKey(ctx, draft)
			if err != nil {
				return err
			}
			if r.form == formTable {
				r.said("Keep this key now; it is not shown again:")
			}
			if r.form != formJSON {
				_, err = fmt.Fprintln(r.process.Stdout, key.RawToken)
				return err
			}
			return printJSON(r.process.Stdout, key)
		}),
	}
	command.Flags().StringSliceVarP(&scopes, "scope", "s", nil, "what the key may do; several with commas between")
	command.Flags().StringVarP(&app, "app", "a", "", "the one app that it may be used in")
	command.Flags().DurationVar(&lifetime, "expires", 0, "how long it works, such as 720h; without it until it is revoked")
	return r.named(command)
}

func (r *remote) revokeCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use: "rm KEY", Aliases: []string{"delete"}, Short: "Revoke an API key, by its name or id", Args: takes(1, 1),
		Example: "  {{name}} api-keys rm ci",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			keys, err := c.Keys(ctx)
			if err != nil {
				return err
			}
			for _, key := range keys {
				if key.Name == args[0] || key.ID.String() == args[0] {
					r.said("Revoking the API key %s.", key.Name)
					return c.RevokeKey(ctx, key.ID.String())
				}
			}
			return notFound{fmt.Errorf("you have no API key called %q", args[0])}
		}),
	})
}

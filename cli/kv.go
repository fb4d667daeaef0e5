package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) kvCommand() *cobra.Command {
	return verbs("kv", groupWork, "Key-value entries of an app", r.kvListCommand(), r.kvGetCommand(), r.kvSetCommand(), r.kvDeleteCommand())
}

var entryColumns = []column[store.KVEntry]{
	{"key", func(e *store.KVEntry) string { return e.Key }},
	{"value", func(e *store.KVEntry) string { return string(e.Value) }},
	{"version", func(e *store.KVEntry) string { return integer(e.Version) }},
	{"expires", func(e *store.KVEntry) string { return moment(e.ExpiresAt) }},
}

func (r *remote) kvListCommand() *cobra.Command {
	var app, prefix string
	command := &cobra.Command{
		Use: "ls [COLLECTION]", Short: "List a collection's entries, or the collections", Args: takes(0, 1),
		Example: "  {{name}} kv ls\n  {{name}} kv ls sensors --prefix hall/",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			if len(args) == 0 {
				return r.listCollections(c.KVCollections(ctx, r.app(app)))
			}
			entries, err := c.KVEntries(ctx, r.app(app), args[0], prefix)
			if err != nil {
				return err
			}
			return printList(r, entries, entryColumns...)
		}),
	}
	r.appFlag(command, &app)
	command.Flags().StringVar(&prefix, "prefix", "", "only keys that begin like this")
	return r.named(command)
}

func (r *remote) kvGetCommand() *cobra.Command {
	return getData(r, &cobra.Command{
		Use: "get COLLECTION KEY", Short: "Print an entry's value",
		Long:    "Print an entry's value as JSON; with --output json all of the entry.",
		Example: "  {{name}} kv get sensors hall",
	}, (*client.Client).KVEntry, func(e *store.KVEntry) json.RawMessage { return e.Value })
}

func (r *remote) kvSetCommand() *cobra.Command {
	var app string
	var ttl float64
	var version int64
	command := &cobra.Command{
		Use: "set COLLECTION KEY VALUE", Short: "Store a value", Args: takes(3, 3),
		Long:    "Store a value. VALUE is JSON, @FILE, or @- for standard input.",
		Example: "  {{name}} kv set sensors hall '{\"temp\":21.5}'\n  {{name}} kv set flags lights '\"on\"' --ttl 3600",
	}
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		draft := client.KVDraft{}
		var err error
		if draft.Value, err = r.value(args[2]); err != nil {
			return err
		}
		if command.Flags().Changed("ttl") {
			draft.TTLS = &ttl
		}
		if command.Flags().Changed("if-version") {
			draft.IfVersion = &version
		}
		entry, err := c.SetKV(ctx, r.app(app), args[0], args[1], draft)
		if err != nil {
			return err
		}
		return printOne(r, entry, entryColumns...)
	})
	r.appFlag(command, &app)
	command.Flags().Float64Var(&ttl, "ttl", 0, "seconds after which it goes; without it, it stays")
	command.Flags().Int64Var(&version, "if-version", 0, "only if the entry has this version; 0: only if there is none")
	return r.named(command)
}

func (r *remote) kvDeleteCommand() *cobra.Command {
	return r.deleteData(&cobra.Command{
		Use: "delete COLLECTION KEY", Aliases: []string{"rm"}, Short: "Delete an entry",
		Example: "  {{name}} kv delete sensors hall",
	}, (*client.Client).DeleteKV)
}

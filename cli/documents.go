package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) docsCommand() *cobra.Command {
	return verbs("docs", groupWork, "Documents of an app",
		r.docsListCommand(), r.docsGetCommand(), r.docsCreateCommand(), r.docsPutCommand(), r.docsDeleteCommand(), r.docsQueryCommand())
}

var documentColumns = []column[store.Document]{
	{"id", func(d *store.Document) string { return d.ID }},
	{"rev", func(d *store.Document) string { return integer(d.Rev) }},
	{"updated", func(d *store.Document) string { return d.UpdatedAt.String() }},
	{"data", func(d *store.Document) string { return string(d.Data) }},
}

func (r *remote) docsListCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "ls [COLLECTION]", Short: "List a collection's documents, or the collections", Args: takes(0, 1),
		Example: "  {{name}} docs ls readings",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			if len(args) == 0 {
				return r.listCollections(c.DocumentCollections(ctx, r.app(app)))
			}
			documents, err := c.Documents(ctx, r.app(app), args[0])
			if err != nil {
				return err
			}
			return printList(r, documents, documentColumns...)
		}),
	}
	r.appFlag(command, &app)
	return r.named(command)
}

func (r *remote) docsGetCommand() *cobra.Command {
	return getData(r, &cobra.Command{
		Use: "get COLLECTION ID", Short: "Print a document's data",
		Long:    "Print a document's data as JSON; with --output json all of the document.",
		Example: "  {{name}} docs get readings hall",
	}, (*client.Client).Document, func(d *store.Document) json.RawMessage { return d.Data })
}

func (r *remote) docsCreateCommand() *cobra.Command {
	var app, id string
	command := &cobra.Command{
		Use: "create COLLECTION DATA", Short: "Make a document", Args: takes(2, 2),
		Long:    "Make a document. DATA is a JSON object, @FILE, or @- for standard input.",
		Example: "  {{name}} docs create readings '{\"temp\":21.5}' --id hall",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			data, err := r.value(args[1])
			if err != nil {
				return err
			}
			draft := client.DocumentDraft{Data: data}
			if id != "" {
				draft.ID = &id
			}
			document, err := c.CreateDocument(ctx, r.app(app), args[0], draft)
			if err != nil {
				return err
			}
			return printOne(r, document, documentColumns...)
		}),
	}
	r.appFlag(command, &app)
	command.Flags().StringVar(&id, "id", "", "its id; without it, it gets one")
	return r.named(command)
}

func (r *remote) docsPutCommand() *cobra.Command {
	var app string
	var rev int64
	command := &cobra.Command{
		Use: "put COLLECTION ID DATA", Short: "Replace a document's data", Args: takes(3, 3),
		Long:    "Replace a document's data. DATA is a JSON object, @FILE, or @- for standard input.",
		Example: "  {{name}} docs put readings hall '{\"temp\":22}' --rev 1",
	}
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		data, err := r.value(args[2])
		if err != nil {
			return err
		}
		change := client.DocumentChange{Data: data}
		if command.Flags().Changed("rev") {
			change.Rev = &rev
		}
		document, err := c.PutDocument(ctx, r.app(app), args[0], args[1], change)
		if err != nil {
			return err
		}
		return printOne(r, document, documentColumns...)
	})
	r.appFlag(command, &app)
	command.Flags().Int64Var(&rev, "rev", 0, "only if the document has this rev")
	return r.named(command)
}

func (r *remote) docsDeleteCommand() *cobra.Command {
	return r.deleteData(&cobra.Command{
		Use: "delete COLLECTION ID", Aliases: []string{"rm"}, Short: "Delete a document",
		Example: "  {{name}} docs delete readings hall",
	}, (*client.Client).DeleteDocument)
}

func (r *remote) docsQueryCommand() *cobra.Command {
	var app, where, sort, fields string
	var limit int
	command := &cobra.Command{
		Use: "query COLLECTION", Short: "Find documents", Args: takes(1, 1),
		Long:    "Find documents: the first page of what a query finds. Its parts are JSON, of the same names as the options of find in scripts.",
		Example: "  {{name}} docs query readings --where '{\"temp\":{\"gt\":20}}' --sort '[\"-temp\"]' --limit 5",
	}
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		query := client.DocumentQuery{Limit: limit}
		for _, part := range []struct {
			flag, text string
			field      *json.RawMessage
		}{{"where", where, &query.Where}, {"sort", sort, &query.Sort}, {"fields", fields, &query.Fields}} {
			var err error
			if *part.field, err = object(command, part.flag, part.text); err != nil {
				return err
			}
		}
		page, err := c.QueryDocuments(ctx, r.app(app), args[0], query)
		if err != nil {
			return err
		}
		if err := printList(r, page.Items, documentColumns...); err != nil {
			return err
		}
		if page.NextCursor != "" {
			r.said("There are more; narrow the query, or ask for more with --limit.")
		}
		return nil
	})
	r.appFlag(command, &app)
	flags := command.Flags()
	flags.StringVar(&where, "where", "", "what the documents are like")
	flags.StringVar(&sort, "sort", "", "the fields to sort by")
	flags.StringVar(&fields, "fields", "", "the fields to show")
	flags.IntVar(&limit, "limit", 0, fmt.Sprintf("how many, at most %d", mostDocuments))
	return r.named(command)
}

// mostDocuments is the longest page (spec 2).
const mostDocuments = 200

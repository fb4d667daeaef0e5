package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

// What kv and docs have in common: data of an app in named collections.

func (r *remote) listCollections(collections []store.Collection, err error) error {
	if err != nil {
		return err
	}
	return printList(r, collections, column[store.Collection]{"collection", func(c *store.Collection) string { return c.Name }})
}

// getData makes a command that shows what stands under a key of a collection.
func getData[T any](r *remote, command *cobra.Command, read func(*client.Client, context.Context, string, string, string) (T, error), value func(*T) json.RawMessage) *cobra.Command {
	var app string
	command.Args = takes(2, 2)
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		found, err := read(c, ctx, r.app(app), args[0], args[1])
		if err != nil {
			return err
		}
		return r.printData(value(&found), found)
	})
	r.appFlag(command, &app)
	return r.named(command)
}

// deleteData makes a command that deletes it.
func (r *remote) deleteData(command *cobra.Command, remove func(*client.Client, context.Context, string, string, string) error) *cobra.Command {
	var app string
	command.Args = takes(2, 2)
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		if err := remove(c, ctx, r.app(app), args[0], args[1]); err != nil {
			return err
		}
		r.said("Deleted %s in %s.", args[1], args[0])
		return nil
	})
	r.appFlag(command, &app)
	return r.named(command)
}

// printData prints a stored value, or with --output json all that is around it.
func (r *remote) printData(value json.RawMessage, whole any) error {
	if r.form == formJSON {
		return printJSON(r.process.Stdout, whole)
	}
	_, err := fmt.Fprintln(r.process.Stdout, plain(string(value)))
	return err
}

// value reads an argument that is JSON, @FILE or @- for standard input.
func (r *remote) value(argument string) (json.RawMessage, error) {
	text, _, err := r.readData(argument)
	if err != nil {
		return nil, err
	}
	if !json.Valid([]byte(text)) {
		return nil, usageError{fmt.Errorf("the value must be JSON; a text stands in quotation marks, such as '\"on\"'")}
	}
	return json.RawMessage(text), nil
}

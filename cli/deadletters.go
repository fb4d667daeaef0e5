package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"picloud/cli/client"
)

func (r *remote) deadLettersCommand() *cobra.Command {
	return verbs("dead-letters", groupWork, "Dead letters: deliveries that ran out of attempts",
		r.deadLettersListCommand(), r.deadLettersShowCommand(), r.replayCommand(), r.resolveCommand())
}

var deadLetterColumns = []column[client.DeadLetter]{
	{"id", func(d *client.DeadLetter) string { return d.ID.String() }},
	{"state", func(d *client.DeadLetter) string { return string(d.State) }},
	{"kind", func(d *client.DeadLetter) string { return eventKind(d.Event) }},
	{"attempts", func(d *client.DeadLetter) string { return integer(len(d.Attempts)) }},
	{"created", func(d *client.DeadLetter) string { return d.CreatedAt.String() }},
	{"error", func(d *client.DeadLetter) string { return d.Error }},
}

// eventKind is the kind of an event; "" when it does not say.
func eventKind(event json.RawMessage) string {
	var head struct{ Kind string }
	if json.Unmarshal(event, &head) != nil {
		return ""
	}
	return head.Kind
}

func (r *remote) deadLettersListCommand() *cobra.Command {
	var app, state string
	command := &cobra.Command{
		Use: "ls", Short: "List an app's dead letters", Args: noArguments,
		Example: "  {{name}} dead-letters ls --state open,handler_failed",
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			letters, err := c.DeadLetters(ctx, r.app(app), state)
			if err != nil {
				return err
			}
			return printList(r, letters, deadLetterColumns...)
		}),
	}
	r.appFlag(command, &app)
	command.Flags().StringVar(&state, "state", "", "only those that are open, handler_failed, replayed or resolved; several with commas between")
	return r.named(command)
}

func (r *remote) deadLettersShowCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use: "show ID", Short: "Show a dead letter with its event", Args: takes(1, 1),
		Example: "  {{name}} dead-letters show 01890a5d-ac96-774b-bcce-b302099a8057",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			letter, err := c.DeadLetter(ctx, args[0])
			if err != nil {
				return err
			}
			return printOne(r, letter, append(deadLetterColumns[:len(deadLetterColumns):len(deadLetterColumns)],
				column[client.DeadLetter]{"note", func(d *client.DeadLetter) string { return d.Note }},
				column[client.DeadLetter]{"event", func(d *client.DeadLetter) string { return string(d.Event) }})...)
		}),
	})
}

func (r *remote) replayCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use: "replay ID", Short: "Deliver a dead letter's event again", Args: takes(1, 1),
		Example: "  {{name}} dead-letters replay 01890a5d-ac96-774b-bcce-b302099a8057",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			letter, err := c.ReplayDeadLetter(ctx, args[0])
			if err != nil {
				return err
			}
			return printOne(r, letter, deadLetterColumns...)
		}),
	})
}

func (r *remote) resolveCommand() *cobra.Command {
	var note string
	command := &cobra.Command{
		Use: "resolve ID", Short: "Close a dead letter that needs nothing more", Args: takes(1, 1),
		Example: "  {{name}} dead-letters resolve 01890a5d-ac96-774b-bcce-b302099a8057 --note 'printer was off'",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			letter, err := c.ResolveDeadLetter(ctx, args[0], client.Resolution{Note: note})
			if err != nil {
				return err
			}
			return printOne(r, letter, deadLetterColumns...)
		}),
	}
	command.Flags().StringVar(&note, "note", "", "why it needs nothing more")
	return r.named(command)
}

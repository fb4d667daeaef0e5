package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) triggersCommand() *cobra.Command {
	return verbs("triggers", groupWork, "Triggers: what starts a script without a request",
		r.triggersListCommand(), r.triggersShowCommand(), r.triggersCreateCommand(), r.triggersSwitchCommand("enable", "Switch a trigger on", true),
		r.triggersSwitchCommand("disable", "Switch a trigger off; its deliveries wait", false), r.triggersFireCommand(), r.triggersDeleteCommand(), r.previewCommand())
}

func triggerColumns(scripts scriptNames) []column[store.Trigger] {
	return []column[store.Trigger]{
		{"name", func(t *store.Trigger) string { return t.Name }},
		{"kind", func(t *store.Trigger) string { return string(t.Kind) }},
		{"listens to", triggerRule},
		{"script", func(t *store.Trigger) string { return scripts.of(t.ScriptID) }},
		{"enabled", func(t *store.Trigger) string { return yesNo(t.Enabled) + strings.TrimRight(" "+t.Held, " ") }},
		{"last fired", func(t *store.Trigger) string { return moment(t.LastFiredAt) }},
		{"id", func(t *store.Trigger) string { return t.ID.String() }},
	}
}

// printTrigger shows one trigger, with more columns than a list has.
func (r *remote) printTrigger(ctx context.Context, c *client.Client, trigger store.Trigger, err error) error {
	if err != nil {
		return err
	}
	names, err := r.scriptNames(ctx, c, trigger.AppID.String())
	if err != nil {
		return err
	}
	return printOne(r, trigger, append(triggerColumns(names),
		column[store.Trigger]{"ordered", func(t *store.Trigger) string { return yesNo(t.Ordered) }},
		column[store.Trigger]{"attempts", func(t *store.Trigger) string { return integer(t.Retry.MaxAttempts) }},
		column[store.Trigger]{"next at", func(t *store.Trigger) string {
			if t.Cron == nil {
				return ""
			}
			return moment(t.Cron.NextAt)
		}})...)
}

// triggerRule is what a trigger listens to, in a few words.
func triggerRule(t *store.Trigger) string {
	switch {
	case t.Cron != nil:
		return t.Cron.Schedule + " " + t.Cron.Timezone
	case t.KV != nil:
		return strings.TrimRight(t.KV.Collection+"/"+t.KV.KeyPrefix+" "+strings.Join(t.KV.Ops, ","), " /")
	case t.Docs != nil:
		return strings.TrimRight(t.Docs.Collection+" "+strings.Join(t.Docs.Ops, ","), " ")
	case t.Topic != nil:
		return t.Topic.Filter
	case t.DeadLetter != nil:
		return strings.Join(t.DeadLetter.Kinds, ",")
	}
	return ""
}

// trigger finds the trigger that an argument names, by name or id.
func (r *remote) trigger(ctx context.Context, c *client.Client, app, named string) (store.Trigger, error) {
	triggers, err := c.Triggers(ctx, app)
	if err != nil {
		return store.Trigger{}, err
	}
	for _, trigger := range triggers {
		if trigger.Name == named || trigger.ID.String() == named {
			return trigger, nil
		}
	}
	return store.Trigger{}, notFound{fmt.Errorf("the app %s has no trigger called %q", app, named)}
}

func (r *remote) triggersListCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "ls", Short: "List an app's triggers", Args: noArguments,
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			triggers, err := c.Triggers(ctx, r.app(app))
			if err != nil {
				return err
			}
			names, err := r.scriptNames(ctx, c, r.app(app))
			if err != nil {
				return err
			}
			return printList(r, triggers, triggerColumns(names)...)
		}),
	}
	r.appFlag(command, &app)
	return command
}

func (r *remote) triggersShowCommand() *cobra.Command {
	return r.withTrigger("show TRIGGER", "Show a trigger", "  {{name}} triggers show nightly",
		func(ctx context.Context, c *client.Client, found store.Trigger) error {
			return r.printTrigger(ctx, c, found, nil)
		})
}

// withTrigger makes a command about one trigger, which its argument names.
func (r *remote) withTrigger(use, short, example string, do func(context.Context, *client.Client, store.Trigger) error) *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: use, Short: short, Long: short + ". TRIGGER is a name in the app of --app, or an id.", Example: example, Args: takes(1, 1),
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.trigger(ctx, c, r.app(app), args[0])
			if err != nil {
				return err
			}
			return do(ctx, c, found)
		}),
	}
	r.appFlag(command, &app)
	return r.named(command)
}

// triggerFlags are what a new trigger listens to.
type triggerFlags struct {
	app, script, timezone, prefix, retry string
	ops                                  []string
	ordered                              bool
}

func (r *remote) triggersCreateCommand() *cobra.Command {
	var given triggerFlags
	command := &cobra.Command{
		Use: "create NAME KIND [WHAT] --script SCRIPT", Short: "Make a trigger", Args: takes(2, 3),
		Long: "Make a trigger of the kind cron, kv, docs, topic or dead_letter. WHAT is the schedule of cron, the collection of kv\n" +
			"and docs, the filter of topic, or the kinds of dead letters with commas between.",
		Example: "  {{name}} triggers create nightly cron '0 3 * * *' --timezone Europe/Vienna --script report\n" +
			"  {{name}} triggers create temps kv sensors --prefix hall/ --ops insert,update --script watch",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			what := ""
			if len(args) == 3 {
				what = args[2]
			}
			draft, err := given.draft(args[0], args[1], what)
			if err != nil {
				return err
			}
			found, err := r.script(ctx, c, given.app, given.script)
			if err != nil {
				return err
			}
			draft.ScriptID = found.ID.String()
			trigger, err := c.CreateTrigger(ctx, r.app(given.app), args[1], draft)
			return r.printTrigger(ctx, c, trigger, err)
		}),
	}
	r.appFlag(command, &given.app)
	flags := command.Flags()
	flags.StringVarP(&given.script, "script", "s", "", "the script that it starts")
	flags.StringVar(&given.timezone, "timezone", "", "of cron: the schedule's time zone, such as Europe/Vienna; UTC when left out")
	flags.StringVar(&given.prefix, "prefix", "", "of kv: only keys that begin like this")
	flags.StringSliceVar(&given.ops, "ops", nil, "of kv and docs: some of insert, update, delete; all when left out")
	flags.BoolVar(&given.ordered, "ordered", false, "deliver events one after the other, in order")
	flags.StringVar(&given.retry, "retry", "", "how failures are repeated, such as '{\"max_attempts\":3}'")
	return r.named(command)
}

func (f *triggerFlags) draft(name, kind, what string) (client.TriggerDraft, error) {
	draft := client.TriggerDraft{Name: name, Ordered: f.ordered}
	switch {
	case f.script == "":
		return draft, usageError{errors.New("--script says which script the trigger starts")}
	case f.timezone != "" && kind != "cron", f.prefix != "" && kind != "kv", len(f.ops) > 0 && kind != "kv" && kind != "docs":
		return draft, usageError{fmt.Errorf("a trigger of the kind %s does not take these flags; see --help", kind)}
	case f.retry != "" && !json.Valid([]byte(f.retry)):
		return draft, usageError{fmt.Errorf("--retry is %q, but must be JSON", f.retry)}
	case f.retry != "":
		draft.Retry = json.RawMessage(f.retry)
	}
	switch store.TriggerKind(kind) {
	case store.TriggerCron:
		draft.Cron = &client.Cron{Schedule: what, Timezone: f.timezone}
	case store.TriggerKV:
		draft.KV = &store.DataRule{Collection: what, KeyPrefix: f.prefix, Ops: f.ops}
	case store.TriggerDocs:
		draft.Docs = &client.Docs{Collection: what, Ops: f.ops}
	case store.TriggerTopic:
		draft.Topic = &store.TopicRule{Filter: what}
	case store.TriggerDeadLetter:
		draft.DeadLetter = &store.DeadLetterRule{}
		if what != "" {
			draft.DeadLetter.Kinds = strings.Split(what, ",")
		}
	default:
		return draft, usageError{fmt.Errorf("%q is no kind of trigger; there are cron, kv, docs, topic and dead_letter", kind)}
	}
	return draft, nil
}

func (r *remote) triggersSwitchCommand(verb, short string, on bool) *cobra.Command {
	return r.withTrigger(verb+" TRIGGER", short, "  {{name}} triggers "+verb+" nightly",
		func(ctx context.Context, c *client.Client, found store.Trigger) error {
			trigger, err := c.ChangeTrigger(ctx, found.ID.String(), client.TriggerChange{Enabled: &on})
			return r.printTrigger(ctx, c, trigger, err)
		})
}

func (r *remote) triggersFireCommand() *cobra.Command {
	var data string
	command := r.withTrigger("fire TRIGGER", "Run a trigger's script with a test event", "  {{name}} triggers fire nightly\n  {{name}} triggers fire temps -d '{\"key\":\"hall/1\",\"value\":21}'",
		func(ctx context.Context, c *client.Client, found store.Trigger) error {
			text, given, err := r.readData(data)
			if err != nil {
				return err
			}
			if given && !json.Valid([]byte(text)) {
				return usageError{errors.New("--data must be a JSON object with the event's fields")}
			}
			run, err := c.FireTrigger(ctx, found.ID.String(), client.Fire{Event: json.RawMessage(text)})
			if err != nil {
				return err
			}
			return r.printRun(run)
		})
	command.Flags().StringVarP(&data, "data", "d", "", "the event's fields as JSON; those left out are examples. @FILE reads a file")
	return command
}

func (r *remote) triggersDeleteCommand() *cobra.Command {
	command := r.withTrigger("delete TRIGGER", "Delete a trigger, and what it still has to deliver", "  {{name}} triggers delete nightly",
		func(ctx context.Context, c *client.Client, found store.Trigger) error {
			if err := c.DeleteTrigger(ctx, found.ID.String()); err != nil {
				return err
			}
			r.said("Deleted the trigger %s.", found.Name)
			return nil
		})
	command.Aliases = []string{"rm"}
	return command
}

// firing is one time of a preview.
type firing struct {
	At    store.Time `json:"at"`
	Local string     `json:"local"`
}

func (r *remote) previewCommand() *cobra.Command {
	var timezone string
	command := &cobra.Command{
		Use: "preview SCHEDULE", Short: "Say when a cron schedule fires next", Args: takes(1, 1),
		Example: "  {{name}} triggers preview '30 2 * * *' --timezone Europe/Vienna",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			preview, err := c.PreviewTrigger(ctx, client.Cron{Schedule: args[0], Timezone: timezone})
			if err != nil {
				return err
			}
			firings := make([]firing, min(len(preview.Next), len(preview.Local)))
			for i := range firings {
				firings[i] = firing{preview.Next[i], preview.Local[i]}
			}
			return printList(r, firings,
				column[firing]{"local", func(f *firing) string { return f.Local }},
				column[firing]{"utc", func(f *firing) string { return f.At.String() }})
		}),
	}
	command.Flags().StringVar(&timezone, "timezone", "", "such as Europe/Vienna; UTC when left out")
	return r.named(command)
}

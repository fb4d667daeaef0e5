package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

// logsFlags are what logs shows.
type logsFlags struct {
	app, status, since, until, text string
	most                            int
	follow                          bool
}

func (r *remote) logsCommand() *cobra.Command {
	var given logsFlags
	command := &cobra.Command{
		Use: "logs [SCRIPT]", GroupID: groupWork, Short: "Show what ran, or follow it live", Args: takes(0, 1),
		Long: "Show the last runs of a script, or of all scripts of the app, the newest last, with what they logged. With -f it goes on\n" +
			"with what comes until Ctrl-C: when the connection is lost it connects again and shows what it has missed, and it says how\n" +
			"many runs were dropped if this side is too slow. As JSON, -f prints one object a line. " + scriptUse,
		Example: "  {{name}} logs hello\n  {{name}} logs -f --status error\n  {{name}} logs hello --since 2h --text printer -n 100",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			return r.logs(ctx, c, given, args)
		}),
	}
	r.scriptFlag(command, &given.app)
	flags := command.Flags()
	flags.BoolVarP(&given.follow, "follow", "f", false, "go on with what comes")
	flags.StringVar(&given.status, "status", "", "only runs that ended so: success, error, timeout, instruction_limit, memory_limit, sdk_call_limit, rejected")
	flags.StringVar(&given.since, "since", "", "only runs since then: a time such as 2026-03-01T12:00:00Z, or how long ago, such as 2h")
	flags.StringVar(&given.until, "until", "", "only runs until then, in the same forms")
	flags.StringVar(&given.text, "text", "", "only runs with this text in what they logged, answered or failed with")
	flags.IntVarP(&given.most, "lines", "n", 20, "how many of the last runs to show")
	return r.named(command)
}

func (r *remote) logs(ctx context.Context, c *client.Client, given logsFlags, args []string) error {
	filter := client.LogFilter{Status: given.status, Text: given.text, Most: given.most}
	var err error
	if filter.Since, err = pastTime("since", given.since); err != nil {
		return err
	}
	if filter.Until, err = pastTime("until", given.until); err != nil {
		return err
	}
	if given.most < 1 {
		return usageError{fmt.Errorf("--lines is %d, but must be at least 1", given.most)}
	}
	if given.follow && given.until != "" {
		return usageError{fmt.Errorf("--until ends the list, so it does not go with --follow")}
	}
	if given.follow {
		filter.Most = max(filter.Most, recentRuns)
	}
	tail := &logTail{remote: r, client: c, app: r.app(given.app), filter: client.StreamFilter{Status: given.status, Text: given.text}, retry: reconnectDelay}
	var list []store.Execution
	if len(args) == 0 {
		list, err = c.AppLogs(ctx, tail.app, filter)
	} else {
		var script store.Script
		if script, err = r.script(ctx, c, given.app, args[0]); err != nil {
			return err
		}
		tail.app, tail.filter.Script = script.AppID.String(), script.ID.String()
		list, err = c.ScriptLogs(ctx, script.ID.String(), filter)
	}
	if err != nil {
		return err
	}
	return r.showLogs(ctx, given, list, tail)
}

func (r *remote) showLogs(ctx context.Context, given logsFlags, list []store.Execution, tail *logTail) error {
	tail.goOnAfter(list)
	list = list[:min(len(list), given.most)]
	slices.Reverse(list)
	if r.form == formJSON && !given.follow {
		return printJSON(r.process.Stdout, list)
	}
	for i := range list {
		if err := r.printExecution(&list[i]); err != nil {
			return err
		}
	}
	if !given.follow {
		return nil
	}
	return tail.follow(ctx)
}

// pastTime reads a time, or how long ago it was, as the API takes it.
func pastTime(flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return time.Now().Add(-ago).UTC().Format(time.RFC3339Nano), nil
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return "", usageError{fmt.Errorf("--%s is %q, but must be a time such as 2026-03-01T12:00:00Z, or how long ago, such as 2h or 30m", flag, text)}
	}
	return text, nil
}

// printExecution shows one run and what it logged.
func (r *remote) printExecution(e *store.Execution) error {
	switch r.form {
	case formJSON:
		return json.NewEncoder(r.process.Stdout).Encode(e)
	case formTSV:
		_, err := fmt.Fprintln(r.process.Stdout, strings.Join([]string{e.StartedAt.String(), string(e.Status), integer(e.StatusCode),
			fmt.Sprintf("%.3f", e.DurationMS), oneLine(cause(e)), oneLine(reason(e)), e.ID.String()}, "\t"))
		return err
	}
	text := fmt.Sprintf("%s  %-8s %3d  %9s  %s\n", e.StartedAt.Time().Local().Format("2006-01-02 15:04:05.000"), e.Status, e.StatusCode, milliseconds(e.DurationMS), oneLine(cause(e)))
	for _, line := range e.Logs {
		text += strings.TrimRight(fmt.Sprintf("    %-5s %s %s", line.Level, oneLine(line.Message), oneLine(string(line.Data))), " ") + "\n"
	}
	if e.Error != nil {
		text += "    " + oneLine(reason(e)) + "\n"
	}
	_, err := fmt.Fprint(r.process.Stdout, text)
	return err
}

// cause is what started a run.
func cause(e *store.Execution) string {
	if e.Request == nil || e.Request.Method == "" {
		return e.InvocationType
	}
	text := e.Request.Method + " " + e.Request.Path
	if e.Request.Query != "" {
		text += "?" + e.Request.Query
	}
	return text
}

// reason is why a run failed, with its place; "" when it did not.
func reason(e *store.Execution) string {
	if e.Error == nil {
		return ""
	}
	return e.Error.Code + ": " + withPlace(e.Error)
}

// withPlace is an error's message with the line before it, once: most of Lua's own
// messages have it already.
func withPlace(e *store.ExecutionError) string {
	if e.Line == 0 {
		return e.Message
	}
	place := fmt.Sprintf("%s:%d: ", e.Script, e.Line)
	return place + strings.TrimPrefix(e.Message, place)
}

// How long a tail waits before it connects again: twice as long after each
// attempt that fails.
const (
	reconnectDelay    = time.Second
	maxReconnectDelay = 15 * time.Second
)

// logTail follows an app's executions through any number of connections.
type logTail struct {
	remote *remote
	client *client.Client
	app    string
	filter client.StreamFilter
	after  string // the place to go on from
	retry  time.Duration
	// shown are the runs that came since that place, and the last mostRepeated
	// before it: around a place runs come again.
	shown shownRuns
	lost  bool // the connection, and nobody has been told that it is back
}

// mostRepeated is how many runs may have ended so shortly before a place that
// the instance sends them again.
const mostRepeated = 1000

// recentRuns is how many of the last runs a tail knows when it begins: one page.
const recentRuns = 200

// shownRuns are runs in the order in which they were shown.
type shownRuns struct {
	known map[uuid.UUID]bool
	order []uuid.UUID
}

// add reports whether a run is none of them yet.
func (s *shownRuns) add(id uuid.UUID) bool {
	if s.known[id] {
		return false
	}
	if s.known == nil {
		s.known = map[uuid.UUID]bool{}
	}
	s.known[id] = true
	s.order = append(s.order, id)
	return true
}

// keep forgets all but the last ones.
func (s *shownRuns) keep(most int) {
	for len(s.order) > most {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
}

// goOnAfter makes the tail follow a list, whose newest run comes first.
func (t *logTail) goOnAfter(list []store.Execution) {
	if len(list) > 0 {
		t.after = list[0].ID.String()
	}
	for _, e := range slices.Backward(list) {
		t.shown.add(e.ID)
	}
}

// follow shows executions until ctx ends, which is no failure, or the caller
// may not see them any more.
func (t *logTail) follow(ctx context.Context) error {
	for delay := t.retry; ; delay = min(2*delay, maxReconnectDelay) {
		err := t.client.StreamLogs(ctx, t.app, t.filter, t.after, t.take)
		if ctx.Err() != nil {
			return nil
		}
		if exit := exitCode(err); exit != exitFailed || !passing(err) {
			return err
		}
		if !t.lost {
			t.remote.said("The connection was lost (%v); connecting again.", err)
			t.lost, delay = true, t.retry
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		}
	}
}

func (t *logTail) take(event client.LogEvent) error {
	if t.lost {
		t.lost = false
		t.remote.said("Connected again.")
	}
	if event.ID != "" {
		t.after = event.ID
		t.shown.keep(mostRepeated)
	}
	switch {
	case event.End != nil:
		return event.End
	case event.Dropped > 0:
		t.remote.said("%d executions were dropped because they came faster than they could be shown.", event.Dropped)
	case event.Execution != nil && t.shown.add(event.Execution.ID):
		return t.remote.printExecution(event.Execution)
	}
	return nil
}

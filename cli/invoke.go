package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

// invocation is what the flags of invoke say.
type invocation struct {
	app, data, method, path, event, at string
	headers                            []string
}

func (r *remote) invokeCommand() *cobra.Command {
	var with invocation
	command := &cobra.Command{
		Use: "invoke SCRIPT", GroupID: groupWork, Short: "Run a script as a test, with a request or an event", Args: takes(1, 1),
		Long: "Run a script as a test, also one that is switched off, and print its answer; what it logged and used goes to\n" +
			"standard error. With --event it gets an event in place of a request, and --data are the event's fields; those\n" +
			"left out are examples. --data @FILE reads a file, @- standard input. Exit code 1 when the run failed.\n" + scriptUse,
		Example: "  {{name}} invoke hello --path '/hello?name=Ada'\n  {{name}} invoke hello -d '{\"a\":1}' -H 'X-Token: x'\n" +
			"  {{name}} invoke report --event cron --at 2026-03-29T02:30:00Z\n  {{name}} invoke watch --event kv -d '{\"collection\":\"sensors\",\"key\":\"hall\",\"op\":\"update\",\"value\":21}'",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			body, err := r.invokeBody(&with)
			if err != nil {
				return err
			}
			found, err := r.script(ctx, c, with.app, args[0])
			if err != nil {
				return err
			}
			run, err := c.InvokeScript(ctx, found.ID.String(), body)
			if err != nil {
				return err
			}
			return r.printRun(run)
		}),
	}
	r.scriptFlag(command, &with.app)
	flags := command.Flags()
	flags.StringVarP(&with.data, "data", "d", "", "the request's body, or the event's fields as JSON")
	flags.StringArrayVarP(&with.headers, "header", "H", nil, "a header of the request, 'Name: value'; can be repeated")
	flags.StringVarP(&with.method, "method", "X", "", "the request's method; POST with --data, else GET")
	flags.StringVar(&with.path, "path", "/", "the request's path, with its query")
	flags.StringVar(&with.event, "event", "", "cron, kv, docs, topic or dead_letter: an event of this kind in place of a request")
	flags.StringVar(&with.at, "at", "", "with --event cron: the time that it is scheduled at, such as 2026-03-29T02:30:00Z")
	return r.named(command)
}

// invokeBody makes the call's body of the flags.
func (r *remote) invokeBody(with *invocation) (client.Invoke, error) {
	data, given, err := r.readData(with.data)
	if err != nil {
		return client.Invoke{}, err
	}
	if with.at != "" && with.event != "cron" {
		return client.Invoke{}, usageError{errors.New("--at goes with --event cron")}
	}
	if with.event != "" {
		event, err := eventOf(with, data)
		return client.Invoke{Event: event}, err
	}
	request := &client.InvokeRequest{Method: with.method, Path: with.path}
	if request.Method == "" {
		request.Method = map[bool]string{true: "POST", false: "GET"}[given]
	}
	if request.Headers, err = headersOf(with.headers); err != nil {
		return client.Invoke{}, err
	}
	if given {
		request.Body = &data
		if json.Valid([]byte(data)) && !hasHeader(request.Headers, "content-type") {
			request.Headers["Content-Type"] = []string{"application/json"}
		}
	}
	return client.Invoke{Request: request}, nil
}

// readData returns what --data says, or what is in the file that it names.
func (r *remote) readData(flag string) (data string, given bool, err error) {
	file, named := strings.CutPrefix(flag, "@")
	switch {
	case !named:
		data, err = textOf("--data", strings.NewReader(flag))
		return data, flag != "", err
	case file == "-":
		data, err = r.readInput()
	default:
		data, err = readText(file)
	}
	return data, true, err
}

func headersOf(lines []string) (map[string][]string, error) {
	headers := map[string][]string{}
	for _, line := range lines {
		name, value, found := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !found || name == "" {
			return nil, usageError{fmt.Errorf("--header is %q, but must be 'Name: value'", line)}
		}
		headers[name] = append(headers[name], strings.TrimSpace(value))
	}
	return headers, nil
}

func hasHeader(headers map[string][]string, name string) bool {
	for each := range headers {
		if strings.EqualFold(each, name) {
			return true
		}
	}
	return false
}

// eventExamples are the fields of an event that its sender leaves out.
var eventExamples = map[string]map[string]any{
	"cron":        {"schedule": "* * * * *", "timezone": "UTC", "missed": 0},
	"kv":          {"collection": "test", "key": "test", "op": "insert", "value": map[string]any{}},
	"docs":        {"collection": "test", "document_id": "test", "op": "insert", "data": map[string]any{}},
	"topic":       {"topic": "test", "payload": map[string]any{}},
	"dead_letter": {"error": "a test", "attempts": 1, "original": map[string]any{"kind": "topic"}},
}

func eventOf(with *invocation, data string) (json.RawMessage, error) {
	examples, known := eventExamples[with.event]
	if !known {
		return nil, usageError{fmt.Errorf("--event is %q, but must be one of %s", with.event, strings.Join(sortedKeys(eventExamples), ", "))}
	}
	fields := maps.Clone(examples)
	fields["kind"] = with.event
	if with.event == "cron" {
		at := time.Now()
		if with.at != "" {
			var err error
			if at, err = time.Parse(time.RFC3339, with.at); err != nil {
				return nil, usageError{fmt.Errorf("--at is %q, but must be a time such as 2026-03-29T02:30:00Z", with.at)}
			}
		}
		fields["scheduled_at"] = store.TimeOf(at)
	}
	var given map[string]json.RawMessage
	if data != "" {
		if err := json.Unmarshal([]byte(data), &given); err != nil {
			return nil, usageError{fmt.Errorf("--data must be a JSON object with the event's fields (%w)", err)}
		}
	}
	for name, value := range given {
		fields[name] = value
	}
	return json.Marshal(fields)
}

func sortedKeys[V any](named map[string]V) []string { return slices.Sorted(maps.Keys(named)) }

// errRunFailed ends a test run that worked, of a script that did not.
var errRunFailed = errors.New("the run failed")

// printRun shows what came of a test run: its answer on standard output.
func (r *remote) printRun(run client.TestRun) error {
	if run.Execution == nil {
		return errors.New("the answer has no execution")
	}
	if r.form == formJSON {
		if err := printJSON(r.process.Stdout, run); err != nil {
			return err
		}
		return outcome(run.Execution)
	}
	e := run.Execution
	r.said("%s %d in %s, %d instructions, execution %s", e.Status, run.Response.Status, milliseconds(e.DurationMS), e.Usage.Instructions, e.ID)
	for _, line := range e.Logs {
		r.said("  %s %s %s", line.Level, oneLine(line.Message), oneLine(string(line.Data)))
	}
	body := []byte(run.Response.Body)
	if run.Response.BodyBase64 {
		var err error
		if body, err = base64.StdEncoding.DecodeString(run.Response.Body); err != nil {
			return fmt.Errorf("read the answer's body: %w", err)
		}
	}
	text := string(body)
	if isTerminal(r.process.Stdout) {
		text = plain(text)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if _, err := io.WriteString(r.process.Stdout, text); err != nil {
		return err
	}
	return outcome(e)
}

// outcome is the error of a run that failed, with the line where it did.
func outcome(e *store.Execution) error {
	if e.Status == store.StatusSuccess {
		return nil
	}
	if e.Error == nil {
		return errRunFailed
	}
	return fmt.Errorf("%w: %s", errRunFailed, withPlace(e.Error))
}

package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"picloud/store"
)

// LogEvent is one event of a stream of executions. Exactly one of Execution,
// Dropped, Ready and End says what it is; ID, when it has one, is a place to go
// on from.
type LogEvent struct {
	ID        string
	Execution *store.Execution
	Dropped   int    // so many executions were lost because the reader is slow
	Ready     bool   // what was missed has been sent
	End       *Error // why nothing follows
}

// maxEvent bounds one event: a record with its request, response and log.
const maxEvent = 8 << 20

// StreamFilter narrows a stream of executions to a script or a status.
type StreamFilter struct{ Script, Status, Text string }

// StreamLogs follows an app's executions, after the place of an event or from
// now on, and hands each event to take. It returns when the stream ends or take
// returns an error.
func (c *Client) StreamLogs(ctx context.Context, app string, filter StreamFilter, after string, take func(LogEvent) error) error {
	query := url.Values{}
	for name, value := range map[string]string{"script": filter.Script, "status": filter.Status, "text": filter.Text, "after": after} {
		if value != "" {
			query.Set(name, value)
		}
	}
	response, err := c.respond(ctx, request{method: http.MethodGet, path: path("apps/", app, "/logs/stream"), query: query})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	err = readEvents(response.Body, take)
	if errors.Is(err, errBroken) {
		return &Unreachable{c.URL, err}
	}
	return err
}

// errBroken is the end of a stream that did not say that it ends.
var errBroken = errors.New("the connection was lost")

// readEvents reads server-sent events (WHATWG HTML, 9.2.6).
func readEvents(r io.Reader, take func(LogEvent) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	var id, kind, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data += value
		case "":
			if lines.Text() != "" || data == "" {
				continue // a comment, or the end of an event without data
			}
			event, err := decodeEvent(kind, data)
			if err == nil {
				event.ID = id
				err = take(event)
			}
			if err != nil {
				return err
			}
			id, kind, data = "", "", ""
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return errBroken
}

func decodeEvent(kind, data string) (event LogEvent, err error) {
	var target any
	var dropped struct{ Count int }
	var end struct {
		Code, Message string
		Details       json.RawMessage
	}
	switch kind {
	case "execution":
		event.Execution = new(store.Execution)
		target = event.Execution
	case "dropped":
		target = &dropped
	case "end":
		target = &end
	default:
		event.Ready = kind == "ready"
		return event, nil
	}
	if err := json.Unmarshal([]byte(data), target); err != nil {
		return event, fmt.Errorf("read an event of the kind %s: %w", kind, err)
	}
	event.Dropped = dropped.Count
	if kind == "end" {
		event.End = &Error{Status: endStatus(end.Code), Code: end.Code, Message: end.Message, Details: end.Details}
	}
	return event, nil
}

// endStatus is the status that a call with this code would have had.
func endStatus(code string) int {
	switch code {
	case "unauthorized":
		return http.StatusUnauthorized
	case "forbidden":
		return http.StatusForbidden
	case "not_found":
		return http.StatusNotFound
	default:
		return http.StatusServiceUnavailable
	}
}

package http

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"picloud/runtime"
	"picloud/store"
)

// shownEvent hides the credentials that a stored request bears for its script
// from those who look at it, as the execution log does. Of an event that cannot
// be read nothing but its head is shown.
func (s *Server) shownEvent(e store.Event) store.Event {
	data, err := shownData(e.Kind, e.Data)
	if err != nil {
		s.logger.Warn("a stored event cannot be read and is shown without its data", slog.String("event_id", e.ID.String()), slog.Any("error", err))
		e.Data, e.Body = nil, nil
		return e
	}
	e.Data = data
	return e
}

func (s *Server) shownDeadLetter(d store.DeadLetter) store.DeadLetter {
	d.Event = s.shownEvent(d.Event)
	return d
}

// shownData is an event's data without credentials. A dead letter's event
// holds the event that it is about.
func shownData(kind string, data []byte) ([]byte, error) {
	if kind != store.KindRequest && kind != string(store.TriggerDeadLetter) {
		return data, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("read the data of a %s event: %w", kind, err)
	}
	hide := hideRequest
	if kind != store.KindRequest {
		hide = hideOriginal
	}
	if err := hide(fields); err != nil {
		return nil, fmt.Errorf("read the data of a %s event: %w", kind, err)
	}
	return json.Marshal(fields)
}

func hideOriginal(fields map[string]json.RawMessage) error {
	var original struct {
		Kind string `json:"kind"`
	}
	err := json.Unmarshal(fields["original"], &original)
	if err == nil {
		fields["original"], err = shownData(original.Kind, fields["original"])
	}
	return err
}

// hideRequest redacts the fields of store.AsyncRequest that may bear credentials.
func hideRequest(fields map[string]json.RawMessage) error {
	for name, hide := range map[string]func(json.RawMessage) (any, error){
		"headers": shownHeaders, "query": shownQuery, "raw_target": shownTarget,
	} {
		shown, err := hide(fields[name])
		if err == nil {
			fields[name], err = json.Marshal(shown)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func shownHeaders(text json.RawMessage) (any, error) {
	var headers map[string][]string
	err := json.Unmarshal(text, &headers)
	for name := range headers {
		if runtime.IsSecretHeader(name) {
			headers[name] = []string{"[redacted]"}
		}
	}
	return headers, err
}

func shownQuery(text json.RawMessage) (any, error) {
	var query string
	err := json.Unmarshal(text, &query)
	return runtime.RecordedQuery(query), err
}

func shownTarget(text json.RawMessage) (any, error) {
	var target string
	err := json.Unmarshal(text, &target)
	path, query, found := strings.Cut(target, "?")
	if found {
		path += "?" + runtime.RecordedQuery(query)
	}
	return path, err
}

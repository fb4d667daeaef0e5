package http

import (
	"bufio"
	"context"
	"encoding/json"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"picloud/store"
)

// streamEvent is one event as a browser would have it.
type streamEvent struct{ kind, id, data string }

// streamReader reads a stream over a real connection.
type streamReader struct {
	t      *testing.T
	status int
	events chan streamEvent
	close  context.CancelFunc
}

// openStream opens the stream of the default app at a server's URL.
func openStream(t *testing.T, url, query string, headers map[string]string) *streamReader {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := nethttp.NewRequestWithContext(ctx, "GET", url+adminPrefix+"apps/default/logs/stream"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := nethttp.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	reader := &streamReader{t: t, status: response.StatusCode, events: make(chan streamEvent, 1000), close: cancel}
	go func() {
		defer close(reader.events)
		defer func() { _ = response.Body.Close() }()
		var event streamEvent
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				event.kind = value
			case "id":
				event.id = value
			case "data":
				event.data = value
			case "":
				if value == "" && event.kind != "" {
					reader.events <- event
					event = streamEvent{}
				}
			}
		}
	}()
	return reader
}

// next waits for the next event, which must be of a kind.
func (r *streamReader) next(kind string) streamEvent {
	r.t.Helper()
	select {
	case event, ok := <-r.events:
		if !ok {
			r.t.Fatalf("the stream is over, want an event %q", kind)
		}
		if event.kind != kind {
			r.t.Fatalf("the event is %+v, want %q", event, kind)
		}
		return event
	case <-time.After(time.Minute):
		r.t.Fatalf("no event in a minute, want %q", kind)
	}
	return streamEvent{}
}

// past returns the paths of the records that come before the stream is ready.
func (r *streamReader) past() (paths []string) {
	r.t.Helper()
	for event := range r.events {
		if event.kind == "ready" {
			return paths
		}
		if paths = append(paths, event.path(r.t)); event.id != "" {
			r.t.Error("a record of the past moves the reader's place")
		}
	}
	r.t.Fatal("the stream is over before it is ready")
	return nil
}

// over waits for the end of the stream.
func (r *streamReader) over() {
	r.t.Helper()
	select {
	case event, ok := <-r.events:
		if ok {
			r.t.Fatalf("after the end there is %+v", event)
		}
	case <-time.After(time.Minute):
		r.t.Fatal("the stream does not end")
	}
}

// path is that of the request in a record.
func (e streamEvent) path(t *testing.T) string {
	t.Helper()
	var record store.Execution
	if err := json.Unmarshal([]byte(e.data), &record); err != nil {
		t.Fatal(err)
	}
	return record.Request.Path
}

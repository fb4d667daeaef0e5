package http

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"picloud/store"
)

// What a device sends with an asynchronous request is for its script: a viewer
// sees no credential of it, wherever the event is listed.
func TestViewersSeeNoCredentialsOfDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alpha, viewer := w.apps["alpha"], w.newUser(store.RoleMember)
	w.join(viewer, "alpha", store.AppViewer)
	headers := w.session(viewer)
	w.made("apps/alpha/triggers/dead_letter", `{"script_id":"`+alpha.script+`","name":"handler","dead_letter":{}}`)
	script := w.store.Catalog().Scripts[uuid.MustParse(alpha.script)]
	if _, err := w.store.AcceptRequest(context.Background(), script, store.AsyncRequest{Method: "POST", Path: "/in", RawTarget: "/in?ID=K1&PASSWORD=hunter2&t=70",
		Query: "ID=K1&PASSWORD=hunter2&t=70", Headers: map[string][]string{"Authorization": {"Basic hunter2"}, "X-Gitlab-Token": {"hunter2"}, "X-Plain": {"plain"}},
		Body: []byte("measured")}); err != nil {
		t.Fatal(err)
	}
	shows := func(path, event string) {
		t.Helper()
		got := request(t, w.testServer, "GET", adminPrefix+path, "", headers)
		wantStatus(t, got, 200)
		if strings.Contains(got.Body.String(), "hunter2") {
			t.Errorf("%s shows a credential: %s", path, got.Body)
		}
		for name, want := range map[string]string{"query": "ID=K1&PASSWORD=[redacted]&t=70", "raw_target": "/in?ID=K1&PASSWORD=[redacted]&t=70",
			"headers.Authorization": `["[redacted]"]`, "headers.X-Plain": `["plain"]`, "method": "POST", "body": "measured"} {
			if shown := field(t, got, event+"."+name); shown != want {
				t.Errorf("%s: %s is %s, want %s", path, name, shown, want)
			}
		}
	}
	shows("apps/alpha/outbox", "items.event")
	for _, delivery := range w.store.TakeDeliveries() {
		if err := w.store.BuryDelivery(context.Background(), store.Burial{Delivery: delivery, Reason: "given up"}); err != nil {
			t.Fatal(err)
		}
	}
	shows("apps/alpha/dead-letters", "items.event")
	letter := field(t, request(t, w.testServer, "GET", adminPrefix+"apps/alpha/dead-letters", "", headers), "items.id")
	shows("dead-letters/"+letter, "event")
	shows("apps/alpha/outbox", "items.event.original") // on its way to the handler
}

func TestAnEventThatCannotBeReadIsShownWithoutItsData(t *testing.T) {
	t.Parallel()
	request := `{"headers":{"Authorization":["hunter2"]},"query":"","raw_target":"/"}`
	for name, c := range map[string]struct {
		kind, data string
		readable   bool
	}{
		"request":              {"request", request, true},
		"cut off":              {"request", request[:len(request)-1], false},
		"no object":            {"request", `["hunter2"]`, false},
		"null":                 {"request", `null`, false},
		"other headers":        {"request", `{"headers":{"Authorization":"hunter2"},"query":"","raw_target":"/"}`, false},
		"no query":             {"request", `{"headers":{"Authorization":["hunter2"]},"raw_target":"/"}`, false},
		"other target":         {"request", `{"headers":{},"query":"","raw_target":["hunter2"]}`, false},
		"dead letter":          {"dead_letter", `{"original":{"kind":"request",` + request[1:] + `}`, true},
		"of a dead letter":     {"dead_letter", `{"original":{"kind":"dead_letter","original":{"kind":"request",` + request[1:] + `}}`, true},
		"of something else":    {"dead_letter", `{"original":{"kind":"kv","value":1}}`, true},
		"of none":              {"dead_letter", `{"headers":{"Authorization":["hunter2"]}}`, false},
		"of an unreadable one": {"dead_letter", `{"original":{"kind":"request","headers":"hunter2"}}`, false},
		"cut-off dead letter":  {"dead_letter", `{"original":{"kind":"request","headers":"hunter2"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTestServer(t)
			shown := s.shownEvent(store.Event{ID: uuid.MustParse(missingID), Kind: c.kind, Data: []byte(c.data), Body: []byte("body")})
			text, err := json.Marshal(shown)
			if err != nil || strings.Contains(string(text), "hunter2") {
				t.Errorf("shown as %s, %v", text, err)
			}
			if readable := shown.Data != nil && string(shown.Body) == "body"; readable != c.readable {
				t.Errorf("shown as %s", text)
			}
			if noted := strings.Contains(s.log.String(), missingID); noted == c.readable {
				t.Errorf("the log says %q", s.log.String())
			}
		})
	}
}

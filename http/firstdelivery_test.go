package http

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/store"
)

func TestDedupeGuard(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"dedupe":{"from":"header:X-GitHub-Delivery","ttl_s":60}`)
	route(t, s, owner, script, "/body", `"dedupe":{"from":"body:data.id"}`)
	call := func(path, id, body string) *httptest.ResponseRecorder {
		return request(t, s, "POST", path, body, map[string]string{"X-GitHub-Delivery": id})
	}
	first := call("/hook", "1", "one")
	wantStatus(t, first, 201)
	again := call("/hook", "1", "two")
	wantStatus(t, again, 201)
	if again.Body.String() != first.Body.String() || again.Header().Get("X-Run") != first.Header().Get("X-Run") ||
		again.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
		t.Errorf("first %v %s, again %v %s", first.Header(), first.Body, again.Header(), again.Body)
	}
	if record := wantRecord(t, s, script, store.StatusRejected, "duplicate_webhook"); record.StatusCode != 201 {
		t.Errorf("the record's status is %d", record.StatusCode)
	}
	if other := call("/hook", "2", "three"); other.Body.String() == first.Body.String() {
		t.Error("another id was folded")
	}
	s.clock.advance(time.Minute)
	if late := call("/hook", "1", "four"); late.Body.String() == first.Body.String() {
		t.Error("the answer is given past its time")
	}
	one, two := call("/body", "", `{"data":{"id":7}}`), call("/body", "", `{"data":{"id":7},"x":1}`)
	if one.Body.String() != two.Body.String() {
		t.Errorf("%s, then %s", one.Body, two.Body)
	}
	if three := call("/body", "", `{"data":{"id":"7"}}`); three.Body.String() != one.Body.String() {
		t.Errorf("a text is another id than the number: %s", three.Body)
	}
	call("/body", "", `{"data":{"id":null}}`)
	if record := wantRecord(t, s, script, store.StatusSuccess, ""); !strings.Contains(record.Logs[0].Message, "no id at body:data.id") {
		t.Errorf("the lines are %+v", record.Logs)
	}
}

func TestWhatIsNotRemembered(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/secrets/TOKEN", `{"value":"`+guardSecret+`"}`, owner), 200)
	script := newScript(t, s, owner, "fails", `if ctx.request.query.how == "raise" then error("no") end return { statusCode = tonumber(ctx.request.query.how) }`)
	route(t, s, owner, script, "/hook", `"verify":{"provider":"token","secret":"TOKEN"},"dedupe":{"from":"query:id"}`)
	call := func(query string, header map[string]string) int {
		return request(t, s, "POST", "/hook?"+query, "", header).Code
	}
	for i, c := range []struct {
		query  string
		header map[string]string
		status int
	}{
		{"id=1&how=200", nil, 401}, // refused, so not remembered
		{"id=1&how=raise", bearer(guardSecret), 502},
		{"id=1&how=503", bearer(guardSecret), 503},
		{"id=1&how=204", bearer(guardSecret), 204},
		{"id=1&how=raise", bearer(guardSecret), 204},
		{"id=1&how=200", nil, 401},
		{"id=2&how=404", bearer(guardSecret), 404},
		{"id=2&how=200", bearer(guardSecret), 404},
	} {
		if status := call(c.query, c.header); status != c.status {
			t.Errorf("call %d: %d, want %d", i, status, c.status)
		}
	}
}

func TestConcurrentRepeatsRunOnce(t *testing.T) {
	t.Parallel()
	s, _, script := guardedServer(t, `"dedupe":{"from":"query:id"}`)
	for round := range 20 {
		bodies := make([]string, 8)
		var group sync.WaitGroup
		for i := range bodies {
			group.Go(func() {
				bodies[i] = request(t, s, "POST", fmt.Sprint("/hook?id=", round), fmt.Sprint("body ", i), nil).Body.String()
			})
		}
		group.Wait()
		for _, body := range bodies {
			if body != bodies[0] || body == "" {
				t.Fatalf("the answers are %q", bodies)
			}
		}
	}
	ran := 0
	for _, record := range executions(t, s, script) {
		ran += len(record.Logs)
	}
	if ran != 20 {
		t.Errorf("the script ran %d times, want 20", ran)
	}
}

// What waits for a run that leaves nothing to give again runs itself, one at a time.
func TestARepeatRunsWhenTheFirstFailed(t *testing.T) {
	t.Parallel()
	var d firstDeliveries
	first, mine := d.begin("1")
	waiting, too := d.begin("1")
	if !mine || too {
		t.Fatal("two are the first")
	}
	d.end(first)
	<-waiting.done
	next, mine := d.begin("1")
	if waiting.answer != nil || !mine {
		t.Fatal("nobody is the next first")
	}
	d.end(next)
	if len(d.running) != 0 {
		t.Errorf("%d deliveries are left", len(d.running))
	}
}

// What an asynchronous route keeps until its script runs is free of the secret
// that the sender had to show, and a repeat is promised the same delivery.
func TestGuardsOfAsynchronousRoutes(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"local_only":true`)
	route(t, s, owner, script, "/later", `"dispatch_mode":"async","verify":{"provider":"token","secret":"TOKEN","in":"form:PASSKEY"},"dedupe":{"from":"form:id"}`)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Copy": guardSecret}
	first := request(t, s, "POST", "/later?k="+guardSecret, "id=1&PASSKEY="+guardSecret, form)
	wantStatus(t, first, 202)
	if first.Header().Get("Content-Type") != "application/json" || first.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the headers are %v", first.Header())
	}
	again := request(t, s, "POST", "/later", "id=1&PASSKEY="+guardSecret+"&n=2", form)
	wantStatus(t, again, 202)
	if field(t, again, "delivery_id") != field(t, first, "delivery_id") {
		t.Errorf("%s, then %s", first.Body, again.Body)
	}
	wantError(t, request(t, s, "POST", "/later", "id=2&PASSKEY=no", form), 401, "bad_signature")
	outbox := request(t, s, "GET", adminPrefix+"apps/default/outbox", "", owner).Body.String()
	if strings.Contains(outbox, "hunter2") || strings.Count(outbox, "«secret:TOKEN»") < 2 || strings.Count(outbox, `"delivery_id"`)+strings.Count(outbox, `"attempts"`) != 1 {
		t.Errorf("the outbox is %s", outbox)
	}
}

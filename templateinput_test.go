package main_test

import (
	"fmt"
	"regexp"
	"strings"
)

// wantToughRoutes posts what careless and hostile senders post: a template says
// what is wrong (a status of 400 and something) or takes it, and never fails. A
// guard that asks for a signature is passed by; the script must not rely on it.
func (s *server) wantToughRoutes(m installed) {
	s.t.Helper()
	parameter := regexp.MustCompile(`:\w+|\*`)
	for _, route := range m.Routes {
		method := strings.Replace(route.Method, "ANY", "POST", 1)
		for _, value := range []string{"x", "%ff%fe", strings.Repeat("y", 600)} {
			path := parameter.ReplaceAllString(route.Path, value)
			for i, body := range toughBodies {
				target := path + toughQueries[i%len(toughQueries)]
				var status string
				if route.Verify == nil {
					status, _ = s.sendRaw(rawRequest(method, target, body))
				} else {
					status = s.invoke(m.script, method, target, body)
				}
				if strings.Contains(status, " 5") {
					s.t.Errorf("%s %.100s with %.60q: %s", method, target, body, status)
				}
			}
		}
	}
}

var (
	toughBodies = []string{"", "null", "[]", "{}", "7", `"text"`, "\xff\xfe\x00", `{"payload":{},"topic":[],"temperature":1e308,"power":"x"}`,
		`{"_type":"transition","event":"enter"}`, `{"ref":"refs/heads/main","repository":null}`, `{"ref":"refs/heads/main","repository":{},"pusher":null,"commits":[null]}`,
		`{"_type":"location","lat":1,"lon":2,"tst":-1,"tid":{}}`, `{"topic":"zigbee2mqtt/x","payload":{"contact":null,"battery":null}}`, strings.Repeat("a", 200<<10)}
	toughQueries = []string{"", "?ID=%ff&tempf=-9999", "?device=a&power=%ff", "?by=x", "?hours=0&by=1e400", "?id=null&temp=null", "?id=x&temp=1e999",
		"?device=" + strings.Repeat("d", 600)}
)

// invoke makes a test run of a script and returns its status behind a blank.
func (s *server) invoke(script, method, target, body string) string {
	s.t.Helper()
	request := map[string]any{"method": method, "path": target, "body": body,
		"headers": map[string]string{"X-GitHub-Event": "push", "Content-Type": "application/json"}}
	var run struct{ Response struct{ Status int } }
	s.must(s.call("POST", "/api/v1/admin/scripts/"+script+"/invoke", map[string]any{"request": request}, &run), 200)
	return fmt.Sprint(" ", run.Response.Status)
}

func rawRequest(method, target, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: pi\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, target, len(body), body)
}

// wantToughTriggers fires events that lack everything, or have it in another type.
func (s *server) wantToughTriggers(m installed) {
	s.t.Helper()
	for _, trigger := range m.triggers {
		for _, value := range []any{nil, 7, "text", []int{}, map[string]any{}, map[string]any{"sensor": 7, "temperature": "x", "title": nil}} {
			event := map[string]any{"payload": value, "data": value, "value": value, "original": value, "error": value}
			if run := s.fire(trigger, event); run.Status != "success" {
				s.t.Errorf("an event with %v: %s %+v", value, run.Status, run.Error)
			}
		}
	}
}

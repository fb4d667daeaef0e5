package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// template is the manifest of a folder of web/templates, with what lies beside it.
type template struct {
	Title      string            `json:"title"`
	Summary    string            `json:"summary"`
	Group      string            `json:"group"`
	NeedsEmail bool              `json:"needs_email"`
	Script     map[string]any    `json:"script"`
	Routes     []templateRoute   `json:"routes"`
	Triggers   []map[string]any  `json:"triggers"`
	Secrets    []templateSecret  `json:"secrets"`
	Grants     []templateGrant   `json:"grants"`
	Settings   []templateSetting `json:"settings"`
	GoesWith   []string          `json:"goes_with"`

	name, source, request string
	event                 json.RawMessage
}

type templateRoute struct {
	Method       string         `json:"method"`
	Path         string         `json:"path"`
	DispatchMode string         `json:"dispatch_mode,omitempty"`
	LocalOnly    bool           `json:"local_only,omitempty"`
	Verify       map[string]any `json:"verify,omitempty"`
	Dedupe       map[string]any `json:"dedupe,omitempty"`
	RateLimit    map[string]any `json:"rate_limit,omitempty"`
}

// templateSecret is asked for at the install; one that is to be generated is not.
type templateSecret struct {
	Name, Label, Help, Example string
	Generate                   bool
}

// templateGrant opens the host that the secret of this name holds.
type templateGrant struct {
	HostSecret string `json:"host_secret"`
	Port       int    `json:"port"`
}

type templateSetting struct{ Text, Copy string }

const templateFolder = "web/templates"

func readTemplates(t *testing.T) []*template {
	t.Helper()
	manifests, err := filepath.Glob(templateFolder + "/*/manifest.json")
	if err != nil || len(manifests) < 12 {
		t.Fatalf("%d templates, want at least 12 (%v)", len(manifests), err)
	}
	var all []*template
	for _, file := range manifests {
		folder := filepath.Dir(file)
		made := &template{name: filepath.Base(folder), source: readText(t, folder+"/script.lua")}
		decoder := json.NewDecoder(strings.NewReader(readText(t, file)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(made); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(made.Routes) > 0 {
			made.request = readText(t, folder+"/request.http")
		} else {
			made.event = json.RawMessage(readText(t, folder+"/event.json"))
		}
		all = append(all, made)
	}
	return all
}

var placeholder = regexp.MustCompile(`\{(base|host|port|secret:[A-Z_]+)\}`)

// Each template says in full what it is, and what it names exists.
func TestTemplateManifests(t *testing.T) {
	t.Parallel()
	all := readTemplates(t)
	names := map[string]bool{}
	for _, each := range all {
		names[each.name] = true
	}
	for _, each := range all {
		t.Run(each.name, func(t *testing.T) { each.checkManifest(t, names) })
	}
}

func (m *template) checkManifest(t *testing.T, names map[string]bool) {
	if m.Title == "" || len(m.Summary) < 40 || len(m.Settings) == 0 || m.Script["name"] != m.name {
		t.Errorf("incomplete: %+v", m)
	}
	if !slices.Contains([]string{"start", "devices", "services", "data", "schedules", "alerts"}, m.Group) {
		t.Errorf("the group is %q", m.Group)
	}
	if len(m.Routes)+len(m.Triggers) == 0 {
		t.Error("neither a route nor a trigger")
	}
	for _, other := range m.GoesWith {
		if !names[other] || other == m.name {
			t.Errorf("goes with %q", other)
		}
	}
	for _, step := range m.Settings {
		for _, found := range placeholder.FindAllStringSubmatch(step.Copy, -1) {
			if name, is := strings.CutPrefix(found[1], "secret:"); is && !slices.ContainsFunc(m.Secrets, func(s templateSecret) bool { return s.Name == name && s.Generate }) {
				t.Errorf("a step shows the secret %q, which is not a generated one", name)
			}
		}
		if strings.Contains(step.Text, "{base}") {
			t.Errorf("a placeholder stands outside what is copied: %s", step.Text)
		}
	}
	for _, secret := range m.Secrets {
		if !strings.Contains(m.source, secret.Name) && !strings.Contains(readText(t, templateFolder+"/"+m.name+"/manifest.json"), `"secret": "`+secret.Name) {
			t.Errorf("the secret %s is asked for and not used", secret.Name)
		}
	}
}

// installed is a template in an app of its own.
type installed struct {
	*template
	app, script string
	triggers    []string
}

// install does what the gallery does: secrets, script, grants, routes, triggers.
func (s *server) install(m *template, app string, world *outsideWorld) installed {
	s.t.Helper()
	const admin = "/api/v1/admin/"
	for _, secret := range m.Secrets {
		value, known := world.secrets[secret.Name]
		if !known {
			s.t.Fatalf("nobody knows a value for the secret %s", secret.Name)
		}
		s.must(s.call("PUT", admin+"apps/"+app+"/secrets/"+secret.Name, map[string]string{"value": value}, nil), 200)
	}
	made := installed{template: m, app: app, script: s.newScriptIn(app, m.name, world.addresses.Replace(m.source), m.Script)}
	for _, grant := range m.Grants {
		host, port := world.destination(grant)
		s.must(s.call("POST", admin+"scripts/"+made.script+"/grants", map[string]any{"host": host, "port": port}, nil), 201)
	}
	for _, route := range m.Routes {
		s.must(s.call("POST", admin+"scripts/"+made.script+"/routes", route, nil), 201)
	}
	for _, trigger := range m.Triggers {
		body := maps.Clone(trigger)
		delete(body, "kind")
		body["script_id"] = made.script
		var answer struct{ ID string }
		s.must(s.call("POST", fmt.Sprintf("%sapps/%s/triggers/%s", admin, app, trigger["kind"]), body, &answer), 201)
		made.triggers = append(made.triggers, answer.ID)
	}
	return made
}

// fire runs a trigger's script with a test event.
func (s *server) fire(trigger string, event any) execution {
	s.t.Helper()
	var run struct{ Execution execution }
	s.must(s.call("POST", "/api/v1/admin/triggers/"+trigger+"/fire", map[string]any{"event": event}, &run), 200)
	return run.Execution
}

// Every template is installed into the real server, gets its device's request or
// a test event, and must answer and leave what it promises. All of them fit into
// one instance: no two routes collide.
func TestTemplates(t *testing.T) {
	t.Parallel()
	world := newOutsideWorld(t)
	s := startServer(t, "", world.environment()...)
	s.claim()
	for _, each := range readTemplates(t) {
		t.Run(each.name, func(t *testing.T) {
			want, known := templateEffects[each.name]
			if !known {
				t.Fatal("templateEffects does not say what it must do")
			}
			at := *s
			at.t = t
			at.newApp(each.name)
			at.wantNoFindings(each)
			made := at.install(each, each.name, world)
			at.wantEffect(made, want)
			if want.sent != "" {
				eventually(t, "the call to the outside", func() bool { return world.got(want.sent) })
			}
			at.wantToughRoutes(made)
			at.wantToughTriggers(made)
		})
	}
}

func (s *server) wantNoFindings(m *template) {
	s.t.Helper()
	a := s.must(s.call("POST", "/api/v1/admin/scripts:check", map[string]string{"name": m.name, "source": m.source}, nil), 200)
	if strings.TrimSpace(a.body) != `{"diagnostics":[]}` {
		s.t.Errorf("the linter says %s", a.body)
	}
}

// wantEffect sends the device's request, or the event, and checks what came of it.
func (s *server) wantEffect(m installed, want templateEffect) {
	s.t.Helper()
	for path, value := range want.before {
		method := "PUT"
		if strings.HasPrefix(path, "docs/") {
			method = "POST"
		}
		s.must(s.call(method, "/api/v1/admin/apps/"+m.app+"/"+path, value, nil), 200, 201)
	}
	if want.also != "" {
		s.sendRaw(readText(s.t, want.also))
	}
	if m.request == "" {
		if run := s.fire(m.triggers[0], m.event); run.Status != "success" {
			s.t.Errorf("the run ended with %s %+v", run.Status, run.Error)
		}
	} else if status, body := s.sendRaw(m.request); !strings.Contains(status, want.status) || !strings.Contains(body, want.answer) {
		s.t.Errorf("answer %s %s, want %s %s", status, body, want.status, want.answer)
	}
	if want.kept == "" {
		return
	}
	if a := s.must(s.call("GET", "/api/v1/admin/apps/"+m.app+"/"+want.kept, nil, nil), 200); !strings.Contains(a.body, want.holds) {
		s.t.Errorf("%s has %s, want %s", want.kept, a.body, want.holds)
	}
}

// Three templates in one app work as one: a reading crosses a limit, the alarm
// notices, and the phone gets the message.
func TestTemplatesTogether(t *testing.T) {
	t.Parallel()
	world := newOutsideWorld(t)
	s := startServer(t, "", world.environment()...)
	s.claim()
	for _, each := range readTemplates(t) {
		if slices.Contains([]string{"shelly-climate", "temperature-alarm", "ntfy-push", "tasmota-power"}, each.name) {
			s.install(each, "default", world)
		}
	}
	s.sendRaw(rawRequest("GET", "/shelly/climate?id=freezer&temp=41.5&hum=20", ""))
	eventually(t, "the message about the freezer", func() bool { return world.got("is too warm: 41.5") })
	s.sendRaw(rawRequest("POST", "/tasmota/power", `{"plug":"washer","power":900}`))
	s.sendRaw(rawRequest("POST", "/tasmota/power", `{"plug":"washer","power":1}`))
	eventually(t, "the message about the washing machine", func() bool { return world.got("has finished") })
}

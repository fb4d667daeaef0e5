package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const piAddress = "http://192.168.1.10" // PiCloud's on these pages

// Each recipe is followed to its end on a real server: every command, every
// script, every output that it shows. Its scripts and settings are those of the
// gallery, and whatever address of PiCloud it gives a device leads to its script.
func TestRecipes(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/recipes/*.md")
	if err != nil || len(pages) < 7 {
		t.Fatalf("%d recipes, want at least 7 (%v)", len(pages), err)
	}
	for _, page := range pages {
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			t.Parallel()
			followRecipe(t, page)
		})
	}
}

func followRecipe(t *testing.T, page string) {
	home := newRecipeHome(t)
	s := startServer(t, "")
	s.claim()
	programs := t.TempDir()
	if err := os.WriteFile(filepath.Join(programs, "mosquitto_sub"), []byte(mosquittoSub), 0o755); err != nil {
		t.Fatal(err)
	}
	environment := []string{"PICLOUD_URL=" + s.url, "PICLOUD_TOKEN=" + s.token, "PATH=" + programs + ":" + filepath.Dir(binary) + ":" + os.Getenv("PATH")}
	r := newReader(t, environment, recipeSecrets, home.addresses(s)...)
	r.follow(page, "")
	if t.Failed() {
		return
	}
	for _, call := range recipeCalls[filepath.Base(strings.TrimSuffix(page, ".md"))] {
		eventually(t, "the call "+call, func() bool { return home.got(call) })
	}
	templates := readTemplates(t)
	for _, b := range blocksOf(t, page) {
		b.wantAsInGallery(t, templates)
		r.wantServiceRuns(b)
		s.wantRouteFor(b)
	}
	for _, payload := range publicURL.FindAllStringSubmatch(readText(t, page), -1) {
		s.wantMatch("POST", payload[1])
	}
}

// wantAsInGallery holds that scripts and settings have one source.
func (b block) wantAsInGallery(t *testing.T, templates []*template) {
	t.Helper()
	if b.mark != "template" && b.mark != "setting" {
		return
	}
	i := slices.IndexFunc(templates, func(m *template) bool { return m.name == b.name })
	if i < 0 {
		t.Fatalf("there is no template %q", b.name)
	}
	if b.mark == "template" && b.text != templates[i].source {
		t.Errorf("the template %s has another script than this:\n%s", b.name, b.text)
	}
	same := func(step templateSetting) bool {
		return strings.ReplaceAll(step.Copy, "{base}", piAddress) == strings.TrimSuffix(b.text, "\n")
	}
	if b.mark == "setting" && !slices.ContainsFunc(templates[i].Settings, same) {
		t.Errorf("no setting of the template %s is\n%s", b.name, b.text)
	}
}

// wantServiceRuns runs the program of a service that a page sets up.
func (r *reader) wantServiceRuns(b block) {
	r.t.Helper()
	if b.language != "ini" {
		return
	}
	program := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/(\S+)$`).FindStringSubmatch(b.text)
	if program == nil {
		r.t.Fatalf("the service starts nothing:\n%s", b.text)
	}
	if printed, code := r.run("./" + program[1] + "\n"); code != 0 || !strings.Contains(printed, `{"device":"hall door"}`) {
		r.t.Errorf("%s ends with %d and prints %s", program[1], code, printed)
	}
}

// deviceCall is a call of PiCloud that a device's configuration asks for.
type deviceCall struct{ method, url string }

var (
	piURL     = regexp.MustCompile(regexp.QuoteMeta(piAddress) + `[^\s"'\\]*`)
	publicURL = regexp.MustCompile(`https://pi\.example\.com(/[\w/-]+)`) // what is called from the internet, all by POST
	webRule   = regexp.MustCompile(`(?:WebQuery (\S+) (GET|POST)|WebSend \[([^]]+)\] (/\S+))`)
)

// wantRouteFor holds that every call in a device's configuration reaches a script.
func (s *server) wantRouteFor(b block) {
	s.t.Helper()
	if b.runs() || b.language == "lua" {
		return // these calls were made
	}
	calls := b.calls(s.t)
	for _, url := range piURL.FindAllString(b.text, -1) {
		if !slices.ContainsFunc(calls, func(c deviceCall) bool { return strings.HasPrefix(c.url, url) }) {
			s.t.Errorf("nobody knows how the device calls %s in\n%s", url, b.text)
		}
	}
	for _, call := range calls {
		path, _, _ := strings.Cut(strings.TrimPrefix(call.url, piAddress), "?")
		s.wantMatch(call.method, path)
	}
}

func (s *server) wantMatch(method, path string) {
	s.t.Helper()
	var match struct{ Matched bool }
	s.must(s.call("POST", "/api/v1/admin/routes:match", map[string]string{"method": method, "url": path}, &match), 200)
	if !match.Matched {
		s.t.Errorf("no route of the page answers %s %s, which it tells the sender to call", method, path)
	}
}

// calls reads a device's configuration as the device would.
func (b block) calls(t testing.TB) (calls []deviceCall) {
	t.Helper()
	switch b.language {
	case "yaml":
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(b.text), &document); err != nil {
			t.Fatalf("this is no YAML: %v\n%s", err, b.text)
		}
		return yamlCalls(&document, http.MethodGet)
	case "json":
		var nodes []struct{ Type, Method, URL string }
		if err := json.Unmarshal([]byte(b.text), &nodes); err != nil {
			t.Fatalf("this is no flow of Node-RED: %v\n%s", err, b.text)
		}
		for _, node := range nodes {
			if node.Type == "http request" {
				calls = append(calls, deviceCall{node.Method, node.URL})
			}
		}
	case "bash":
		for _, url := range piURL.FindAllString(b.text, -1) {
			calls = append(calls, deviceCall{http.MethodPost, url}) // curl -d
		}
	case "text":
		for _, rule := range webRule.FindAllStringSubmatch(b.text, -1) {
			if rule[3] != "" {
				calls = append(calls, deviceCall{http.MethodGet, "http://" + rule[3] + rule[4]})
			} else {
				calls = append(calls, deviceCall{rule[2], rule[1]})
			}
		}
		if strings.HasPrefix(b.text, piAddress) { // an action of a Shelly
			calls = append(calls, deviceCall{http.MethodGet, strings.TrimSpace(b.text)})
		}
	}
	return calls
}

// yamlCalls finds what ESPHome (http_request.post) and Home Assistant (method) call.
func yamlCalls(node *yaml.Node, method string) (calls []deviceCall) {
	if node.Kind != yaml.MappingNode {
		for _, below := range node.Content {
			calls = append(calls, yamlCalls(below, method)...)
		}
		return calls
	}
	url := ""
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		switch key {
		case "url":
			url = value.Value
		case "method":
			method = strings.ToUpper(value.Value)
		default:
			below := http.MethodGet
			if key == "http_request.post" {
				below = http.MethodPost
			}
			calls = append(calls, yamlCalls(value, below)...)
		}
	}
	if strings.HasPrefix(url, piAddress) {
		calls = append(calls, deviceCall{method, url})
	}
	return calls
}

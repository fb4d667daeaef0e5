package main_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// recipeHome is the house of the recipes: every device that PiCloud, or the reader
// with curl, calls. It keeps what it got.
type recipeHome struct {
	*outsideWorld
	devices *httptest.Server
}

const (
	piAddress     = "http://192.168.1.10" // PiCloud's on these pages
	shellyNonce   = "60dc0925"
	digestRequest = `Digest qop="auth", realm="shellyplus1pm-08b61fc8e2d4", nonce="` + shellyNonce + `", algorithm=SHA-256`
)

func newRecipeHome(t *testing.T) *recipeHome {
	t.Helper()
	h := &recipeHome{outsideWorld: &outsideWorld{}}
	devices := http.NewServeMux()
	devices.HandleFunc("GET /settings/actions", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"actions":{}}`) })
	devices.HandleFunc("/rpc/", shelly(`{"was_on":false}`))
	devices.HandleFunc("/rpc", shelly(`{"id":1,"src":"shellyplus1pm-08b61fc8e2d4","result":{"id":1,"rev":1}}`))
	devices.HandleFunc("GET /cm", tasmota)
	devices.HandleFunc("POST /api/webhook/picloud-7c1f0e", func(http.ResponseWriter, *http.Request) {})
	devices.HandleFunc("POST /api/services/light/turn_on", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer long-lived" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[{"entity_id":"light.kitchen","state":"on"}]`)
	})
	h.devices = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.note(r.Method + " " + r.RequestURI + " " + string(body))
		devices.ServeHTTP(w, r)
	}))
	t.Cleanup(h.devices.Close)
	return h
}

// shelly answers who knows the password, by a digest as in RFC 7616.
func shelly(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		hash := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
		sent := map[string]string{}
		for _, field := range regexp.MustCompile(`(\w+)="?([^",]*)"?`).FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
			sent[field[1]] = field[2]
		}
		secret := hash("admin:shellyplus1pm-08b61fc8e2d4:shelly-password")
		want := hash(strings.Join([]string{secret, shellyNonce, sent["nc"], sent["cnonce"], "auth", hash(r.Method + ":" + r.RequestURI)}, ":"))
		if sent["response"] != want {
			w.Header().Set("WWW-Authenticate", digestRequest)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}
}

// tasmota answers 200 whatever it is asked.
func tasmota(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if query := r.URL.Query(); query.Get("user") != "admin" || query.Get("password") != "tasmota-password" {
		fmt.Fprint(w, `{"WARNING":"Need user=<username>&password=<password>"}`)
	} else if strings.HasPrefix(query.Get("cmnd"), "Power") {
		fmt.Fprint(w, `{"POWER":"ON"}`)
	}
}

// addresses puts this house in place of the one of the pages. It is all on this
// machine, which the network guard calls by another name than the home network.
func (h *recipeHome) addresses(s *server) []string {
	port := portOf(h.devices)
	return []string{
		piAddress, s.url,
		"http://192.168.1.30", h.devices.URL, "http://192.168.1.31", h.devices.URL, "http://192.168.1.32", h.devices.URL,
		"192.168.1.31 80", "127.0.0.1 " + port[1:], "192.168.1.32 80", "127.0.0.1 " + port[1:],
		"192.168.1.20 8123", "127.0.0.1 " + port[1:], `":8123"`, `"` + port + `"`,
		"blocked:private", "blocked:loopback", `"host":"192.168.1.31","port":80`, `"host":"127.0.0.1","port":` + port[1:],
	}
}

// recipeSecrets are what a person types.
var recipeSecrets = map[string]string{
	"secrets set SHELLY_PASSWORD": "shelly-password", "secrets set TASMOTA_PASSWORD": "tasmota-password",
	"secrets set HOME_ASSISTANT_HOST": "127.0.0.1", "secrets set HOME_ASSISTANT_WEBHOOK": "picloud-7c1f0e", "secrets set HOME_ASSISTANT_TOKEN": "long-lived",
}

// recipeCalls are what the devices of a recipe must have got.
var recipeCalls = map[string][]string{
	"shelly":         {"GET /settings/actions?index=0&name=report_url", `"method": "Webhook.Create"`, "GET /rpc/Switch.Set?id=0&on=true"},
	"tasmota":        {"Power", "cmnd=Power+On"},
	"home-assistant": {`POST /api/webhook/picloud-7c1f0e {"topic":"alerts/washer"`, `POST /api/services/light/turn_on {"entity_id":"light.kitchen"}`},
}

// mosquittoSub stands in for a broker with one message, in the form asked for.
const mosquittoSub = `#!/bin/bash
while [ $# -gt 0 ]; do
  case $1 in -F) form=$2; shift ;; -t) topic=$2; shift ;; esac
  shift
done
[ "$topic" = 'zigbee2mqtt/+' ] || exit 1
form=${form//%t/zigbee2mqtt/hall door} payload='{"contact":true,"battery":80}'
echo "${form//%p/$payload}"
`

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
	piURL   = regexp.MustCompile(regexp.QuoteMeta(piAddress) + `[^\s"'\\]*`)
	webRule = regexp.MustCompile(`(?:WebQuery (\S+) (GET|POST)|WebSend \[([^]]+)\] (/\S+))`)
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
		var match struct{ Matched bool }
		s.must(s.call("POST", "/api/v1/admin/routes:match", map[string]string{"method": call.method, "url": path}, &match), 200)
		if !match.Matched {
			s.t.Errorf("no route of the page answers %s %s, which it tells the device to call", call.method, call.url)
		}
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

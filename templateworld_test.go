package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// outsideWorld is what templates reach: a mail server, services of the internet
// and a device of the home network that needs a grant. It keeps what it got.
type outsideWorld struct {
	mail     net.Listener
	internet *httptest.Server
	home     *httptest.Server

	addresses *strings.Replacer // puts these servers in place of the real ones
	secrets   map[string]string // what a person would enter

	mutex    sync.Mutex
	received strings.Builder
}

func newOutsideWorld(t *testing.T) *outsideWorld {
	t.Helper()
	w := &outsideWorld{}
	record := http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.note(r.Method + " " + r.URL.Path + " " + string(body))
		if err != nil || strings.HasPrefix(r.URL.Path, "/down") {
			answer.WriteHeader(http.StatusInternalServerError)
		}
	})
	w.internet, w.home = httptest.NewServer(record), httptest.NewServer(record)
	t.Cleanup(w.internet.Close)
	t.Cleanup(w.home.Close)
	var err error
	if w.mail, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for connection, err := w.mail.Accept(); err == nil; connection, err = w.mail.Accept() {
			sessions.Go(func() { w.takeMail(connection) })
		}
	})
	t.Cleanup(func() { _ = w.mail.Close(); sessions.Wait() })
	w.addresses = strings.NewReplacer("https://api.telegram.org", w.internet.URL, "https://example.com/", w.internet.URL+"/down", ":8123", portOf(w.home))
	w.secrets = map[string]string{
		"NTFY_URL": w.internet.URL + "/my-topic", "ALERT_EMAIL": "ada@example.com", "HOME_ASSISTANT_HOST": "127.0.0.1", "HOME_ASSISTANT_WEBHOOK": "picloud-7c1f0e",
		"TELEGRAM_TOKEN": "123456789:token", "TELEGRAM_CHAT": "123456789", "OWNTRACKS_LOGIN": "alice:secret-password",
		"GITHUB_WEBHOOK_SECRET": "It's a Secret to Everybody",
	}
	return w
}

// portOf is a server's port behind a colon.
func portOf(s *httptest.Server) string { return s.URL[strings.LastIndex(s.URL, ":"):] }

// destination is what a grant must open for the template to reach this world.
func (w *outsideWorld) destination(grant templateGrant) (host string, port int) {
	port, _ = strconv.Atoi(portOf(w.home)[1:]) // a server's own port is a number
	return w.secrets[grant.HostSecret], port
}

// environment points a server to this world. The internet's stand-in is on this
// machine, so it is opened; the home network's is not: that takes a grant.
func (w *outsideWorld) environment() []string {
	_, port, _ := net.SplitHostPort(w.mail.Addr().String())
	return []string{
		"PICLOUD_HTTP_ALLOW=" + strings.TrimPrefix(w.internet.URL, "http://"),
		"PICLOUD_SMTP_HOST=127.0.0.1", "PICLOUD_SMTP_PORT=" + port, "PICLOUD_SMTP_TLS=none", "PICLOUD_SMTP_FROM=PiCloud <pi@example.com>",
	}
}

// takeMail speaks as much SMTP as a client needs to leave a message.
func (w *outsideWorld) takeMail(connection net.Conn) {
	defer connection.Close()
	lines := bufio.NewScanner(connection)
	say := func(line string) { fmt.Fprint(connection, line+"\r\n") }
	say("220 mail")
	inData := false
	for lines.Scan() {
		switch line := lines.Text(); {
		case inData && line == ".":
			inData = false
			say("250 taken")
		case inData:
			w.note(line)
		case strings.HasPrefix(line, "DATA"):
			inData = true
			say("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (w *outsideWorld) note(line string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.received.WriteString(line + "\n")
}

func (w *outsideWorld) got(text string) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return strings.Contains(w.received.String(), text)
}

// templateEffect is what a template must answer to its device, what it then keeps
// (a path below apps/{app}, and what is found there), and what the world gets.
type templateEffect struct {
	before         map[string]any // what the app's data has before, by path
	status, answer string
	kept, holds    string
	sent           string
	also           string // a file with a request that comes first, such as one with a picture
}

var templateEffects = map[string]templateEffect{
	"greeting":               {status: "200", answer: `"hello":"Ada"`},
	"webhook-inbox":          {status: "201", answer: `"kept":`, kept: "docs/inbox", holds: `"body":{"button":"hall","pressed":true}`},
	"counter":                {before: map[string]any{"kv/counters/coffee": map[string]int{"value": 6}}, status: "200", answer: `"count":7`, kept: "kv/counters/coffee", holds: `"value":7`},
	"sensor-history":         {status: "201", answer: `"stored":21.5`, kept: "docs/readings", holds: `"temperature":21.5`},
	"shelly-climate":         {status: "200", answer: "ok", kept: "docs/readings", holds: `"sensor":"shellyht-6A0B1C","temperature":21.38`},
	"shelly-events":          {status: "200", answer: "ok", kept: "kv/shelly/08B61FC8E2D4", holds: `"temperature":22.5`},
	"tasmota-power":          {status: "200", answer: `"running":true`, kept: "kv/plugs/tasmota_washer", holds: `"power":41`},
	"esphome-sensor":         {status: "200", answer: `"temperature":61.3`, kept: "docs/readings", holds: `"sensor":"room"`},
	"zigbee2mqtt":            {status: "200", answer: `"device":"hall door"`, kept: "kv/zigbee/hall%20door", holds: `"contact":false`},
	"home-assistant":         {status: "200", answer: `"state":"on"`, kept: "kv/home_assistant/light.kitchen", holds: `"state":"on"`},
	"home-assistant-webhook": {sent: `POST /api/webhook/picloud-7c1f0e {"topic":"alerts/test","title":"Washing machine","message":"has finished"}`},
	"github-push":            {status: "200", answer: `"commits":1`, kept: "docs/pushes", holds: `"message":"Änderung am Café"`},
	"weather-wunderground":   {status: "200", answer: "success", kept: "docs/readings", holds: `"temperature":6.5`},
	"weather-ambient":        {status: "200", answer: "ok", kept: "docs/readings", holds: `"sensor":"ambient-DDEEFF","temperature":20.2`},
	"weather-ecowitt":        {status: "200", answer: "ok", kept: "docs/readings", holds: `"sensor":"GW1000_Pro outdoor","temperature":6.5`},
	"plex":                   {also: "testdata/devices/plex-media-play.http", status: "200", answer: "ok", kept: "kv/plex/TV", holds: `"title":"Der Dritte Mann"`},
	"owntracks":              {status: "200", answer: "[]", kept: "kv/positions/alice", holds: `"lat":48.2082`},
	"doorbell-email":         {status: "202", answer: `"delivery_id":`, sent: "Subject: The doorbell rings: front"},
	"daily-report":           {before: map[string]any{"docs/readings": map[string]any{"data": map[string]any{"sensor": "hall", "temperature": 20.5}}}, sent: "hall: 20.5 to 20.5"},
	"temperature-alarm":      {kept: "kv/alarm/freezer", holds: `"too warm"`},
	"uptime-monitor":         {kept: "kv/uptime", holds: `"status 500"`},
	"ntfy-push":              {sent: `"topic":"my-topic","title":"Front door"`},
	"telegram-message":       {sent: `POST /bot123456789:token/sendMessage {"chat_id":"123456789","text":"Freezer\nis too warm`},
	"dead-letter-alert":      {sent: "Subject: PiCloud: an event has failed for good"},
}

package main_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// recipeHome is the house of the recipes: every device that PiCloud, or the reader
// with curl, calls. It keeps what it got.
type recipeHome struct {
	*outsideWorld
	devices *httptest.Server
}

const (
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

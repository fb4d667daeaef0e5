package main_test

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var crashSeed = flag.Uint64("seed", 0, "the seed of the rigs that crash the server; 0 draws one")

// seeded returns a source of chance that a failed test can be repeated with.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// crashLoad is what clients do while the server is killed, stopped or out of
// space, and what they were promised: 30 writes and 20 events a second.
type crashLoad struct {
	mutex    sync.Mutex
	writes   map[string]bool // acknowledged, by key
	events   map[string]bool
	refused  map[string]bool   // answered with 507
	failures map[string]string // any other answer
	last     atomic.Int64      // the number of the newest key
}

func newCrashLoad() *crashLoad {
	return &crashLoad{writes: map[string]bool{}, events: map[string]bool{}, refused: map[string]bool{}, failures: map[string]string{}}
}

const (
	clientPause = 100 * time.Millisecond // between a client's calls
	// badKey marks events whose handler fails, so that they end as dead letters.
	badKey = "bad"
)

// clients are the paths that they call, one after another.
var clients = []string{"/write/", "/write/", "/write/", "/event/", "/later/"}

// install makes the scripts. Each takes note of what it has done in the
// collection "done", with the number of the attempt.
func (l *crashLoad) install(s *server) {
	s.t.Helper()
	small := s.newScript("write", `kv.collection("writes"):set(ctx.request.params.key, 1) return {}`, nil)
	s.newRoute(small, "POST", "/write/:key")
	s.newRoute(s.newScript("large", `kv.collection("writes"):set(ctx.request.params.key, ("x"):rep(100000)) return {}`, nil), "POST", "/large/:key")
	s.newRoute(s.newScript("read", `return kv.collection("writes"):get(ctx.request.params.key)`, nil), "GET", "/read/:key")
	s.newRoute(s.newScript("hello", `return "hello"`, nil), "GET", "/hello")
	s.newRoute(s.newScript("event", `kv.collection("events"):set(ctx.request.params.key, 1) return {}`, nil), "POST", "/event/:key")

	work := `local t = os.clock() while os.clock() - t < 0.02 do end `
	later := s.newScript("later", work+`kv.collection("done"):set(ctx.request.params.key, 1) return {}`, nil)
	s.must(s.call("POST", "/api/v1/admin/scripts/"+later+"/routes",
		map[string]string{"method": "POST", "path": "/later/:key", "dispatch_mode": "async"}, nil), 201)
	handler := s.newScript("handler", work+`if ctx.event.key:find("`+badKey+`") then error("a bad event") end
		kv.collection("done"):set(ctx.event.key, ctx.event.attempt)`, nil)
	s.must(s.call("POST", "/api/v1/admin/apps/default/triggers/kv", map[string]any{"script_id": handler, "name": "events",
		"kv": map[string]string{"collection": "events"}, "retry": map[string]any{"max_attempts": 2, "backoff": "constant", "base_ms": 50, "max_ms": 50}}, nil), 201)
}

// start sets the clients to work on a server and returns once one was
// answered; stop ends them.
func (l *crashLoad) start(s *server) (stop func()) {
	s.t.Helper()
	transport := &http.Transport{}
	end, answered := make(chan struct{}), make(chan struct{}, len(clients))
	var working sync.WaitGroup
	for _, path := range clients {
		working.Go(func() {
			client := &http.Client{Transport: transport}
			pause := time.NewTicker(clientPause)
			defer pause.Stop()
			for {
				l.call(client, s.url, path)
				select {
				case answered <- struct{}{}:
				default:
				}
				select {
				case <-pause.C:
				case <-end:
					return
				}
			}
		})
	}
	<-answered
	return func() {
		close(end)
		working.Wait()
		transport.CloseIdleConnections()
	}
}

// call makes one request with a key of its own. One without an answer promised
// nothing.
func (l *crashLoad) call(client *http.Client, server, path string) {
	key := fmt.Sprintf("%s-%06d", strings.Trim(path, "/"), l.last.Add(1))
	if path == "/event/" && l.last.Load()%5 == 0 {
		key += badKey
	}
	response, err := client.Post(server+path+key, "", nil)
	if err != nil {
		return
	}
	body, _ := io.ReadAll(response.Body) // for a message only
	response.Body.Close()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case response.StatusCode == http.StatusInsufficientStorage:
		l.refused[key] = true
	case response.StatusCode == http.StatusServiceUnavailable: // it stops, or is too busy
	case response.StatusCode >= 300:
		l.failures[key] = fmt.Sprint(response.StatusCode, " ", string(body))
	case path == "/event/" || path == "/later/":
		l.events[key] = true
	default:
		l.writes[key] = true
	}
}

// check compares what a server holds with what was promised: each write is
// there, and each event is done or a dead letter. It waits until nothing waits.
func (l *crashLoad) check(s *server) {
	s.t.Helper()
	drain(s)
	writes, done := s.values("writes"), s.values("done")
	dead := s.deadLetters()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for key := range l.writes {
		if writes[key] == "" {
			s.t.Errorf("the acknowledged write %s is lost", key)
		}
	}
	for key := range l.events {
		if bad := strings.HasSuffix(key, badKey); done[key] == "" && !dead[key] || bad && !dead[key] {
			s.t.Errorf("the acknowledged event %s is neither done (%q) nor a dead letter (%t)", key, done[key], dead[key])
		}
	}
	for key, answer := range l.failures {
		s.t.Errorf("%s was answered with %s", key, answer)
	}
	for key := range l.refused {
		if writes[key] != "" || done[key] != "" {
			s.t.Errorf("%s is there, but was refused", key)
		}
	}
}

// drain waits until the outbox is empty: each event is done or a dead letter.
func drain(s *server) {
	s.t.Helper()
	var page struct{ Items []struct{ Held string } }
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		answer := s.must(s.call("GET", "/api/v1/admin/apps/default/outbox?limit=1", nil, &page), 200)
		if len(page.Items) == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the outbox does not become empty: %s", answer.body)
		}
	}
}

// values are the entries of a collection.
func (s *server) values(collection string) map[string]string {
	s.t.Helper()
	found := map[string]string{}
	s.pages("/api/v1/admin/apps/default/kv/"+collection, func(item map[string]any) {
		found[fmt.Sprint(item["key"])] = fmt.Sprint(item["value"])
	})
	return found
}

var loadKey = regexp.MustCompile(`(event|later)-\d+(` + badKey + `)?`)

// deadLetters are the keys of the events that were given up.
func (s *server) deadLetters() map[string]bool {
	s.t.Helper()
	found := map[string]bool{}
	s.pages("/api/v1/admin/apps/default/dead-letters", func(item map[string]any) {
		found[loadKey.FindString(fmt.Sprint(item["event"]))] = true
	})
	return found
}

// pages calls each with every item of a list.
func (s *server) pages(path string, each func(map[string]any)) {
	s.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Items      []map[string]any
			NextCursor string `json:"next_cursor"`
		}
		s.must(s.call("GET", path+"?limit=100&cursor="+url.QueryEscape(cursor), nil, &page), 200)
		for _, item := range page.Items {
			each(item)
		}
		if cursor = page.NextCursor; cursor == "" {
			return
		}
	}
}

// summary is one line of figures.
func (l *crashLoad) summary() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	bad := slices.Collect(maps.Keys(l.events))
	bad = slices.DeleteFunc(bad, func(key string) bool { return !strings.HasSuffix(key, badKey) })
	return fmt.Sprintf("%d writes and %d events (%d of them bad) acknowledged, %d refused", len(l.writes), len(l.events), len(bad), len(l.refused))
}

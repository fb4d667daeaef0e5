package http

import (
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picloud/store"
)

func TestStreamShowsEachRun(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /hello", `log.info("said hello", {to = "you"}) return "hello"`)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	reader := openStream(t, web.URL, "", owner)
	if ready := reader.next("ready"); ready.id == "" || ready.data != "{}" {
		t.Errorf("the stream begins with %+v", ready)
	}
	wantStatus(t, request(t, s, "GET", "/hello?x=1", "", nil), 200)
	event := reader.next("execution")
	stored := request(t, s, "GET", adminPrefix+"executions/"+event.id, "", owner)
	wantStatus(t, stored, 200)
	if difference := cmp.Diff(strings.TrimSpace(stored.Body.String()), event.data); difference != "" {
		t.Errorf("the record in the log differs from the event (- log, + event):\n%s", difference)
	}
}

func TestStreamFilters(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := serveScript(t, s, owner, "GET /good/*", `return "fine"`)
	serveScript(t, s, owner, "GET /bad/*", `error("out of milk")`)
	wantStatus(t, request(t, s, "POST", adminPrefix+"apps", `{"slug":"other","name":"Other"}`, owner), 201)
	foreign := request(t, s, "POST", adminPrefix+"apps/other/scripts", `{"name":"x","source":"return 1"}`, owner)
	wantStatus(t, foreign, 201)
	other := field(t, foreign, "id")
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	wanted := map[string][]string{
		"": {"/good/1", "/bad/1", "/good/2"}, "?status=error": {"/bad/1"}, "?text=OUT+of": {"/bad/1"}, "?text=%2Fgood%2F2": {"/good/2"},
		"?script=" + script: {"/good/1", "/good/2"}, "?until=2020-01-01T00:00:00Z&text=thing%3Dtea": {},
	}
	readers := map[string]*streamReader{}
	for query := range wanted {
		readers[query] = openStream(t, web.URL, query, owner)
		readers[query].next("ready")
	}
	for _, path := range []string{"/good/1", "/bad/1", "/good/2?thing=tea"} {
		request(t, s, "GET", path, "", nil)
	}
	wantStatus(t, request(t, s, "POST", adminPrefix+"scripts/"+other+"/invoke", `{"request":{}}`, owner), 200)
	for query, paths := range wanted {
		for _, path := range paths {
			if got := readers[query].next("execution").path(t); got != path {
				t.Errorf("%s shows %s, want %s", query, got, path)
			}
		}
	}
	s.streams.close()
	for _, reader := range readers {
		reader.next("end")
		reader.over()
	}
}

func TestStreamFilterErrors(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	wantStatus(t, request(t, s, "POST", adminPrefix+"apps", `{"slug":"other","name":"Other"}`, owner), 201)
	other := request(t, s, "POST", adminPrefix+"apps/other/scripts", `{"name":"x","source":"return 1"}`, owner)
	wantStatus(t, other, 201)
	for query, code := range map[string]string{
		"?status=odd": "bad_parameter", "?since=now": "bad_parameter", "?after=1": "bad_parameter", "?script=1": "bad_parameter",
		"?script=" + field(t, other, "id"): "not_found", "?text=" + strings.Repeat("x", 257): "bad_parameter",
	} {
		for _, list := range []string{"logs/stream", "logs"} {
			if list == "logs" && strings.HasPrefix(query, "?after") {
				continue
			}
			w := request(t, s, "GET", adminPrefix+"apps/default/"+list+query, "", owner)
			if got := field(t, w, "error.code"); got != code {
				t.Errorf("%s%s: %s, want %s", list, query, got, code)
			}
		}
	}
	w := request(t, s, "GET", adminPrefix+"apps/default/logs/stream", "", map[string]string{"Authorization": owner["Authorization"], "Last-Event-ID": "x"})
	wantError(t, w, 400, "bad_parameter")
}

// A reader that lost its connection goes on where it was, whether or not the
// records are in the database yet.
func TestStreamGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /n/*", `return 1`)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	run := func(from, to int) {
		for n := from; n <= to; n++ {
			s.clock.advance(time.Minute)
			wantStatus(t, request(t, s, "GET", "/n/"+strconv.Itoa(n), "", nil), 200)
		}
	}
	reader := openStream(t, web.URL, "", owner)
	place := reader.next("ready").id
	run(1, 3)
	var seen []string
	for range 3 {
		seen = append(seen, reader.next("execution").id)
	}
	reader.close()
	run(4, 5)
	for from, want := range map[string][]string{place: {"/n/1", "/n/2", "/n/3", "/n/4", "/n/5"}, seen[1]: {"/n/3", "/n/4", "/n/5"}, seen[2]: {"/n/4", "/n/5"}} {
		for _, given := range []struct {
			query   string
			headers map[string]string
		}{
			{"?after=" + from, owner},
			{"?after=" + seen[0], map[string]string{"Authorization": owner["Authorization"], "Last-Event-ID": from}},
		} {
			again := openStream(t, web.URL, given.query, given.headers)
			paths := again.past()
			again.close()
			// What was made within the same second may come again.
			if got := paths[max(0, len(paths)-len(want)):]; cmp.Diff(want, got) != "" {
				t.Errorf("after %s come %q, want %q at their end", given.query, paths, want)
			}
		}
	}
}

// Records that are made while the past is read come once.
func TestStreamRepeatsNothingAtItsBeginning(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /n/*", `return 1`)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	first := openStream(t, web.URL, "", owner)
	place := first.next("ready").id
	const runs = 40
	var group sync.WaitGroup
	group.Go(func() {
		for n := range runs {
			request(t, s, "GET", "/n/"+strconv.Itoa(n), "", nil)
		}
	})
	first.next("execution")
	second := openStream(t, web.URL, "?after="+place, owner)
	group.Wait()
	seen := map[string]int{}
	for len(seen) < runs {
		select {
		case event, ok := <-second.events:
			if !ok {
				t.Fatal("the stream is over")
			}
			if event.kind == "execution" {
				seen[event.path(t)]++
			}
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d runs came", len(seen), runs)
		}
	}
	for path, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", path, times)
		}
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return asFailure(err).Code
}

// What lets a reader read is looked at again and again.
func TestStreamEndsWhenItsReaderMayReadNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.streams.beat = 20 * time.Millisecond
	web := httptest.NewServer(w)
	t.Cleanup(web.Close)
	remove := func(user store.User, _ map[string]string) {
		w.must("DELETE", "apps/default/members/"+user.Username, "", w.owner)
	}
	member := func() (store.User, map[string]string) {
		user := w.newUser(store.RoleMember)
		w.join(user, "default", store.AppViewer)
		return user, w.session(user)
	}
	for name, c := range map[string]struct {
		code string
		user func() (store.User, map[string]string)
		take func(user store.User, headers map[string]string)
	}{
		"sign out":   {"unauthorized", w.admin, func(_ store.User, headers map[string]string) { w.must("POST", "auth/logout", "", headers) }},
		"deactivate": {"unauthorized", w.admin, w.patch(`{"active":false}`)},
		"demote":     {"not_found", w.admin, w.patch(`{"role":"member"}`)},
		"remove":     {"not_found", member, remove},
		"revoke": {"unauthorized", w.ownersKey, func(user store.User, _ map[string]string) {
			keys, err := w.store.APIKeys(context.Background(), user.ID, store.PageRequest{})
			if err != nil {
				t.Fatal(err)
			}
			w.must("DELETE", "api-keys/"+keys.Items[0].ID.String(), "", w.session(user))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			user, headers := c.user()
			reader := openStream(t, web.URL, "", headers)
			reader.next("ready")
			c.take(user, headers)
			if end := reader.next("end"); !strings.Contains(end.data, `"code":"`+c.code+`"`) {
				t.Errorf("the stream ends with %s, want %s", end.data, c.code)
			}
			reader.over()
		})
	}
}

// A stream that stays open does not keep its session alive.
func TestStreamIsNoUseOfASession(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	s.streams.beat = 20 * time.Millisecond
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	reader := openStream(t, web.URL, "", owner)
	reader.next("ready")
	for range 5 {
		s.clock.advance(5 * time.Hour)
	}
	if end := reader.next("end"); !strings.Contains(end.data, `"code":"unauthorized"`) {
		t.Errorf("the stream ends with %s", end.data)
	}
}

// EventSource of the page sends nothing but the cookie.
func TestStreamWithTheSessionCookie(t *testing.T) {
	t.Parallel()
	s, _ := newOwnedServer(t)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	cookie := pair(signInByCookie(t, s))
	reader := openStream(t, web.URL, "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin", "Accept": "text/event-stream"})
	reader.next("ready")
	foreign := openStream(t, web.URL, "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site", "Accept": "text/event-stream"})
	if foreign.status != 403 {
		t.Errorf("a foreign page is answered %d", foreign.status)
	}
}

package http

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// slowAnswer is a reader that takes nothing until it is let.
type slowAnswer struct {
	*httptest.ResponseRecorder
	waiting chan struct{} // told of the first record that waits
	taken   chan struct{}
	once    sync.Once
	written chan string
}

func (a *slowAnswer) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "event: execution") {
		a.once.Do(func() { close(a.waiting) })
		<-a.taken
	}
	a.written <- string(p)
	return len(p), nil
}

func TestStreamTellsASlowReaderWhatItLost(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /n", `return 1`)
	const runs = 400
	w := &slowAnswer{ResponseRecorder: httptest.NewRecorder(), waiting: make(chan struct{}), taken: make(chan struct{}), written: make(chan string, 2*runs)}
	ctx, cancel := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, "GET", adminPrefix+"apps/default/logs/stream", nil)
	r.Header.Set("Authorization", owner["Authorization"])
	var group sync.WaitGroup
	group.Go(func() { s.Server.ServeHTTP(w, r) })
	<-w.written // the stream is open
	wantStatus(t, request(t, s, "GET", "/n", "", nil), 200)
	<-w.waiting
	for range runs { // none of them waits for the reader
		wantStatus(t, request(t, s, "GET", "/n", "", nil), 200)
	}
	close(w.taken)
	records, lost := 0, 0
	for records+lost < runs+1 {
		event := <-w.written
		if data, ok := strings.CutPrefix(event, "event: dropped\ndata: "); ok {
			var dropped struct{ Count int }
			if err := json.Unmarshal([]byte(data), &dropped); err != nil {
				t.Fatal(err)
			}
			lost += dropped.Count
		}
		records += strings.Count(event, "event: execution")
	}
	cancel()
	group.Wait()
	if records+lost != runs+1 || lost == 0 {
		t.Errorf("%d records came and %d were lost of %d", records, lost, runs+1)
	}
}

// openStreams is how many streams there are.
func (s *testServer) openStreams() int {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return s.streams.total
}

func TestStreamsAreCapped(t *testing.T) {
	t.Parallel()
	open := newStreams()
	user := uuid.New()
	var leave []func()
	enter := func(user uuid.UUID, code string) {
		t.Helper()
		left, err := open.enter(user)
		if err == nil {
			leave = append(leave, left)
		}
		if got := codeOf(err); got != code {
			t.Fatalf("stream %d: %q, want %q", len(leave), got, code)
		}
	}
	for range maxStreamsPerUser {
		enter(user, "")
	}
	enter(user, "too_many_streams")
	for len(leave) < maxStreams {
		enter(uuid.New(), "")
	}
	enter(uuid.New(), "busy")
	leave[0]()
	enter(user, "")
	for _, left := range leave[1:] {
		left()
	}
	if open.total != 0 || len(open.open) != 0 {
		t.Errorf("%d streams are counted when all are gone: %v", open.total, open.open)
	}
	open.close()
	open.close()
	enter(user, "closed")
}

func TestStreamsOfOneUserAreCapped(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	for range maxStreamsPerUser {
		openStream(t, web.URL, "", owner).next("ready")
	}
	wantError(t, request(t, s, "GET", adminPrefix+"apps/default/logs/stream", "", owner), 429, "too_many_streams")
}

// narrowListener makes connections whose senders soon wait for their readers.
type narrowListener struct{ net.Listener }

func (l narrowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
}

// The stop ends streams at once, also one whose reader takes nothing.
func TestStopEndsStreams(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "GET /n", `return string.rep("x", 8000)`)
	listener := narrowListener{listen(t)}
	s.Start(listener)
	url := "http://" + listener.Addr().String()
	reader := openStream(t, url, "", owner)
	reader.next("ready")
	silent, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	if err := silent.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(silent, "GET %sapps/default/logs/stream HTTP/1.1\r\nHost: pi\r\nAuthorization: %s\r\n\r\n", adminPrefix, owner["Authorization"])
	for deadline := time.Now().Add(time.Minute); s.openStreams() < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d streams are open, want 2", s.openStreams())
		}
	}
	for range 1000 {
		wantStatus(t, request(t, s, "GET", "/n", "", nil), 200)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	for event := range reader.events {
		if event.kind == "end" {
			if !strings.Contains(event.data, `"code":"closed"`) {
				t.Errorf("the stream ends with %s", event.data)
			}
			return
		}
	}
	t.Error("the stream ends without a word")
}

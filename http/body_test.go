package http

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// deadlineWriter remembers the read deadlines that a handler sets.
type deadlineWriter struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (w *deadlineWriter) SetReadDeadline(at time.Time) error {
	w.set = append(w.set, at)
	return nil
}

func TestBodyDeadlineEndsWithTheBody(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	w := &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "/api/v1/admin/auth/login", strings.NewReader(`{}`))
	r.Header.Set("Content-Type", "application/json")
	s.ServeHTTP(w, r)
	if len(w.set) != 2 || time.Until(w.set[0]) > bodyReadTimeout || time.Until(w.set[0]) < bodyReadTimeout/2 || !w.set[1].IsZero() {
		t.Errorf("deadlines %v, want one %s ahead and then none", w.set, bodyReadTimeout)
	}
	w = &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
	s.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	if len(w.set) != 0 {
		t.Errorf("a request without a body set deadlines: %v", w.set)
	}
}

// failingBody is a body that a client did not finish.
type failingBody struct{ err error }

func (b failingBody) Read([]byte) (int, error) { return 0, b.err }
func (b failingBody) Close() error             { return nil }

func TestBodyFailures(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	for _, test := range []struct {
		err    error
		status int
		code   string
	}{
		{os.ErrDeadlineExceeded, 408, "body_timeout"},
		{io.ErrUnexpectedEOF, 400, "body_incomplete"},
		{errors.New("read tcp 192.168.1.7:80: odd"), 400, "body_unreadable"},
		{&nethttp.MaxBytesError{Limit: 5}, 413, "body_too_large"},
	} {
		r := httptest.NewRequest("POST", "/api/v1/admin/auth/login", failingBody{test.err})
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		wantError(t, w, test.status, test.code)
		if strings.Contains(w.Body.String(), "192.168") {
			t.Errorf("the answer shows the cause: %s", w.Body)
		}
	}
}

// A body over the cap is refused by its declared length, before the client is
// asked for it.
func TestExpectIsNotAskedForTooMuch(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	listener := listen(t)
	s.Start(listener)
	defer func() { _ = s.Stop(context.Background()) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /api/v1/admin/auth/login HTTP/1.1\r\nHost: pi\r\nContent-Type: application/json\r\n"+
		"Content-Length: 99000000\r\nExpect: 100-continue\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	response, err := nethttp.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 413 {
		t.Errorf("status %d, want 413 without a 100 before it", response.StatusCode)
	}
}

// pacedConn counts what is written under which deadline.
type pacedConn struct {
	net.Conn
	armed  int
	pieces []int
}

func (c *pacedConn) SetWriteDeadline(time.Time) error { c.armed++; return nil }
func (c *pacedConn) Write(p []byte) (int, error) {
	c.pieces = append(c.pieces, len(p))
	return len(p), nil
}

func TestAnswersAreWrittenInPiecesUnderADeadline(t *testing.T) {
	t.Parallel()
	inner := &pacedConn{}
	conn := &edgeConn{Conn: inner}
	for range 3 {
		if n, err := conn.Write(make([]byte, 2*writeChunk+5)); n != 2*writeChunk+5 || err != nil {
			t.Fatal(n, err)
		}
	}
	if inner.armed != 1 || len(inner.pieces) != 9 || inner.pieces[2] != 5 {
		t.Errorf("deadlines %d, pieces %v", inner.armed, inner.pieces)
	}
	conn.armed = time.Now().Add(-writeRearm)
	if _, err := conn.Write([]byte("x")); err != nil || inner.armed != 2 {
		t.Errorf("after %s the deadline was not set anew: %v", writeRearm, err)
	}
}

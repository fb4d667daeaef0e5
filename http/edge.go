package http

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	nethttp "net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/http/routing"
)

const (
	headerRequestID   = "X-Request-Id" // canonical form: set without a lookup
	maxRequestID      = 128            // spec 8, "Requests"
	bodyReadTimeout   = 30 * time.Second
	executePathPrefix = "/api/v1/execute/"
)

// ServeHTTP is the first thing that sees a request. Everything outside the
// reserved paths goes straight to the user routes: no router, no middleware,
// no cleaned or redirected path stands between a device and its script.
func (s *Server) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	identify(w.Header(), r.Header)
	if doubtfulFraming(r) {
		w.Header()["Connection"] = closeConnection
	}
	if r.ContentLength != 0 {
		limitBodyTime(w)
	}
	if reservedPath(r.URL.Path) || s.atAdminHost(r) {
		s.servePlatform(w, r)
		return
	}
	s.serve(w, r, scriptRequests, s.serveUserRoute)
}

// serve answers a request without a router.
func (s *Server) serve(w nethttp.ResponseWriter, r *nethttp.Request, kind requestKind, handle echo.HandlerFunc) {
	if r.ContentLength != 0 {
		defer s.holdBody(r).release()
	}
	c := s.echo.AcquireContext()
	c.Reset(r, w)
	if err := recovered(c, handle); err != nil {
		s.fail(err, c)
	}
	s.counts.add(kind, c.Response().Status)
	s.echo.ReleaseContext(c)
}

// servePlatform answers everything that is PiCloud's own.
func (s *Server) servePlatform(w nethttp.ResponseWriter, r *nethttp.Request) {
	if s.split() && !s.atAdminHost(r) && !anyHostPath(r.URL.Path) {
		s.serve(w, r, otherRequests, func(echo.Context) error { return nothingHere() })
		return
	}
	id, execute := executeTarget(r.URL.Path)
	if !execute {
		guardAnswer(w.Header())
		s.echo.ServeHTTP(w, r)
		return
	}
	s.serve(w, r, executeRequests, func(c echo.Context) error {
		c.SetParamNames("script_id")
		c.SetParamValues(id)
		return s.serveExecute(c)
	})
}

// closeConnection is the value of a Connection header, shared by all answers.
var closeConnection = []string{"close"}

// doubtfulFraming reports whether some other party on the way may see the end
// of this request elsewhere: it may have borne Content-Length beside chunks, or
// chunks in HTTP/1.0, and the HTTP library does not tell. Nothing that follows
// on such a connection is answered (RFC 9112, 6.1).
func doubtfulFraming(r *nethttp.Request) bool {
	return len(r.TransferEncoding) > 0 || r.ProtoMajor == 1 && r.ProtoMinor == 0
}

// executeTarget returns the last segment of /api/v1/execute/{script_id}, which
// answers any method and so stands outside Echo's router.
func executeTarget(path string) (id string, ok bool) {
	id, ok = strings.CutPrefix(path, executePathPrefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// reservedPath reports whether path belongs to the platform: a reserved name
// or anything below one.
func reservedPath(path string) bool {
	below, rooted := strings.CutPrefix(path, "/")
	first, _, _ := strings.Cut(below, "/")
	return rooted && routing.ReservedName(first)
}

// recovered runs a handler; a panic becomes an error, so that it is answered
// and logged like any other failure. Cutting a connection is the one panic
// that belongs to the server.
func recovered(c echo.Context, handle echo.HandlerFunc) (err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if aborted, ok := cause.(error); ok && errors.Is(aborted, nethttp.ErrAbortHandler) {
			panic(nethttp.ErrAbortHandler)
		}
		err = &panicError{cause: cause, stack: debug.Stack()}
	}()
	return handle(c)
}

// panicError carries a recovered panic to the one place that logs errors.
type panicError struct {
	cause any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.cause, e.stack) }

// identify gives the response the request's own id when that is valid, else a
// new one.
func identify(response, request nethttp.Header) {
	if given := request[headerRequestID]; len(given) == 1 && validRequestID(given[0]) && !holdsToken(given[0]) {
		response[headerRequestID] = given
		return
	}
	response[headerRequestID] = []string{newRequestID()}
}

// requestID returns the id of the request that c answers.
func requestID(c echo.Context) string {
	if ids := c.Response().Header()[headerRequestID]; len(ids) > 0 {
		return ids[0]
	}
	return ""
}

func validRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		b := id[i]
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		digit := b >= '0' && b <= '9'
		if !letter && !digit && b != '.' && b != '_' && b != '-' {
			return false
		}
	}
	return true
}

// newRequestID returns 128 random bits in hex. They name a request in logs and
// protect nothing, so a fast generator is enough.
func newRequestID() string {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], rand.Uint64())
	return hex.EncodeToString(raw[:])
}

// limitBodyTime bounds how long a client may take to send its body, also when
// nobody reads it: the server drains what is left before the next request.
// A writer that has no deadlines, as in a test, has no slow client either.
func limitBodyTime(w nethttp.ResponseWriter) {
	_ = nethttp.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyReadTimeout))
}

package http

import (
	"errors"
	"io"
	nethttp "net/http"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// Large bodies wait in memory: answers for their readers, who may be slow on
// purpose, and requests for their senders, who may be too. Those up to
// smallBody are bounded by the number of connections, all others together by
// the room that there is for each kind.
const (
	smallBody       = 64 << 10
	answerRoomBytes = 32 << 20
	bodyRoomBytes   = 64 << 20
)

// room is the memory that is left for large bodies of one kind.
type room struct{ left atomic.Int64 }

func newRoom(bytes int64) *room {
	r := &room{}
	r.left.Store(bytes)
	return r
}

// take reserves room for a body of that many bytes; false when there is none.
// give must follow what take allowed.
func (r *room) take(bytes int) bool {
	if bytes <= smallBody || r.left.Add(-int64(bytes)) >= 0 {
		return true
	}
	r.give(bytes)
	return false
}

func (r *room) give(bytes int) {
	if bytes > smallBody {
		r.left.Add(int64(bytes))
	}
}

// sendNoRoom is what a caller gets then. It is not logged: slow readers must
// not be a way to fill the log.
func sendNoRoom(c echo.Context) error {
	return writeError(c, nethttp.StatusServiceUnavailable, store.Errorf(store.KindUnavailable, "busy",
		"too many large answers are waiting for clients that read slowly; try again"))
}

// heldBody is a request's body that takes room as it arrives: twice what was
// read, because the buffer behind it grows by doubling.
type heldBody struct {
	io.ReadCloser
	room       *room
	read, held int
}

// holdBody puts a heldBody in place of a request's body; release must follow
// when nobody needs what was read any more.
func (s *Server) holdBody(r *nethttp.Request) *heldBody {
	body := &heldBody{ReadCloser: r.Body, room: s.bodies}
	r.Body = body
	return body
}

var errNoRoom = errors.New("no room for another large request")

// Read fails with errNoRoom when all room is taken.
func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.read += n; b.read > smallBody {
		more := 2*b.read - b.held
		if b.room.left.Add(-int64(more)) < 0 {
			b.room.left.Add(int64(more))
			return n, errNoRoom
		}
		b.held += more
	}
	return n, err
}

func (b *heldBody) release() { b.room.left.Add(int64(b.held)) }

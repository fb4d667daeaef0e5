package http

import (
	nethttp "net/http"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// Large answers wait in memory for their readers, who may be slow on purpose.
// Those up to smallAnswer are bounded by the number of connections, all others
// together by answerRoomBytes.
const (
	smallAnswer     = 64 << 10
	answerRoomBytes = 32 << 20
)

// answerRoom is the memory that is left for large answers being sent.
type answerRoom struct{ left atomic.Int64 }

func newAnswerRoom() *answerRoom {
	room := &answerRoom{}
	room.left.Store(answerRoomBytes)
	return room
}

// take reserves room for a body of that many bytes; false when there is none.
// give must follow what take allowed.
func (r *answerRoom) take(bytes int) bool {
	if bytes <= smallAnswer || r.left.Add(-int64(bytes)) >= 0 {
		return true
	}
	r.give(bytes)
	return false
}

// sendNoRoom is what a caller gets then. It is not logged: slow readers must
// not be a way to fill the log.
func sendNoRoom(c echo.Context) error {
	return writeError(c, nethttp.StatusServiceUnavailable, store.Errorf(store.KindUnavailable, "busy",
		"too many large answers are waiting for clients that read slowly; try again"))
}

func (r *answerRoom) give(bytes int) {
	if bytes > smallAnswer {
		r.left.Add(int64(bytes))
	}
}

package http

import (
	"bytes"
	"errors"
	"io"
	nethttp "net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// maxFirstRead is what a body's declared length may reserve before any of it
// has arrived.
const maxFirstRead = 1 << 20

// readBody returns the whole request body. More than limit bytes are
// "body_too_large", a client slower than the body deadline is "body_timeout".
// The deadline ends with the body: a later one would cancel the request's
// context while its script runs.
func readBody(c echo.Context, limit int64) ([]byte, error) {
	r := c.Request()
	if r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	if r.Body == nil || r.Body == nethttp.NoBody {
		return nil, nil
	}
	w := c.Response().Writer
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(min(r.ContentLength, maxFirstRead)) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(nethttp.MaxBytesReader(w, r.Body, limit)); err != nil {
		return nil, bodyError(err, limit)
	}
	_ = nethttp.NewResponseController(w).SetReadDeadline(time.Time{})
	return body.Bytes(), nil
}

func bodyTooLarge(limit int64) error {
	return &store.Error{
		Kind: store.KindTooLarge, Code: "body_too_large",
		Message: "the request body is larger than this instance accepts",
		Details: map[string]any{"limit_bytes": limit},
	}
}

// bodyError says what a failed read of a request body means for its sender.
func bodyError(err error, limit int64) error {
	var tooLarge *nethttp.MaxBytesError
	switch {
	case errors.Is(err, errNoRoom):
		return store.Errorf(store.KindUnavailable, "busy", "too many large requests are being sent at once; try again")
	case errors.As(err, &tooLarge):
		return bodyTooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &store.Error{
			Kind: store.KindInvalid, Code: "body_timeout",
			Message: "the request body did not arrive in time", Err: err,
		}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &store.Error{
			Kind: store.KindInvalid, Code: "body_incomplete",
			Message: "the request body ended early", Err: err,
		}
	default:
		return &store.Error{
			Kind: store.KindInvalid, Code: "body_unreadable",
			Message: "the request body could not be read", Err: err,
		}
	}
}

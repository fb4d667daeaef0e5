package http

import (
	"encoding/json"
	"errors"
	"log/slog"
	nethttp "net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// statusOfKind is the status of an error whose code the catalogue gives no
// status of its own.
func statusOfKind(kind store.Kind) int {
	switch kind {
	case store.KindInvalid:
		return nethttp.StatusUnprocessableEntity
	case store.KindUnauthorized:
		return nethttp.StatusUnauthorized
	case store.KindForbidden:
		return nethttp.StatusForbidden
	case store.KindNotFound:
		return nethttp.StatusNotFound
	case store.KindConflict:
		return nethttp.StatusConflict
	case store.KindLimit:
		return nethttp.StatusTooManyRequests
	case store.KindTooLarge:
		return nethttp.StatusRequestEntityTooLarge
	case store.KindUnavailable:
		return nethttp.StatusServiceUnavailable
	default:
		return nethttp.StatusInternalServerError
	}
}

// statusOf returns the status of a failure: the catalogue's for its code, else
// its kind's.
func statusOf(e *store.Error) int {
	if entry, ok := catalogue[e.Code]; ok {
		return entry.Status
	}
	return statusOfKind(e.Kind)
}

// errorBody is the one shape of every error (spec 2).
type errorBody struct {
	Error errorContent `json:"error"`
}

type errorContent struct {
	Code    string         `json:"code"`              // stable, for programs
	Message string         `json:"message"`           // what is wrong and what to do, for people
	Details map[string]any `json:"details,omitempty"` // more about it, by code
}

// fail answers a request with err and is the only place that logs one. The
// caller of a failure of ours learns the request id, nothing else.
func (s *Server) fail(err error, c echo.Context) {
	failure := asFailure(err)
	status := statusOf(failure)
	if status >= nethttp.StatusInternalServerError {
		s.logFailure(c, err, status)
	}
	if c.Response().Committed {
		return
	}
	if failure.Kind == store.KindInternal {
		failure = internalFailure(c)
	}
	if writeErr := writeError(c, status, failure); writeErr != nil {
		s.logger.Debug("error answer not sent", slog.String("request_id", requestID(c)), slog.Any("error", writeErr))
	}
}

func (s *Server) logFailure(c echo.Context, err error, status int) {
	level := slog.LevelWarn
	if status == nethttp.StatusInternalServerError {
		level = slog.LevelError
	}
	r := c.Request()
	s.logger.Log(r.Context(), level, "request failed",
		slog.String("request_id", requestID(c)),
		slog.String("method", r.Method),
		slog.String("path", loggedPath(r.URL.Path)),
		slog.Int("status", status),
		slog.String("error", err.Error()))
}

// loggedPath is a path as the log may keep it: no credential of ours.
func loggedPath(path string) string {
	if holdsToken(path) {
		return "[a path with a credential in it]"
	}
	return path
}

// asFailure returns the part of err that a caller may see.
func asFailure(err error) *store.Error {
	var failure *store.Error
	if errors.As(err, &failure) {
		return failure
	}
	return &store.Error{Kind: store.KindInternal, Code: "internal", Err: err}
}

func internalFailure(c echo.Context) *store.Error {
	return &store.Error{
		Kind: store.KindInternal, Code: "internal",
		Message: "something failed inside PiCloud; its log says what, under this request id",
		Details: map[string]any{"request_id": requestID(c)},
	}
}

// writeError sends a failure in the one error shape. A "retry_after_s" among
// the details becomes the header that 429 and 503 bear; without one it is a
// second.
func writeError(c echo.Context, status int, failure *store.Error) error {
	body, err := json.Marshal(errorBody{errorContent{failure.Code, failure.Message, failure.Details}})
	if err != nil {
		return err
	}
	header := c.Response().Header()
	if status == nethttp.StatusTooManyRequests || status == nethttp.StatusServiceUnavailable {
		header.Set("Retry-After", retryAfter(failure.Details))
	}
	if status == nethttp.StatusUnauthorized && header.Get("WWW-Authenticate") == "" {
		header.Set("WWW-Authenticate", "Bearer")
	}
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	return c.Blob(status, "application/json", append(body, '\n'))
}

func retryAfter(details map[string]any) string {
	if seconds, ok := details["retry_after_s"].(int); ok && seconds > 0 {
		return strconv.Itoa(seconds)
	}
	return "1"
}

package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	nethttp "net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

const (
	// streamEndTime is what is left for the last event when the server stops.
	streamEndTime = time.Second
	// streamRetry is when a browser connects again, in milliseconds.
	streamRetry = 3000
	// doubtfulTime is how long after the start of a stream the watch may repeat
	// what was read from the log.
	doubtfulTime = 5 * time.Second
)

// errReaderGone is the error of a write that nobody takes. What piles up
// meanwhile is bounded by the watch, and how long it may take by edgeConn.
var errReaderGone = errors.New("the reader is gone")

// executionStream is one open GET apps/{app}/logs/stream: server-sent events
// (WHATWG HTML, 9.2) of these kinds.
//
//	execution  one record; its id is the execution's
//	ready      what was missed has been sent; data is {}; its id is a place to go on from
//	dropped    data is {"count":n}: so many records were lost because the reader is slow
//	end        data is an error's code and message; nothing follows
type executionStream struct {
	server *Server
	c      echo.Context
	by     principal
	filter store.ExecutionFilter
	watch  *store.ExecutionWatch
	out    *nethttp.ResponseController
	// replayed are those just read from the log that the watch may bring too;
	// nil when that time is over.
	replayed map[uuid.UUID]bool
	begun    time.Time
}

// streamExecutions answers GET apps/{app}/logs/stream. It goes on after the
// execution in Last-Event-ID or ?after=, or with what comes.
func (s *Server) streamExecutions(c echo.Context, by principal) error {
	filter := store.ExecutionFilter{App: by.app.ID}
	if err := s.readExecutionFilter(c, &filter); err != nil {
		return err
	}
	after, err := streamPlace(c)
	if err != nil {
		return err
	}
	leave, err := s.streams.enter(by.User.ID)
	if err != nil {
		return err
	}
	defer leave()
	stream := &executionStream{server: s, c: c, by: by, filter: filter, watch: s.store.WatchExecutions(filter),
		out: nethttp.NewResponseController(c.Response()), replayed: map[uuid.UUID]bool{}, begun: s.config.Now()}
	defer stream.watch.Close()
	stream.run(after)
	return nil
}

// streamPlace is the id after which a stream goes on, the zero one for none.
// The header wins: a browser that connects again repeats the URL.
func streamPlace(c echo.Context) (uuid.UUID, error) {
	if given := c.Request().Header.Get("Last-Event-ID"); given != "" {
		id, err := uuid.Parse(given)
		if err != nil {
			return id, badParameter("Last-Event-ID", "Last-Event-ID is the id of an event of this stream")
		}
		return id, nil
	}
	return queryID(c, "after")
}

// run sends until the reader is gone, may read no more, or the server stops.
func (x *executionStream) run(after uuid.UUID) {
	ctx, cancel := context.WithCancel(x.c.Request().Context())
	defer cancel()
	go x.hurry(ctx)
	err := x.open()
	if err == nil {
		err = x.catchUp(ctx, after)
	}
	if err == nil {
		err = x.follow(ctx)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errReaderGone) {
		x.end(err)
	}
}

// hurry keeps a write that waits for a slow reader from holding up the stop. It
// repeats itself, because the connection may give a write its usual time anew.
func (x *executionStream) hurry(ctx context.Context) {
	select {
	case <-x.server.streams.stop:
	case <-ctx.Done():
		return
	}
	end := time.Now().Add(streamEndTime)
	again := time.NewTicker(streamEndTime / 4)
	defer again.Stop()
	for {
		_ = x.out.SetWriteDeadline(end) // a writer without deadlines, as in a test, has no slow reader
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// open sends the headers, so that the reader knows at once that it listens.
func (x *executionStream) open() error {
	header := x.c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // a proxy that gathers answers would hold events back
	x.c.Response().WriteHeader(nethttp.StatusOK)
	return x.write(fmt.Appendf(nil, "retry: %d\n\n", streamRetry))
}

// catchUp sends what the log has after a place. These events have no id: their
// order is not that of the ends, so a reader that loses the connection among
// them begins again where it was.
func (x *executionStream) catchUp(ctx context.Context, after uuid.UUID) error {
	place := x.server.store.NewExecutionID(x.begun)
	if after != uuid.Nil {
		x.server.catchUpLog(ctx)
		doubtful := store.TimeOf(x.begun.Add(-doubtfulTime))
		err := x.server.store.ExecutionsAfter(ctx, x.filter, after, func(e *store.Execution) error {
			if e.ID == after {
				return nil
			}
			if e.EndedAt() >= doubtful {
				x.replayed[e.ID] = true
			}
			return x.send("execution", uuid.Nil, e)
		})
		if err != nil {
			return err
		}
	}
	return x.send("ready", place, struct{}{})
}

// follow sends what is recorded from now on.
func (x *executionStream) follow(ctx context.Context) error {
	beat := time.NewTicker(x.server.streams.beat)
	defer beat.Stop()
	for {
		if err := x.sendQueued(); err != nil {
			return err
		}
		select {
		case <-x.watch.Ready():
		case <-beat.C:
			if err := x.stillMay(ctx); err != nil {
				return err
			}
			if err := x.write([]byte(": still here\n\n")); err != nil {
				return err
			}
		case <-x.server.streams.stop:
			return streamsClosed()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (x *executionStream) sendQueued() error {
	for !x.server.streams.ended() {
		e, dropped := x.watch.Next()
		if dropped > 0 {
			if err := x.send("dropped", uuid.Nil, map[string]int{"count": dropped}); err != nil {
				return err
			}
		}
		if e == nil {
			return nil
		}
		if x.replayed[e.ID] || !x.filter.Matches(e) {
			continue
		}
		if err := x.send("execution", e.ID, e); err != nil {
			return err
		}
	}
	return nil
}

// stillMay looks afresh whether the reader's session or key lives and its role
// reaches. A stream is no use of a session: a page that is left open must not
// keep it alive for ever.
func (x *executionStream) stillMay(ctx context.Context) error {
	by := principal{Session: x.by.Session}
	var err error
	if x.by.Key != nil {
		by, err = x.server.authenticate(x.c.Request())
	} else {
		by.Session, by.User, err = x.server.store.SessionUser(ctx, x.by.Session.TokenHash)
	}
	if store.KindOf(err) == store.KindNotFound {
		return unauthorized()
	}
	if err != nil {
		return err
	}
	if err := appOfPath(x.server, x.c, &by); err != nil {
		return err
	}
	if !by.may(executionRead) {
		return forbidden()
	}
	return nil
}

// send writes one event; the zero id stands for none.
func (x *executionStream) send(kind string, id uuid.UUID, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	var event bytes.Buffer
	if id != uuid.Nil {
		fmt.Fprintf(&event, "id: %s\n", id)
	}
	fmt.Fprintf(&event, "event: %s\ndata: %s\n\n", kind, data)
	return x.write(event.Bytes())
}

// write sends bytes at once.
func (x *executionStream) write(text []byte) error {
	_, err := x.c.Response().Write(text)
	if err == nil {
		err = x.out.Flush()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errReaderGone, err)
	}
	return nil
}

// end tells the reader why the stream ends. A failure of ours is logged, as in
// any other answer.
func (x *executionStream) end(err error) {
	failure := asFailure(err)
	if failure.Kind == store.KindInternal {
		x.server.logFailure(x.c, err, nethttp.StatusInternalServerError)
		failure = internalFailure(x.c)
	}
	// Whether the reader is there to read it does not matter any more.
	_ = x.send("end", uuid.Nil, errorContent{failure.Code, failure.Message, failure.Details})
}

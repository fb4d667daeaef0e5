package http

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

// delivery is the first of equal requests, while it runs. Answer is set before
// done closes; nil says that there is none to give again.
type delivery struct {
	done   chan struct{}
	answer *store.WebhookAnswer
}

// deliveries are those of one route that run at this moment.
type deliveries struct {
	mu      sync.Mutex
	running map[[sha256.Size]byte]*delivery
}

// begin returns the delivery of an id, and whether it is the caller's to run.
func (d *deliveries) begin(id string) (running *delivery, first bool, end func(*store.WebhookAnswer)) {
	key := sha256.Sum256([]byte(id))
	d.mu.Lock()
	defer d.mu.Unlock()
	if other := d.running[key]; other != nil {
		return other, false, nil
	}
	if d.running == nil {
		d.running = map[[sha256.Size]byte]*delivery{}
	}
	own := &delivery{done: make(chan struct{})}
	d.running[key] = own
	return own, true, func(answer *store.WebhookAnswer) {
		d.mu.Lock()
		delete(d.running, key)
		d.mu.Unlock()
		own.answer = answer
		close(own.done)
	}
}

// runOnce runs the script for the first delivery of an id and gives its answer
// to the others. Those that come while it runs wait for it; should it leave no
// answer to give again, one of them is the next first.
func (s *Server) runOnce(c echo.Context, g *routeGuard, id string, invocation *runtime.Invocation) error {
	for {
		running, first, end := g.deliveries.begin(id)
		if first {
			return s.runFirst(c, g, id, invocation, end)
		}
		select {
		case <-running.done:
		case <-c.Request().Context().Done():
			return writeError(c, nethttp.StatusServiceUnavailable, store.Errorf(store.KindUnavailable, "closed", "%s", catalogue["closed"].When))
		}
		if running.answer != nil {
			return s.repeat(c, g, invocation, running.answer)
		}
	}
}

// runFirst runs a delivery that nothing in this process is running, unless it
// was answered before. The answer is on the card before it is sent: a sender
// that has it will not repeat, and one that has not gets the same again.
func (s *Server) runFirst(c echo.Context, g *routeGuard, id string, invocation *runtime.Invocation, end func(*store.WebhookAnswer)) error {
	var answer *store.WebhookAnswer
	defer func() { end(answer) }()
	stored, err := s.store.WebhookAnswer(s.runs, g.route, id)
	if err != nil {
		return fmt.Errorf("find a webhook's answer: %w", err)
	}
	if stored != nil {
		answer = stored
		return s.repeat(c, g, invocation, stored)
	}
	result, err := s.outcome(c, g, invocation)
	if err != nil {
		return err
	}
	if result.Err == nil && result.Status < nethttp.StatusInternalServerError {
		answer = &store.WebhookAnswer{Status: result.Status, Header: result.Header, Body: result.Body}
		s.remember(g, id, *answer)
	}
	return s.sendOutcome(c, result)
}

// remember keeps an answer. The script has run, so a disk that is full must not
// make its sender repeat: the answer goes out all the same.
func (s *Server) remember(g *routeGuard, id string, answer store.WebhookAnswer) {
	ttl := time.Duration(g.guards.Dedupe.TTLS) * time.Second
	if err := s.store.RememberWebhook(context.WithoutCancel(s.runs), g.route, id, answer, ttl); err != nil {
		s.logger.Warn("a webhook's answer was not kept; a repeat will run its script again",
			slog.String("route_id", g.route.String()), slog.String("error", err.Error()))
	}
}

// repeat gives the first answer again and leaves a record that says so.
func (s *Server) repeat(c echo.Context, g *routeGuard, invocation *runtime.Invocation, first *store.WebhookAnswer) error {
	s.recordRefusal(c, g, invocation, runtime.Rejection{
		Code: codeDuplicate, Message: "this delivery was answered before; it got the first answer again", Status: first.Status,
	})
	return s.sendOutcome(c, &runtime.Result{Status: first.Status, Header: first.Header, Body: first.Body})
}

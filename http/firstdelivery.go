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

// firstDelivery is the first of equal requests, while it runs. Its answer is
// set before done closes; nil says that there is none to give again.
type firstDelivery struct {
	id     string // what the sender calls it, with the place where that stood
	done   chan struct{}
	answer *store.WebhookAnswer
}

// firstDeliveries are those of one route that run at this moment.
type firstDeliveries struct {
	mu      sync.Mutex
	running map[[sha256.Size]byte]*firstDelivery
}

// begin returns the delivery of an id that runs, or else a new one, which is
// the caller's to run and to end.
func (d *firstDeliveries) begin(id string) (running *firstDelivery, mine bool) {
	key := sha256.Sum256([]byte(id))
	d.mu.Lock()
	defer d.mu.Unlock()
	if other := d.running[key]; other != nil {
		return other, false
	}
	if d.running == nil {
		d.running = map[[sha256.Size]byte]*firstDelivery{}
	}
	d.running[key] = &firstDelivery{id: id, done: make(chan struct{})}
	return d.running[key], true
}

// end lets those go on that wait for own.
func (d *firstDeliveries) end(own *firstDelivery) {
	d.mu.Lock()
	delete(d.running, sha256.Sum256([]byte(own.id)))
	d.mu.Unlock()
	close(own.done)
}

// runOnce runs the script for the first delivery of an id and gives its answer
// to the others. Those that come while it runs wait for it; should it leave no
// answer to give again, one of them is the next first.
func (s *Server) runOnce(c echo.Context, g *routeGuard, id string, invocation *runtime.Invocation) error {
	for {
		running, mine := g.running.begin(id)
		if mine {
			return s.runFirst(c, g, invocation, running)
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
func (s *Server) runFirst(c echo.Context, g *routeGuard, invocation *runtime.Invocation, own *firstDelivery) error {
	defer g.running.end(own)
	stored, err := s.store.WebhookAnswer(s.runs, g.route, own.id)
	if err != nil {
		return fmt.Errorf("find a webhook's answer: %w", err)
	}
	if stored != nil {
		own.answer = stored
		return s.repeat(c, g, invocation, stored)
	}
	result, err := s.outcome(c, g, invocation)
	if err != nil {
		return err
	}
	if result.Err == nil && result.Status < nethttp.StatusInternalServerError {
		own.answer = &store.WebhookAnswer{Status: result.Status, Header: result.Header, Body: result.Body}
		s.remember(g, own)
	}
	return s.sendOutcome(c, result)
}

// remember keeps an answer. The script has run, so a disk that is full must not
// make its sender repeat: the answer goes out all the same.
func (s *Server) remember(g *routeGuard, own *firstDelivery) {
	ttl := time.Duration(g.guards.Dedupe.TTLS) * time.Second
	if err := s.store.RememberWebhook(context.WithoutCancel(s.runs), g.route, own.id, *own.answer, ttl); err != nil {
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

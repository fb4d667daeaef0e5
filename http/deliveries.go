package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

func (s *Server) listDeliveries(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	deliveries, err := s.store.Deliveries(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list deliveries: %w", err)
	}
	return answerPage(c, deliveries, func(d store.Delivery) store.Delivery {
		d.Event = shownEvent(d.Event)
		return d
	})
}

// shownEvent hides the credentials that a stored request bears for its script
// from those who look at it.
func shownEvent(e store.Event) store.Event {
	if e.Kind != store.KindRequest {
		return e
	}
	request, err := store.DecodeRequest(&e)
	if err != nil {
		return e
	}
	for name := range request.Headers {
		if runtime.IsSecretHeader(name) {
			request.Headers[name] = []string{"[redacted]"}
		}
	}
	// What was decoded can be encoded.
	e.Data, _ = json.Marshal(request)
	return e
}

func shownDeadLetter(d store.DeadLetter) store.DeadLetter {
	d.Event = shownEvent(d.Event)
	return d
}

func (s *Server) listDeadLetters(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	letters, err := s.store.DeadLetters(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	return answerPage(c, letters, shownDeadLetter)
}

func (s *Server) showDeadLetter(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "dead letter")
	if err != nil {
		return err
	}
	letter, err := s.store.DeadLetter(c.Request().Context(), id)
	if err != nil {
		return fmt.Errorf("show dead letter: %w", err)
	}
	return answer(c, nethttp.StatusOK, shownDeadLetter(letter))
}

func (s *Server) replayDeadLetter(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "dead letter")
	if err != nil {
		return err
	}
	if err := bindOptional(c, &struct{}{}); err != nil {
		return err
	}
	letter, err := s.store.ReplayDeadLetter(c.Request().Context(), id, store.Origin{})
	if err != nil {
		return fmt.Errorf("replay dead letter: %w", err)
	}
	return answer(c, nethttp.StatusOK, shownDeadLetter(letter))
}

// resolveBody is the body of POST dead-letters/{id}/resolve.
type resolveBody struct {
	Note string `json:"note"`
}

func (s *Server) resolveDeadLetter(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "dead letter")
	if err != nil {
		return err
	}
	var body resolveBody
	if err := bind(c, &body); err != nil {
		return err
	}
	letter, err := s.store.ResolveDeadLetter(c.Request().Context(), id, body.Note)
	if err != nil {
		return fmt.Errorf("resolve dead letter: %w", err)
	}
	return answer(c, nethttp.StatusOK, shownDeadLetter(letter))
}

func (s *Server) listAbandoned(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	abandoned, err := s.store.AbandonedExecutions(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list abandoned executions: %w", err)
	}
	return answerPage(c, abandoned, asIs[store.AbandonedExecution])
}

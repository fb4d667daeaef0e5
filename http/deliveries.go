package http

import (
	"fmt"
	nethttp "net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

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
		d.Event = s.shownEvent(d.Event)
		return d
	})
}

// listDeadLetters takes ?state=, several of them with commas between.
func (s *Server) listDeadLetters(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	states, err := queryStates(c)
	if err != nil {
		return err
	}
	letters, err := s.store.DeadLetters(c.Request().Context(), by.app.ID, states, page)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	return answerPage(c, letters, s.shownDeadLetter)
}

func queryStates(c echo.Context) (states []store.DeadLetterState, err error) {
	text := c.QueryParam("state")
	if text == "" {
		return nil, nil
	}
	for _, word := range strings.Split(text, ",") {
		state := store.DeadLetterState(word)
		if !slices.Contains(store.DeadLetterStates, state) {
			return nil, badParameter("state", "state is one or more of %s, with commas between", store.Listed(store.DeadLetterStates))
		}
		states = append(states, state)
	}
	return states, nil
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
	return answer(c, nethttp.StatusOK, s.shownDeadLetter(letter))
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
	return answer(c, nethttp.StatusOK, s.shownDeadLetter(letter))
}

// resolveBody is the body of POST dead-letters/{id}/resolve.
type resolveBody struct {
	Note string `json:"note" jsonschema:"required" example:"the printer was off"` // why it needs nothing more, up to 4,096 bytes
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
	return answer(c, nethttp.StatusOK, s.shownDeadLetter(letter))
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

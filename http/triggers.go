package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

func (s *Server) listTriggers(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	triggers, err := s.store.Triggers(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list triggers: %w", err)
	}
	return answerPage(c, triggers, asIs[store.Trigger])
}

func (s *Server) createTrigger(c echo.Context, by principal) error {
	var body triggerDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	script, err := fieldID("script_id", &body.ScriptID)
	if err != nil {
		return err
	}
	draft := store.TriggerDraft{AppID: by.app.ID, ScriptID: *script, RegisteredBy: by.User.ID, Kind: store.TriggerKind(c.Param("kind")),
		Name: body.Name, Enabled: body.Enabled == nil || *body.Enabled, Ordered: body.Ordered, Retry: body.Retry.over(store.DefaultRetry())}
	rules, err := s.checkedRules(draft.Kind, body.rule())
	if err != nil {
		return err
	}
	draft.Cron, draft.KV, draft.Docs, draft.Topic, draft.DeadLetter = rules.Cron, rules.KV, rules.Docs, rules.Topic, rules.DeadLetter
	trigger, err := s.store.CreateTrigger(c.Request().Context(), draft)
	if err != nil {
		return fmt.Errorf("create trigger: %w", err)
	}
	return answer(c, nethttp.StatusCreated, trigger)
}

func (s *Server) showTrigger(c echo.Context, _ principal) error {
	trigger, err := s.pathTrigger(c)
	if err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, trigger)
}

// pathTrigger returns the trigger that the path parameter "id" names.
func (s *Server) pathTrigger(c echo.Context) (store.Trigger, error) {
	id, err := pathID(c, "id", "trigger")
	if err != nil {
		return store.Trigger{}, err
	}
	trigger, err := s.store.Trigger(c.Request().Context(), id)
	if err != nil {
		return store.Trigger{}, fmt.Errorf("find trigger: %w", err)
	}
	return trigger, nil
}

func (s *Server) changeTrigger(c echo.Context, _ principal) error {
	var body triggerChange
	if err := bind(c, &body); err != nil {
		return err
	}
	id, err := pathID(c, "id", "trigger")
	if err != nil {
		return err
	}
	script, err := fieldID("script_id", body.ScriptID)
	if err != nil {
		return err
	}
	change := store.TriggerChange{ScriptID: script, Name: body.Name, Enabled: body.Enabled, Ordered: body.Ordered,
		Complete: func(t store.Trigger) (store.Trigger, error) { return s.completedTrigger(t, &body) }}
	trigger, err := s.store.UpdateTrigger(c.Request().Context(), id, change)
	if err != nil {
		return fmt.Errorf("change trigger: %w", err)
	}
	return answer(c, nethttp.StatusOK, trigger)
}

func (s *Server) deleteTrigger(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "trigger")
	if err != nil {
		return err
	}
	if err := s.store.DeleteTrigger(c.Request().Context(), id); err != nil {
		return fmt.Errorf("delete trigger: %w", err)
	}
	return answerNothing(c)
}

// previewBody is the body of triggers:preview.
type previewBody struct {
	Schedule string `json:"schedule" jsonschema:"required" example:"0 7 * * 1-5"` // as in a cron trigger
	Timezone string `json:"timezone" example:"Europe/Berlin"`                     // an IANA name; UTC when left out
}

// previewAnswer has the next firings, as moments and as the clock on the wall
// of the time zone shows them.
type previewAnswer struct {
	Timezone string       `json:"timezone"`
	Next     []store.Time `json:"next"`
	Local    []string     `json:"local"`
}

const previewFirings = 5

// previewTrigger answers POST triggers:preview: when would this schedule fire?
func (s *Server) previewTrigger(c echo.Context, _ principal) error {
	var body previewBody
	if err := bind(c, &body); err != nil {
		return err
	}
	schedule, err := checkedSchedule("", cronBody(body))
	if err != nil {
		return err
	}
	preview := previewAnswer{Timezone: zoneName(body.Timezone), Next: []store.Time{}, Local: []string{}}
	for at := schedule.Next(s.config.Now()); !at.IsZero() && len(preview.Next) < previewFirings; at = schedule.Next(at) {
		preview.Next = append(preview.Next, store.TimeOf(at))
		preview.Local = append(preview.Local, schedule.Local(at).Format(time.RFC3339))
	}
	return answer(c, nethttp.StatusOK, preview)
}

// fireBody is the body of POST triggers/{id}/fire. Event has the fields of the
// trigger's kind; what is left out is an example.
type fireBody struct {
	Event json.RawMessage `json:"event" example:"{}"` // fields of the event; an example when left out
}

// fireTrigger answers POST triggers/{id}/fire: one run of the trigger's script
// with a test event, and all that came of it. Nothing is queued or retried.
func (s *Server) fireTrigger(c echo.Context, _ principal) error {
	var body fireBody
	if err := bindOptional(c, &body); err != nil {
		return err
	}
	trigger, err := s.pathTrigger(c)
	if err != nil {
		return err
	}
	fields, err := eventFields(body.Event)
	if err != nil {
		return err
	}
	for name, example := range s.exampleFields(&trigger) {
		if _, given := fields[name]; !given {
			fields[name] = example
		}
	}
	script := s.store.Catalog().Scripts[trigger.ScriptID]
	if script == nil {
		return notFound("trigger")
	}
	event, err := s.testEvent(string(trigger.Kind), fields)
	if err != nil {
		return err
	}
	event.TriggerID, event.TriggerName, event.MaxAttempts = trigger.ID, trigger.Name, trigger.Retry.MaxAttempts
	return s.answerTestRun(c, &runtime.Invocation{Script: script, Kind: runtime.KindTrigger, RequestID: requestID(c), Event: event})
}

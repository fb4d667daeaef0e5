package http

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// listAudit answers GET audit: who did what, when, from where, newest first.
func (s *Server) listAudit(c echo.Context, _ principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	filter, err := s.readAuditFilter(c)
	if err != nil {
		return err
	}
	entries, err := s.store.Audit(c.Request().Context(), filter, page)
	if err != nil {
		return fmt.Errorf("list the audit: %w", err)
	}
	return answerPage(c, entries, asIs[store.AuditEntry])
}

func (s *Server) readAuditFilter(c echo.Context) (filter store.AuditFilter, err error) {
	for _, id := range []struct {
		name  string
		field *uuid.UUID
	}{{"user", &filter.User}, {"target", &filter.Target}, {"app", &filter.App}} {
		if *id.field, err = queryID(c, id.name); err != nil {
			return filter, err
		}
	}
	filter.Action = c.QueryParam("action")
	if filter.Action != "" && !slices.Contains(s.actions(), filter.Action) {
		return filter, badParameter("action", "action is one of %s", store.Listed(s.actions()))
	}
	if filter.Since, err = queryTime(c, "since"); err != nil {
		return filter, err
	}
	filter.Until, err = queryTime(c, "until")
	return filter, err
}

// actions are what the filter "action" takes.
func (s *Server) actions() []string {
	actions := []string{store.ActionSignInFailed, store.ActionResetPassword, store.ActionFirstOwner}
	for _, route := range s.adminRoutes() {
		if route.action != changesNothing {
			actions = append(actions, route.action)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

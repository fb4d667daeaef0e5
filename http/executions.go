package http

import (
	"context"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// executionStatuses are what the filter "status" takes.
var executionStatuses = []store.ExecutionStatus{
	store.StatusSuccess, store.StatusError, store.StatusTimeout, store.StatusInstructionLimit,
	store.StatusMemoryLimit, store.StatusSDKCallLimit, store.StatusRejected,
}

// maxFilterText bounds what each record is searched for, in bytes.
const maxFilterText = 256

func (s *Server) listScriptExecutions(c echo.Context, _ principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	return s.answerExecutions(c, store.ExecutionFilter{App: script.AppID, Script: script.ID})
}

func (s *Server) listAppExecutions(c echo.Context, by principal) error {
	return s.answerExecutions(c, store.ExecutionFilter{App: by.app.ID})
}

// answerExecutions adds the query's filters to filter and lists, newest first.
func (s *Server) answerExecutions(c echo.Context, filter store.ExecutionFilter) error {
	if err := s.readExecutionFilter(c, &filter); err != nil {
		return err
	}
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	s.catchUpLog(c.Request().Context())
	executions, err := s.store.Executions(c.Request().Context(), filter, page)
	if err != nil {
		return fmt.Errorf("list executions: %w", err)
	}
	return answerPage(c, executions, asIs[store.Execution])
}

// catchUpLog writes what is still in the log's buffer, so that whoever has just
// called a script finds the record. A full disk keeps nobody from the older ones.
func (s *Server) catchUpLog(ctx context.Context) {
	if err := s.store.FlushExecutions(ctx); err != nil {
		s.logger.Warn("the newest executions cannot be shown yet", slog.Any("error", err))
	}
}

// readExecutionFilter adds the query's filters; one of an app's may name a script of it.
func (s *Server) readExecutionFilter(c echo.Context, filter *store.ExecutionFilter) (err error) {
	if filter.Script == uuid.Nil {
		if filter.Script, err = queryID(c, "script"); err != nil {
			return err
		}
		script := s.store.Catalog().Scripts[filter.Script]
		if filter.Script != uuid.Nil && (script == nil || script.AppID != filter.App) {
			return notFound("script")
		}
	}
	filter.Status = store.ExecutionStatus(c.QueryParam("status"))
	if filter.Status != "" && !slices.Contains(executionStatuses, filter.Status) {
		return badParameter("status", "status is one of %s", store.Listed(executionStatuses))
	}
	filter.Text = c.QueryParam("text")
	if len(filter.Text) > maxFilterText {
		return badParameter("text", "text has at most %d bytes", maxFilterText)
	}
	if filter.Since, err = queryTime(c, "since"); err != nil {
		return err
	}
	filter.Until, err = queryTime(c, "until")
	return err
}

// showExecution answers GET executions/{id}; the guard has caught up the log.
func (s *Server) showExecution(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "execution")
	if err != nil {
		return err
	}
	execution, err := s.store.Execution(c.Request().Context(), id)
	if err != nil {
		return fmt.Errorf("show execution: %w", err)
	}
	return answer(c, nethttp.StatusOK, execution)
}

package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// limitsBody is a script's own limits; a limit that is null or left out is the
// instance's default.
type limitsBody struct {
	Instructions *int64 `json:"instructions"` // of the Lua machine
	MemoryBytes  *int64 `json:"memory_bytes"` // of Lua values
	CallDepth    *int64 `json:"call_depth"`   // of functions in each other
	StringBytes  *int64 `json:"string_bytes"` // of the longest string
	SDKCalls     *int64 `json:"sdk_calls"`    // of the functions that count
}

// limitsChange is limitsBody in a PATCH: null puts the default back, and what
// is left out stays.
type limitsChange struct {
	Instructions json.RawMessage `json:"instructions"` // null: the default again
	MemoryBytes  json.RawMessage `json:"memory_bytes"` // null: the default again
	CallDepth    json.RawMessage `json:"call_depth"`   // null: the default again
	StringBytes  json.RawMessage `json:"string_bytes"` // null: the default again
	SDKCalls     json.RawMessage `json:"sdk_calls"`    // null: the default again
}

// scriptDraft is the body of POST apps/{app}/scripts.
type scriptDraft struct {
	Name        string           `json:"name" jsonschema:"required" example:"hello"`                  // 1 to 128 letters, digits, dots, hyphens and underscores; unique in the app
	Source      string           `json:"source" jsonschema:"required" example:"return { hello = 1 }"` // Lua 5.1; one that does not compile is refused
	Kind        store.ScriptKind `json:"kind"`                                                        // endpoint (when left out) or module
	Description string           `json:"description"`                                                 // up to 4,096 bytes
	Access      store.Access     `json:"access"`                                                      // who may call it by its id: anybody (open, when left out), or members of the app
	TimeoutMS   *int64           `json:"timeout_ms"`                                                  // of the clock on the wall; null: the instance's default
	Limits      limitsBody       `json:"limits"`                                                      // null in one: the instance's default; none above the instance's ceiling
}

// scriptChange is the body of PATCH scripts/{id}. TimeoutMS and Limits are
// kept raw, because null there means the default and absence no change.
type scriptChange struct {
	Name        *string           `json:"name"`
	Source      *string           `json:"source" example:"return { hello = 2 }"`
	Kind        *store.ScriptKind `json:"kind"` // endpoint or module
	Description *string           `json:"description"`
	Access      *store.Access     `json:"access"`              // who may call it by its id: anybody (open), or members of the app
	Enabled     *bool             `json:"enabled"`             // routes and triggers of one that is off do not run it
	TimeoutMS   json.RawMessage   `json:"timeout_ms"`          // null: the default again
	Limits      json.RawMessage   `json:"limits"`              // null: all defaults again
	Version     *int              `json:"version" example:"1"` // refuse with 409 when the script has another by now
}

// scriptItem is a script in a list, with the slug of its app, so that nobody
// needs a call for each app, and its last runs.
type scriptItem struct {
	store.Script
	AppSlug string           `json:"app_slug"`
	Recent  store.RecentRuns `json:"recent"` // its last runs
}

// listAllScripts lists the scripts of all apps that the caller may see.
func (s *Server) listAllScripts(c echo.Context, by principal) error {
	roleIn, err := s.rolesOf(c.Request().Context(), by)
	if err != nil {
		return err
	}
	return s.answerScripts(c, store.ScriptFilter{Visible: func(app uuid.UUID) bool { return roleIn(app) != "" }})
}

func (s *Server) listScripts(c echo.Context, by principal) error {
	return s.answerScripts(c, store.ScriptFilter{App: by.app.ID})
}

func (s *Server) answerScripts(c echo.Context, filter store.ScriptFilter) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	scripts, err := s.store.Scripts(c.Request().Context(), filter, page)
	if err != nil {
		return fmt.Errorf("list scripts: %w", err)
	}
	recent, err := s.store.RecentRuns(c.Request().Context())
	if err != nil {
		return err
	}
	apps := s.store.Catalog().Apps
	return answerPage(c, scripts, func(script store.Script) scriptItem {
		item := scriptItem{Script: script, Recent: recent[script.ID]}
		if app := apps[script.AppID]; app != nil { // else it was deleted this moment
			item.AppSlug = app.Slug
		}
		return item
	})
}

func (s *Server) createScript(c echo.Context, by principal) error {
	var body scriptDraft
	if err := bindUpTo(c, maxScriptBody, &body); err != nil {
		return err
	}
	draft, err := s.checkedDraft(body)
	if err != nil {
		return err
	}
	draft.CreatedBy = by.User.Username
	script, err := s.store.CreateScript(c.Request().Context(), by.app.ID, draft)
	if err != nil {
		return fmt.Errorf("create script: %w", err)
	}
	return answer(c, nethttp.StatusCreated, script)
}

func (s *Server) showScript(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "script")
	if err != nil {
		return err
	}
	script, err := s.store.Script(c.Request().Context(), id)
	if err != nil {
		return fmt.Errorf("show script: %w", err)
	}
	return answer(c, nethttp.StatusOK, script)
}

func (s *Server) changeScript(c echo.Context, by principal) error {
	current, err := s.pathScript(c)
	if err != nil {
		return err
	}
	var body scriptChange
	if err := bindUpTo(c, maxScriptBody, &body); err != nil {
		return err
	}
	change, err := s.checkedChange(current.Name, body)
	if err != nil {
		return err
	}
	change.ChangedBy = by.User.Username
	script, err := s.store.UpdateScript(c.Request().Context(), current.ID, change)
	if err != nil {
		return fmt.Errorf("change script: %w", err)
	}
	return answer(c, nethttp.StatusOK, script)
}

func (s *Server) deleteScript(c echo.Context, _ principal) error {
	id, err := pathID(c, "id", "script")
	if err != nil {
		return err
	}
	if err := s.store.DeleteScript(c.Request().Context(), id); err != nil {
		return fmt.Errorf("delete script: %w", err)
	}
	return answerNothing(c)
}

package http

import (
	"encoding/json"
	"errors"
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/runtime/lint"
	"picloud/store"
)

// checkedDraft fills in defaults and lets the runtime look at source and limits.
func (s *Server) checkedDraft(body scriptDraft) (store.ScriptDraft, error) {
	draft := store.ScriptDraft{
		Name: body.Name, Description: body.Description, Source: body.Source,
		Kind: body.Kind, Access: body.Access,
		TimeoutMS: body.TimeoutMS, Limits: store.Limits(body.Limits),
	}
	if draft.Kind == "" {
		draft.Kind = store.ScriptEndpoint
	}
	if draft.Access == "" {
		draft.Access = store.AccessOpen
	}
	if err := checkWords(&draft.Kind, &draft.Access); err != nil {
		return draft, err
	}
	if err := s.engine.CheckLimits(draft.TimeoutMS, draft.Limits); err != nil {
		return draft, err
	}
	imports, err := s.engine.Check(body.Name, body.Source)
	draft.Imports = imports
	return draft, syntaxFailure(err)
}

// checkedChange is checkedDraft for what a PATCH of current names.
func (s *Server) checkedChange(current *store.Script, body scriptChange) (store.ScriptChange, error) {
	change := store.ScriptChange{
		Name: body.Name, Description: body.Description, Source: body.Source,
		Kind: body.Kind, Access: body.Access, Enabled: body.Enabled, IfVersion: body.Version,
	}
	if err := checkWords(change.Kind, change.Access); err != nil {
		return change, err
	}
	if err := s.changeLimits(current, body, &change); err != nil {
		return change, err
	}
	if body.Source == nil {
		return change, nil
	}
	name := current.Name
	if body.Name != nil {
		name = *body.Name
	}
	imports, err := s.engine.Check(name, *body.Source)
	change.Imports = imports
	return change, syntaxFailure(err)
}

// changeLimits puts the limits that a PATCH names over the current ones.
func (s *Server) changeLimits(current *store.Script, body scriptChange, change *store.ScriptChange) error {
	change.SetTimeoutMS, change.TimeoutMS = body.TimeoutMS != nil, current.TimeoutMS
	change.SetLimits, change.Limits = body.Limits != nil, current.Limits
	if body.TimeoutMS != nil {
		var timeout *int64
		if err := typed(json.Unmarshal(body.TimeoutMS, &timeout), "timeout_ms"); err != nil {
			return err
		}
		change.TimeoutMS = timeout
	}
	if body.Limits != nil {
		limits, err := overlayLimits(current.Limits, body.Limits)
		if err != nil {
			return err
		}
		change.Limits = limits
	}
	if !change.SetTimeoutMS && !change.SetLimits {
		return nil
	}
	return s.engine.CheckLimits(change.TimeoutMS, change.Limits)
}

// overlayLimits puts a JSON object over limits: a number sets a limit, null
// puts its default back, and what is absent stays. A bare null puts all back.
func overlayLimits(limits store.Limits, raw json.RawMessage) (store.Limits, error) {
	if string(raw) == "null" {
		return store.Limits{}, nil
	}
	// Fresh numbers: decoding would write through the catalog's pointers.
	body := limitsBody{
		Instructions: copied(limits.Instructions), MemoryBytes: copied(limits.MemoryBytes),
		CallDepth: copied(limits.CallDepth), StringBytes: copied(limits.StringBytes), SDKCalls: copied(limits.SDKCalls),
	}
	err := decodeStrict(raw, "limits.", &body)
	return store.Limits(body), err
}

func copied(n *int64) *int64 {
	if n == nil {
		return nil
	}
	value := *n
	return &value
}

// checkWords checks the fields that take one of a few words; nil is unchanged.
func checkWords(kind *store.ScriptKind, access *store.Access) error {
	if kind != nil && *kind != store.ScriptEndpoint && *kind != store.ScriptModule {
		return invalidField("kind", "kind is endpoint or module")
	}
	if access != nil && *access != store.AccessOpen && *access != store.AccessAuthenticated {
		return invalidField("access", "access is open or authenticated")
	}
	return nil
}

// syntaxFailure shows the caller where a script cannot be compiled.
func syntaxFailure(err error) error {
	var source *runtime.SourceError
	if !errors.As(err, &source) {
		return err
	}
	return &store.Error{
		Kind: store.KindInvalid, Code: "syntax_error", Message: source.Message,
		Details: map[string]any{"line": source.Line, "column": source.Column},
	}
}

// checkScript answers POST scripts:check: why this source could not be saved, or
// what is likely wrong with it.
func (s *Server) checkScript(c echo.Context, _ principal) error {
	var body struct {
		Name   string `json:"name"`
		Source string `json:"source"`
	}
	if err := bind(c, &body); err != nil {
		return err
	}
	diagnostics := s.linter.Check(body.Name, body.Source)
	return answer(c, nethttp.StatusOK, map[string][]lint.Diagnostic{"diagnostics": diagnostics})
}

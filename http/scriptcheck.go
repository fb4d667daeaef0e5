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

// checkedChange is checkedDraft for what a PATCH names. The limits are checked
// by the store, over those that are not named; name is the present one.
func (s *Server) checkedChange(name string, body scriptChange) (store.ScriptChange, error) {
	change := store.ScriptChange{
		Name: body.Name, Description: body.Description, Source: body.Source,
		Kind: body.Kind, Access: body.Access, Enabled: body.Enabled, IfVersion: body.Version,
		CheckLimits: s.engine.CheckLimits,
	}
	if err := checkWords(change.Kind, change.Access); err != nil {
		return change, err
	}
	if err := namedNumber(body.TimeoutMS, "timeout_ms", &change.TimeoutMS); err != nil {
		return change, err
	}
	limits, err := namedLimits(body.Limits)
	if err != nil {
		return change, err
	}
	change.Limits = limits
	if body.Source == nil {
		return change, nil
	}
	if body.Name != nil {
		name = *body.Name
	}
	imports, err := s.engine.Check(name, *body.Source)
	change.Imports = imports
	return change, syntaxFailure(err)
}

// namedLimits reads the limits that a PATCH names. A bare null names them all.
func namedLimits(raw json.RawMessage) (change store.LimitsChange, err error) {
	var body limitsChange
	switch null := json.RawMessage("null"); {
	case raw == nil:
		return change, nil
	case string(raw) == "null":
		body = limitsChange{null, null, null, null, null}
	default:
		if err := decodeStrict(raw, "limits.", &body); err != nil {
			return change, err
		}
	}
	for _, limit := range []struct {
		raw    json.RawMessage
		field  string
		target ***int64
	}{
		{body.Instructions, "limits.instructions", &change.Instructions}, {body.MemoryBytes, "limits.memory_bytes", &change.MemoryBytes},
		{body.CallDepth, "limits.call_depth", &change.CallDepth}, {body.StringBytes, "limits.string_bytes", &change.StringBytes},
		{body.SDKCalls, "limits.sdk_calls", &change.SDKCalls},
	} {
		if err := namedNumber(limit.raw, limit.field, limit.target); err != nil {
			return change, err
		}
	}
	return change, nil
}

// namedNumber reads a number that a PATCH may name; null is a pointer to nil.
func namedNumber(raw json.RawMessage, field string, target ***int64) error {
	if raw == nil {
		return nil
	}
	var number *int64
	if err := typed(json.Unmarshal(raw, &number), field); err != nil {
		return err
	}
	*target = &number
	return nil
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

// sourceBody is the body of POST scripts:check.
type sourceBody struct {
	Name   string `json:"name"`                                  // of the script, for what the compiler says
	Source string `json:"source" example:"return { hello = 1 }"` // Lua 5.1
}

// diagnosis is the answer of scripts:check.
type diagnosis struct {
	Diagnostics []lint.Diagnostic `json:"diagnostics"`
}

// checkScript answers POST scripts:check: why this source could not be saved, or
// what is likely wrong with it.
func (s *Server) checkScript(c echo.Context, _ principal) error {
	var body sourceBody
	if err := bindUpTo(c, maxScriptBody, &body); err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, diagnosis{s.linter.Check(body.Name, body.Source)})
}

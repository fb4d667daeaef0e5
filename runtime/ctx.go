package runtime

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// SDKVersion is major.minor of what scripts see (spec 1, "Five version numbers").
const SDKVersion = "1.4"

// ctx and ctx.request are frozen tables without contents of their own: a field
// is worked out when a script reads it, so a run pays only for what it uses.
// The tables belong to the pooled state, their contents to the run.

// ctxFields are the names of ctx in the order pairs gives them.
var ctxFields = []string{
	"execution_id", "request_id", "script_id", "script_name", "app", "sdk_version",
	"invocation_type", "deadline_ms", "request", "event",
}

func newCtxType() *lua.LTable {
	return luax.FrozenType("ctx",
		func(L *lua.LState) int { return pushField(L, From(L).ctxField) },
		func(L *lua.LState) *lua.LTable { return allFields(L, ctxFields, From(L).ctxField) },
	)
}

// pushField answers an __index call whose key is a field name; any other key is nil.
func pushField(L *lua.LState, field func(*lua.LState, string) lua.LValue) int {
	if name, ok := L.Get(2).(lua.LString); ok {
		L.Push(field(L, string(name)))
		return 1
	}
	return 0
}

// allFields makes the whole table, for pairs and for the JSON encoder.
func allFields(L *lua.LState, names []string, field func(*lua.LState, string) lua.LValue) *lua.LTable {
	meter.From(L).ChargeMemory(L, len(names)*pairBytes)
	table := L.CreateTable(0, len(names))
	for _, name := range names {
		table.RawSetString(name, field(L, name))
	}
	return table
}

// ctxField is one field of ctx; ctx.event is nil in a run without an event.
func (r *Run) ctxField(L *lua.LState, name string) lua.LValue {
	switch name {
	case "request":
		return r.state.request
	case "event":
		if r.invocation.Event != nil {
			return r.state.event
		}
	case "execution_id":
		return lua.LString(r.record.execution.ID.String())
	case "request_id":
		return lua.LString(r.invocation.RequestID)
	case "script_id":
		return lua.LString(r.script.ID.String())
	case "script_name":
		return lua.LString(r.script.Name)
	case "app":
		return lua.LString(r.appSlug())
	case "sdk_version":
		return lua.LString(SDKVersion)
	case "invocation_type":
		return lua.LString(r.invocation.Kind)
	case "deadline_ms":
		return lua.LNumber(meter.From(L).Remaining().Milliseconds())
	}
	return lua.LNil
}

func (r *Run) appSlug() string {
	if app := r.engine.store.Catalog().Apps[r.script.AppID]; app != nil {
		return app.Slug
	}
	return ""
}

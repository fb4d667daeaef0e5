package runtime

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// state is one Lua state with what belongs to it from run to run: the meter,
// the run it serves, and the empty frozen tables through which scripts see ctx.
type state struct {
	L                   *lua.LState
	meter               *meter.Meter
	run                 Run
	ctx, request, event *lua.LTable
	tables              [requestTables]*lua.LTable
	kept                *lua.LTable // what only Go code refers to, for the memory walk
	scratch             []byte      // for encoding the response
	depth               int
}

func (e *Engine) newState(depth int) *state {
	L := meter.NewState(depth)
	s := &state{L: L, depth: depth, meter: meter.New(L, e.monitor, e.shared), kept: L.CreateTable(0, 0)}
	s.run = Run{engine: e, state: s}
	e.library.Install(L)
	s.ctx, s.request, s.event = frozen(L, e.types.ctx), frozen(L, e.types.request), frozen(L, e.types.event)
	for i, kind := range e.types.tables {
		s.tables[i] = frozen(L, kind)
	}
	return s
}

// frozen makes one empty table of a frozen type.
func frozen(L *lua.LState, kind *lua.LTable) *lua.LTable {
	table := L.CreateTable(0, 0)
	table.Metatable = kind
	return table
}

// emptyRequest is what ctx.request shows in a run that has none.
var emptyRequest = &Request{}

// begin gives the state to a run with a fresh environment and says when it was ready.
func (s *state) begin(ctx context.Context, invocation *Invocation, record *record, limits meter.Limits) (ready time.Time) {
	env := s.L.CreateTable(0, 0)
	env.Metatable = s.run.engine.library.EnvMetatable
	s.run = Run{
		engine: s.run.engine, state: s, script: invocation.Script, invocation: invocation,
		request: invocation.Request, record: record, env: env, parent: ctx,
	}
	if s.run.request == nil {
		s.run.request = emptyRequest
	}
	s.meter.Owner = &s.run
	now := time.Now()
	s.meter.Start(limits, env, now)
	return now
}

// execute runs the script's chunk and turns what it returns into a response,
// all under the meter. The kept table lies below the chunk on the stack, where
// the memory walk sees it and the script does not.
func (s *state) execute(proto *lua.FunctionProto) (result *Result, failed *failure) {
	defer func() {
		if cause := recover(); cause != nil {
			result, failed = nil, s.failureOf(cause)
		}
	}()
	L := s.L
	L.Push(s.kept)
	L.Push(s.run.function(L, proto))
	L.Push(s.ctx)
	L.Push(s.run.env)
	L.Call(2, 1)
	result = &Result{}
	builder := responseBuilder{L: L, meter: s.meter, result: result, scratch: s.scratch, maxBytes: s.run.engine.maxResponse}
	builder.build(L.Get(-1))
	if wrong := s.run.steer(L, L.Get(-1), &result.Steering); wrong != "" {
		builder.reject("%s", wrong)
	}
	s.scratch = builder.scratch
	s.run.noteUnknownKey(builder.unknown)
	L.SetTop(0)
	if builder.why != "" {
		return nil, scriptFailure(CodeInvalidResponse, builder.why, origin{script: s.run.script.Name})
	}
	return result, nil
}

// end closes the run's account and drops all that it held.
func (s *state) end() meter.Usage {
	usage := s.meter.Finish()
	if s.run.cancel != nil {
		s.run.cancel()
	}
	if s.kept.Len() > 0 {
		s.kept = s.L.CreateTable(0, 0)
	}
	s.run = Run{engine: s.run.engine, state: s}
	return usage
}

// clean reports whether the frozen tables are still empty. The library refuses
// to write to them; should a way be found, the state goes with what was written.
func (s *state) clean() bool {
	for _, table := range s.tables {
		if key, _ := table.Next(lua.LNil); key != lua.LNil {
			return false
		}
	}
	for _, table := range []*lua.LTable{s.ctx, s.request, s.event} {
		if key, _ := table.Next(lua.LNil); key != lua.LNil {
			return false
		}
	}
	return true
}

// keep makes a value that only Go code refers to visible to the memory walk
// until the run ends.
func (s *state) keep(v lua.LValue) { s.kept.Append(v) }

package runtime

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
	"picloud/runtime/stdlib"
	"picloud/store"
)

// Run is the per-run value; everything per run hangs from it, so that clearing
// it leaves a state without a trace of the last run. Only the goroutine of the
// script may use it.
type Run struct {
	engine     *Engine
	state      *state
	script     *store.Script
	invocation *Invocation
	request    *Request // never nil: empty for events
	record     *record
	env        *lua.LTable
	random     stdlib.Random // math.random's

	// What ctx.request shows, made when a script first asks for it.
	body     body
	bodyRaw  lua.LValue
	contents [requestTables]*lua.LTable

	event eventState // of ctx.event

	modules required
	block   Block
	place   *gateApp        // the run's app at the gate
	full    string          // the error that a full disk has raised; see NoteFullDisk
	parent  context.Context // Engine.Run's
	context context.Context // made by Context
	cancel  context.CancelFunc
}

// From returns the run that L's state is serving.
func From(L *lua.LState) *Run { return meter.From(L).Owner.(*Run) }

// Context is a real context with the run's deadline, for blocking SDK calls.
// It carries the values of Engine.Run's context but does not end with it: a
// run goes on when its caller has gone.
func (r *Run) Context() context.Context {
	if r.context == nil {
		left := meter.From(r.state.L).Remaining()
		r.context, r.cancel = context.WithTimeout(store.ForScript(context.WithoutCancel(r.parent), r.script.ID), left)
	}
	return r.context
}

// App is the app whose script runs.
func (r *Run) App() uuid.UUID { return r.script.AppID }

// Store is the database that SDK functions read and write.
func (r *Run) Store() *store.Store { return r.engine.store }

// Origin says what caused the changes that the run makes.
func (r *Run) Origin() store.Origin { return store.Origin{Depth: r.Hops()} }

// AwaitStore runs a call that waits for the database. Meanwhile the run holds
// no slot of the gate, unless it holds much memory, and what others allocate is
// not its own.
func (r *Run) AwaitStore(wait func()) {
	m := meter.From(r.state.L)
	if !m.Heavy() && r.engine.gate.stepAside(r.place) {
		defer r.engine.gate.stepBack(r.place)
	}
	m.Blocking(wait)
}

// Hops counts the events and scripts' calls that led to the run.
func (r *Run) Hops() int { return max(r.invocation.Depth, r.request.Hops) }

// Block is a part of a run in which functions with an Effect may not be called.
type Block struct {
	Name  string // as scripts know it; "" outside any block
	Value any    // what belongs to the SDK module that began it
}

// Enter begins a block and returns what ends it. Blocks do not nest.
func (r *Run) Enter(block Block) (leave func()) {
	r.block = block
	return func() { r.block = Block{} }
}

// Block is the block that the run is in.
func (r *Run) Block() Block { return r.block }

// Now is the wall clock of the records.
func (r *Run) Now() store.Time { return store.TimeOf(r.engine.now()) }

// NoteQuery adds a query of documents to the execution's record, which keeps
// the slowest few.
func (r *Run) NoteQuery(report store.QueryReport) {
	e := &r.record.execution
	e.Queries = append(e.Queries, report)
	if len(e.Queries) > maxQueries {
		slices.SortFunc(e.Queries, func(a, b store.QueryReport) int { return cmp.Compare(b.DurationMS, a.DurationMS) })
		e.Queries = e.Queries[:maxQueries]
	}
}

// ClockSynchronised reports whether that clock can be trusted.
func (r *Run) ClockSynchronised() bool { return r.engine.ClockSynchronised() }

// Request is what started the run; false when that was an event.
func (r *Run) Request() (*Request, bool) { return r.request, r.request != emptyRequest }

// Secret opens one of the app's secrets. From then on the record shows its
// name wherever its value would stand.
func (r *Run) Secret(name string) (string, error) {
	value, err := r.engine.store.OpenAppSecret(r.App(), name)
	if err == nil {
		r.record.secrets = r.record.secrets.add(Secret{Name: name, Value: value})
	}
	return value, err
}

// Fault logs a failure of PiCloud's own that a script's call met; the script
// learns only that it failed.
func (r *Run) Fault(call string, err error) {
	r.engine.logger.Error("an SDK call failed", "call", call, "script_id", r.script.ID, "execution_id", r.record.execution.ID, "error", err)
}

// noteUnknownKey says in the record that the response has a key which means
// nothing; "" when it has none.
func (r *Run) noteUnknownKey(key string) {
	if key == "" {
		return
	}
	key = clipText(r.record.secrets.text(key), maxShownKey) // masked before a cut could leave a part of a value
	r.record.note(r.engine.now(), "the response's key "+strconv.Quote(key)+" means nothing and was left out; there are statusCode, headers and body")
}

// NoteFullDisk keeps the text of an error that a full disk is about to raise.
// A run that ends with it answers as the control plane does (spec 5, "Storage"),
// since the script did nothing wrong.
func (r *Run) NoteFullDisk(message string) { r.full = message }

// Script is the script that runs, as the catalog had it at the start.
func (r *Run) Script() *store.Script { return r.script }

// Log appends one line to the execution's record: at most 200 lines of 4 KiB,
// message and data (JSON) together. Further lines are counted; a message is
// clipped, data that does not fit is left out and the line says so.
func (r *Run) Log(level, message string, data []byte) {
	message = r.record.secrets.text(message) // before a cut could leave a part of a value
	if room := maxLogLineBytes - min(len(message), maxLogLineBytes/2); len(data) > room {
		r.LogWithout(level, message, "data of "+strconv.Itoa(len(data))+" bytes")
		return
	}
	r.addLine(level, clipText(message, maxLogLineBytes-len(data)), data)
}

// LogWithout is Log for a line whose data has no room: the line says what was
// left out ("data of 9000 bytes").
func (r *Run) LogWithout(level, message, what string) {
	message = r.record.secrets.text(message)
	r.addLine(level, clipText(message, maxLogLineBytes/2)+" ["+what+" left out]", nil)
}

func (r *Run) addLine(level, message string, data []byte) {
	e := &r.record.execution
	if len(e.Logs) >= maxLogLines {
		e.LogsDropped++
		return
	}
	line := store.LogLine{At: r.Now(), Level: level}
	line.Message = strings.ToValidUTF8(message, "\uFFFD")
	if data != nil {
		line.Data = json.RawMessage(append([]byte(nil), data...))
	}
	e.Logs = append(e.Logs, line)
}

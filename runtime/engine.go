package runtime

import (
	"context"
	"log/slog"
	goruntime "runtime"
	"runtime/debug"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
	"picloud/runtime/stdlib"
	"picloud/store"
)

// Config is what New needs. A zero value means the default named beside it.
type Config struct {
	Store            *store.Store
	Logger           *slog.Logger
	Modules          []Module         // sdk.Modules()
	Defaults         meter.Limits     // DefaultLimits()
	Ceilings         meter.Limits     // defaultCeilings()
	MaxConcurrency   int              // executions at once; 4 × cores
	QueueLength      int              // waiting at once; 64
	QueueWait        time.Duration    // longest wait for a slot; 2 s
	ScriptCacheSize  int              // compiled scripts kept; 256
	ModuleCacheSize  int              // compiled modules kept; 512
	MaxResponseBytes int              // 10 MiB
	Now              func() time.Time // wall clock of records, os.time and logs; time.Now
	// ClockSynchronised reports whether that clock can be trusted: a Pi without
	// a clock battery may be years behind until it has asked the network. Always.
	ClockSynchronised func() bool
}

func (c *Config) fillDefaults() {
	if c.Defaults == (meter.Limits{}) {
		c.Defaults = DefaultLimits()
	}
	if c.Ceilings == (meter.Limits{}) {
		c.Ceilings = defaultCeilings()
	}
	if c.QueueWait <= 0 {
		c.QueueWait = 2 * time.Second
	}
	for _, field := range []struct {
		value     *int
		otherwise int
	}{
		{&c.MaxConcurrency, 4 * goruntime.GOMAXPROCS(0)}, {&c.QueueLength, 64},
		{&c.ScriptCacheSize, 256}, {&c.ModuleCacheSize, 512}, {&c.MaxResponseBytes, 10 << 20},
	} {
		if *field.value <= 0 {
			*field.value = field.otherwise
		}
	}
}

// Engine compiles, meters and runs scripts. All methods may be called from any
// goroutine.
type Engine struct {
	store              *store.Store
	logger             *slog.Logger
	clock              func() time.Time // nil: the system's
	synchronised       func() bool      // nil: always
	defaults, ceilings meter.Limits
	maxResponse        int

	gate             *gate
	counters         *counters
	scripts, modules *programCache
	pool             *pool
	monitor          *meter.Monitor
	library          *stdlib.Library
	description      *Description
	types            *requestTypes
	shared           []*lua.LTable // what the memory walk leaves out
}

// New makes an engine and starts its monitor; Close ends it. The only thing
// that can go wrong is a list of modules that contradicts itself, which is a
// mistake in the program and not in its input: New panics then.
func New(config Config) *Engine {
	config.fillDefaults()
	e := &Engine{
		store: config.Store, logger: config.Logger, clock: config.Now, synchronised: config.ClockSynchronised,
		defaults: config.Defaults, ceilings: config.Ceilings, maxResponse: config.MaxResponseBytes,
		gate:    newGate(config.MaxConcurrency, config.QueueLength, config.QueueWait),
		monitor: meter.NewMonitor(config.MaxConcurrency + maxAside),
		types:   newRequestTypes(), counters: newCounters(),
	}
	e.pool = newPool(e.newState)
	e.library = e.newLibrary(config.Modules)
	e.description = Describe(config.Modules)
	e.shared = append(e.types.all(), e.library.Shared()...)
	e.scripts = newProgramCache(config.ScriptCacheSize, e.compile, e.store.ScriptSource)
	e.modules = newProgramCache(config.ModuleCacheSize, e.compile, e.store.ScriptSource)
	e.monitor.Start()
	return e
}

func (e *Engine) newLibrary(modules []Module) *stdlib.Library {
	library, err := stdlib.New(stdlib.Hooks{
		Print:   func(L *lua.LState, line string) { From(L).Log("info", line, nil) },
		Require: require,
		Random:  func(L *lua.LState) *stdlib.Random { return &From(L).random },
		Now:     e.now,
	})
	if err == nil {
		err = addModules(library, modules)
	}
	if err != nil {
		panic("runtime: " + err.Error())
	}
	library.Seal()
	return library
}

// now is the wall clock.
func (e *Engine) now() time.Time {
	if e.clock != nil {
		return e.clock()
	}
	return time.Now()
}

// BackgroundSlots is how many deliveries can run at once: what the gate leaves
// to background work.
func (e *Engine) BackgroundSlots() int { return int(e.gate.share) }

// ClockSynchronised reports whether the wall clock can be trusted.
func (e *Engine) ClockSynchronised() bool { return e.synchronised == nil || e.synchronised() }

// Close stops the monitor. No script may run any more.
func (e *Engine) Close() { e.monitor.Close() }

// Run executes one script and records the execution. It never panics and
// always returns a Result; Result.Err says what went wrong. A run that has
// begun ends by itself or at its limits: the end of ctx ends only the wait for
// a slot, because the caller of a webhook may have gone while its work is done.
func (e *Engine) Run(ctx context.Context, invocation *Invocation) *Result {
	began := time.Now()
	started := began
	if e.clock != nil {
		started = e.clock()
	}
	record := newRecord(e.store.NewExecutionID(started), started, invocation)
	result, failed := e.run(ctx, invocation, record, began)
	if failed != nil {
		result = failed.result()
	}
	if invocation.Screen != nil {
		var note string
		result.Header, note = invocation.Screen(invocation.CookiePath, result.Header)
		record.note(started, note)
	}
	result.ExecutionID = record.execution.ID
	if record.took == 0 {
		record.took = time.Since(began) // it never came to a state
	}
	e.counters.add(record)
	record.finish(result, failed)
	record.mask(result, invocation.test())
	result.Path = record.request.Path
	if invocation.test() {
		result.Execution = copyExecution(&record.execution)
	}
	if failed != nil && failed.code == CodeBusy && invocation.Background {
		return result
	}
	e.store.RecordExecution(&record.execution)
	return result
}

// run takes an invocation through gate and cache to a state.
func (e *Engine) run(ctx context.Context, invocation *Invocation, record *record, began time.Time) (result *Result, failed *failure) {
	defer func() {
		if cause := recover(); cause != nil {
			e.logger.Error("panic around a script", "script_id", invocation.Script.ID,
				"execution_id", record.execution.ID, "panic", cause, "stack", string(debug.Stack()))
			result, failed = nil, internalFailure(invocation.Script)
		}
	}()
	place, err := e.gate.enter(ctx, invocation.Script.AppID, invocation.Background)
	if err != nil {
		return nil, e.busy()
	}
	defer e.gate.leave(place)
	proto, err := e.scripts.get(ctx, invocation.Script)
	if err != nil {
		return nil, e.loadFailure(invocation.Script, err)
	}
	limits := e.limitsOf(invocation.Script)
	s := e.pool.take(limits.CallDepth)
	ready := s.begin(ctx, invocation, record, limits)
	s.run.place = place
	result, failed = s.execute(proto)
	usage := s.end()
	record.took = ready.Sub(began) + usage.Elapsed
	record.execution.Usage = store.Usage{
		Instructions: usage.Instructions, MemoryBytes: usage.MemoryBytes, SDKCalls: int64(usage.SDKCalls),
	}
	if failed == nil && s.meter.Light() && s.clean() {
		e.pool.give(s)
	}
	return result, failed
}

package meter

import "time"

// Limits bound one run (spec 4 "One execution"). All are > 0.
type Limits struct {
	Instructions int64         // interpreter instructions; library work is charged in the same unit
	MemoryBytes  int64         // live bytes reachable from the script
	Wall         time.Duration // from Start
	StringBytes  int           // longest string that may come into being
	CallDepth    int           // Lua call levels per thread
	SDKCalls     int           // calls of http, email, kv, docs, topics, dead_letters
}

// Cause says why the meter ended a run.
type Cause string

// The causes; limits are spelt as the status of the execution record.
const (
	CauseInstructions Cause = "instruction_limit"
	CauseMemory       Cause = "memory_limit" // also a string over StringBytes
	CauseTimeout      Cause = "timeout"
	CauseSDKCalls     Cause = "sdk_call_limit"
	// CauseDefect is no limit: a Go function below the script panicked. The
	// failure's message is the panic with its stack, for the server's log only.
	CauseDefect Cause = "internal"
)

// Failure is the sticky reason a run was stopped; nil while it may go on.
type Failure struct {
	Cause   Cause
	Message string
}

// Error returns the message that the script's error carries.
func (f *Failure) Error() string { return f.Message }

// Usage is what one run took.
type Usage struct {
	Instructions int64
	// MemoryBytes estimates the peak from above: the last exact walk plus all
	// that was allocated since, never more than the limit. Allocations of other
	// goroutines on other cores count too when no walk came after them. A run too
	// short to hold much reports only what was charged.
	MemoryBytes int64
	SDKCalls    int
	Elapsed     time.Duration
}

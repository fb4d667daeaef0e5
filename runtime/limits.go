package runtime

import (
	"time"

	"picloud/runtime/meter"
	"picloud/store"
)

// DefaultLimits are spec 4's limits of a script that sets none of its own.
func DefaultLimits() meter.Limits {
	return meter.Limits{
		Instructions: 10_000_000,
		MemoryBytes:  16 << 20,
		Wall:         10 * time.Second,
		StringBytes:  4 << 20,
		CallDepth:    200,
		SDKCalls:     1_000,
	}
}

// defaultCeilings are spec 4's ceilings where no admin has set others. The
// ceiling of one string is the memory limit of the script that makes it.
func defaultCeilings() meter.Limits {
	return meter.Limits{
		Instructions: 1_000_000_000,
		MemoryBytes:  256 << 20,
		Wall:         300 * time.Second,
		StringBytes:  256 << 20,
		CallDepth:    1_000,
		SDKCalls:     100_000,
	}
}

// limitField is one of a script's own limits beside what it may be at most.
type limitField struct {
	name    string // as in the JSON of a script
	value   *int64
	ceiling int64
}

// limitFields lists a script's own limits in the order of spec 4's table.
func (e *Engine) limitFields(timeoutMS *int64, limits store.Limits) []limitField {
	memory := e.defaults.MemoryBytes
	if limits.MemoryBytes != nil {
		memory = *limits.MemoryBytes
	}
	ceilings := e.ceilings
	return []limitField{
		{"limits.instructions", limits.Instructions, ceilings.Instructions},
		{"limits.memory_bytes", limits.MemoryBytes, ceilings.MemoryBytes},
		{"timeout_ms", timeoutMS, ceilings.Wall.Milliseconds()},
		{"limits.call_depth", limits.CallDepth, int64(ceilings.CallDepth)},
		{"limits.string_bytes", limits.StringBytes, min(memory, int64(ceilings.StringBytes))},
		{"limits.sdk_calls", limits.SDKCalls, int64(ceilings.SDKCalls)},
	}
}

// CheckLimits validates a script's own limits and timeout: *store.Error of
// KindInvalid, with code "limit_over_ceiling" naming the field and the ceiling,
// or "limit_not_positive".
func (e *Engine) CheckLimits(timeoutMS *int64, limits store.Limits) error {
	for _, field := range e.limitFields(timeoutMS, limits) {
		if field.value == nil {
			continue
		}
		details := map[string]any{"field": field.name, "ceiling": field.ceiling}
		if *field.value < 1 {
			err := store.Errorf(store.KindInvalid, "limit_not_positive", "%s must be at least 1", field.name)
			err.Details = details
			return err
		}
		if *field.value > field.ceiling {
			err := store.Errorf(store.KindInvalid, "limit_over_ceiling", "%s is over its ceiling of %d", field.name, field.ceiling)
			err.Details = details
			return err
		}
	}
	return nil
}

// limitsOf are the limits of one run: the script's own over the defaults,
// never above the ceilings, which may have been lowered since it was saved.
func (e *Engine) limitsOf(script *store.Script) meter.Limits {
	own, limits := &script.Limits, e.defaults
	limits.Instructions = bounded(own.Instructions, limits.Instructions, e.ceilings.Instructions)
	limits.MemoryBytes = bounded(own.MemoryBytes, limits.MemoryBytes, e.ceilings.MemoryBytes)
	limits.CallDepth = int(bounded(own.CallDepth, int64(limits.CallDepth), int64(e.ceilings.CallDepth)))
	limits.SDKCalls = int(bounded(own.SDKCalls, int64(limits.SDKCalls), int64(e.ceilings.SDKCalls)))
	limits.StringBytes = int(bounded(own.StringBytes, int64(limits.StringBytes), limits.MemoryBytes))
	wall := bounded(script.TimeoutMS, limits.Wall.Milliseconds(), e.ceilings.Wall.Milliseconds())
	limits.Wall = time.Duration(wall) * time.Millisecond
	return limits
}

func bounded(own *int64, otherwise, ceiling int64) int64 {
	if own != nil {
		otherwise = *own
	}
	return min(otherwise, ceiling)
}

package meter

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// bytesPerStep prices the copying of bytes in instructions.
const bytesPerStep = 128

// Step charges n units of library work and raises when a limit is reached or
// was reached before. Loops in Go code must call it.
func (m *Meter) Step(L *lua.LState, n int) {
	m.instructions += int64(n)
	if m.instructions >= m.next.Load() && m.check() != nil {
		m.Reraise(L)
	}
}

// ChargeString announces a string (or byte buffer that becomes one) of n bytes
// before it is made: string limit, memory, and n/128 steps. It raises.
func (m *Meter) ChargeString(L *lua.LState, n int) {
	if n < 0 || n > m.limits.StringBytes {
		m.Fail(L, CauseMemory, fmt.Sprintf("string of %d bytes is over the limit of %d bytes", n, m.limits.StringBytes))
	}
	m.ChargeMemory(L, n)
	m.Step(L, n/bytesPerStep)
}

// ChargeMemory announces n bytes of other allocation. It raises.
func (m *Meter) ChargeMemory(L *lua.LState, n int) {
	if m.failure != nil {
		m.Reraise(L)
	}
	if n < 0 || int64(n) > m.limits.MemoryBytes {
		m.failMemory()
		m.Reraise(L)
	}
	m.memory.pending += int64(n)
	m.memory.charged += int64(n)
	if m.LiveBytes() <= m.limits.MemoryBytes {
		return
	}
	m.checked = true
	if !m.walk(int64(n)) {
		m.failMemory()
		m.Reraise(L)
	}
}

// ChargeSDKCall counts one SDK call against the ceiling. It raises.
func (m *Meter) ChargeSDKCall(L *lua.LState) {
	if m.failure != nil {
		m.Reraise(L)
	}
	if m.sdkCalls >= m.limits.SDKCalls {
		m.Fail(L, CauseSDKCalls, fmt.Sprintf("limit of %d SDK calls exceeded", m.limits.SDKCalls))
	}
	m.sdkCalls++
}

// AddExtra accounts n more (or, below zero, fewer) bytes that Go code holds on
// behalf of the script, such as a decoded request body, until Finish.
func (m *Meter) AddExtra(n int64) { m.memory.extra += n }

// Fail makes cause sticky and raises. An earlier failure wins.
func (m *Meter) Fail(L *lua.LState, cause Cause, message string) {
	m.fail(cause, message)
	m.Reraise(L)
}

// Reraise raises again when the run has been stopped: every Go function that
// catches a Lua error must call it before it returns to Lua.
func (m *Meter) Reraise(L *lua.LState) {
	if m.failure != nil {
		L.RaiseError("%s", m.failure.Message)
	}
}

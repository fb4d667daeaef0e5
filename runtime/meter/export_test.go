package meter

// Measure walks now, as a check under memory pressure would.
func (m *Meter) Measure() int64 { return m.measure() }

// Finished is the memory figure of the last finished run.
func (m *Meter) Finished() Usage { return Usage{MemoryBytes: m.memory.peak} }

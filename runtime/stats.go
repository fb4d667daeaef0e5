package runtime

import (
	"sync/atomic"
	"time"
)

// Stats is what the engine has done since its start, and what it does now. The
// counts come from atomics, so they may be of slightly different moments.
type Stats struct {
	Duration     Distribution // seconds, the wait for a slot included
	Memory       Distribution // bytes of a run's own live memory at its largest
	Instructions int64
	SDKCalls     int64
	Gate         GateStats
	// Scripts and Modules are the caches of compiled programs.
	Scripts, Modules CacheStats
}

// GateStats is the gate: how many runs hold one of its slots, how many wait for
// one, how many have stepped aside for the database, and how many were refused.
type GateStats struct{ Slots, Running, Waiting, Aside, Refused int64 }

// CacheStats counts looks into a cache.
type CacheStats struct{ Hits, Misses int64 }

// Distribution counts values by size: Counts[i] are at most Bounds[i] and above
// the bound before; the last count, one more than there are bounds, is the rest.
type Distribution struct {
	Bounds []float64
	Counts []int64
	Sum    float64
}

// The bounds of the distributions. A hello takes microseconds, the longest run
// minutes; memory goes from an empty state to the highest ceiling.
var (
	durationBounds = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}
	memoryBounds   = []float64{16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20}
)

// counters are Stats while they count: a handful of atomic additions for each run.
type counters struct {
	duration     distribution // nanoseconds
	memory       distribution
	instructions atomic.Int64
	sdkCalls     atomic.Int64
	refused      atomic.Int64
}

// distribution counts whole numbers; its scale turns them into the unit of the bounds.
type distribution struct {
	bounds []float64
	scale  float64
	counts []atomic.Int64
	sum    atomic.Int64
}

func newDistribution(bounds []float64, scale float64) distribution {
	return distribution{bounds: bounds, scale: scale, counts: make([]atomic.Int64, len(bounds)+1)}
}

func (d *distribution) add(value int64) {
	at, scaled := 0, float64(value)*d.scale
	for at < len(d.bounds) && scaled > d.bounds[at] {
		at++
	}
	d.counts[at].Add(1)
	d.sum.Add(value)
}

func (d *distribution) read() Distribution {
	counts := make([]int64, len(d.counts))
	for i := range d.counts {
		counts[i] = d.counts[i].Load()
	}
	return Distribution{Bounds: d.bounds, Counts: counts, Sum: float64(d.sum.Load()) * d.scale}
}

func newCounters() *counters {
	return &counters{duration: newDistribution(durationBounds, 1/float64(time.Second)), memory: newDistribution(memoryBounds, 1)}
}

// add counts a run.
func (c *counters) add(r *record) {
	c.duration.add(int64(r.took))
	c.memory.add(r.execution.Usage.MemoryBytes)
	c.instructions.Add(r.execution.Usage.Instructions)
	c.sdkCalls.Add(r.execution.Usage.SDKCalls)
}

// Stats returns the counts so far.
func (e *Engine) Stats() Stats {
	c, g := e.counters, e.gate
	return Stats{
		Duration: c.duration.read(), Memory: c.memory.read(),
		Instructions: c.instructions.Load(), SDKCalls: c.sdkCalls.Load(),
		Gate:    GateStats{Slots: g.slots, Running: g.running.Load(), Waiting: g.waiting.Load(), Aside: g.aside.Load(), Refused: c.refused.Load()},
		Scripts: e.scripts.stats(), Modules: e.modules.stats(),
	}
}

package main_test

import (
	"fmt"
	"testing"
	"time"

	"picloud/store"
)

// measureLog counts what the execution log costs the card for each 1,000 runs.
func measureLog(t *testing.T) []figure {
	hello := func(b *bench) *store.Script { return b.script("hello", helloScript, store.Limits{}) }
	return append(
		runFigures(t, runLoad{what: "with a log row alone", rate: 10, total: 1000, megabytes: 2.0, flushes: 101}, hello),
		runFigures(t, runLoad{what: "with a log row alone", rate: 500, total: 10_000, megabytes: 0.45, flushes: 4}, hello)...)
}

// runLoad is a number of runs at a rate per second, and what 1,000 of them may cost.
type runLoad struct {
	what        string
	rate, total int
	megabytes   float64
	flushes     int64
	fill        func(*bench) // nil, or what makes entries before anything is counted
}

// runsAtOnce is how many runs may be under way: at 500 per second one slow sync
// must not hold up all that follow.
const runsAtOnce = 32

// runFigures runs the script that prepare makes, at a rate, on a device of its
// own. The store is closed between filling and counting, so that none of what
// was filled waits in the write-ahead log for the runs to move it. The bytes are counted to the end, when everything has been moved from
// the write-ahead log into the database, the flushes before that: an instance
// moves it when it is idle or once in thousands of runs.
func runFigures(t *testing.T, l runLoad, prepare func(*bench) *store.Script) []figure {
	d := newDevice(t)
	if l.fill != nil {
		filled := newBenchAt(t, d.dir)
		l.fill(filled)
		filled.close()
	}
	b := newBenchAt(t, d.dir)
	script := prepare(b)
	b.flush()
	before := d.counts()
	slots := make(chan struct{}, runsAtOnce)
	ticker := time.NewTicker(time.Second / time.Duration(l.rate))
	defer ticker.Stop()
	for range l.total {
		<-ticker.C
		slots <- struct{}{}
		go func() {
			b.run(script)
			<-slots
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
	b.flush()
	running := d.counts().since(before)
	b.close()
	whole := d.counts().since(before)

	perThousand := float64(l.total) / 1000
	written := float64(whole.bytes) / 1e6 / perThousand
	flushed := float64(running.flushes) / perThousand
	what := fmt.Sprintf("the card for each 1,000 runs %s at %d/s", l.what, l.rate)
	return []figure{
		{what: "bytes written to " + what, value: fmt.Sprintf("%.2f MB", written), bar: fmt.Sprintf("at most %.2f MB", l.megabytes), reached: written <= l.megabytes},
		{what: "flushes of " + what, value: fmt.Sprintf("%.1f", flushed), bar: fmt.Sprintf("at most %d", l.flushes), reached: flushed <= float64(l.flushes)},
	}
}

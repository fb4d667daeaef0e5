package main_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"picloud/store"
)

// measureLog counts what the execution log costs the card for each 1,000 runs.
func measureLog(t *testing.T) []figure {
	return append(
		logFigures(t, 10, 1000, 2.0, 101),
		logFigures(t, 500, 10_000, 0.45, 4)...)
}

// logFigures runs total hello scripts at a rate per second on a device of its
// own. The bytes are counted to the end, when the log has been moved from the
// write-ahead log into the database, the flushes before that: an instance moves
// it when it is idle or once in thousands of runs.
func logFigures(t *testing.T, rate, total int, megabytes float64, flushes int64) []figure {
	d := newDevice(t)
	b := newBenchAt(t, d.dir)
	script := b.script("hello", helloScript, store.Limits{})
	b.flush()
	before := d.counts()
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for range total {
		<-ticker.C
		b.run(script)
	}
	b.flush()
	running := d.counts().since(before)
	b.close()
	whole := d.counts().since(before)

	perThousand := float64(total) / 1000
	written := float64(whole.bytes) / 1e6 / perThousand
	flushed := float64(running.flushes) / perThousand
	what := fmt.Sprintf("the card for each 1,000 logged runs at %d/s", rate)
	return []figure{
		{what: "bytes written to " + what, value: fmt.Sprintf("%.2f MB", written), bar: fmt.Sprintf("at most %.2f MB", megabytes), reached: written <= megabytes},
		{what: "flushes of " + what, value: fmt.Sprintf("%.1f", flushed), bar: fmt.Sprintf("at most %d", flushes), reached: flushed <= float64(flushes)},
	}
}

// flush waits until the execution log is in the database.
func (b *bench) flush() {
	b.t.Helper()
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

// Package scheduler runs what no request waits for: the outbox's deliveries
// (dispatcher), cron triggers, and the janitor, which removes what has expired.
//
// It may import runtime, store and crontime, and is the only package that
// imports gocron.
//
// Invariant: every goroutine it starts has ended when Stop returns, unless a run
// outlasts Stop's context; no job and no delivery can end the process; and a
// delivery's outcome is settled by the holder of its lease alone.
package scheduler

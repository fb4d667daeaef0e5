// Package scheduler starts what the clock starts: today the janitor, which
// removes what has expired.
//
// It may import runtime and store, and is the only package that imports
// gocron.
//
// Invariant: every goroutine it starts has ended when Stop returns, and no job
// can end the process: a job's failure or panic is one line in the log.
package scheduler

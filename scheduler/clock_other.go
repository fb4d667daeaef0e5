//go:build !linux

package scheduler

// SystemClock: other systems have a clock that runs while they are off.
func SystemClock() ClockState { return ClockState{Synchronised: true} }

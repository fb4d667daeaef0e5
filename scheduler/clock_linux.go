package scheduler

import (
	"syscall"
	"time"
)

const (
	timeError      = 5    // TIME_ERROR of adjtimex(2): the clock is not synchronised
	unsynchronised = 0x40 // STA_UNSYNC
)

// systemClock asks the kernel. A kernel that does not answer counts as one that
// runs for long with a clock that nobody has set.
func systemClock() ClockState {
	var timex syscall.Timex
	state := ClockState{Uptime: doubtfulAfter}
	if status, err := syscall.Adjtimex(&timex); err == nil {
		state.Synchronised = status != timeError && timex.Status&unsynchronised == 0
	}
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil {
		state.Uptime = time.Duration(info.Uptime) * time.Second
	}
	return state
}

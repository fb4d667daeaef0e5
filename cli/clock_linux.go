package cli

import "syscall"

// staUnsynchronised is STA_UNSYNC of adjtimex(2): nothing has set the clock by
// the network yet, or nothing has for hours.
const staUnsynchronised = 0x40

// clockSynchronised asks the kernel whether the clock can be trusted: a Pi
// without a battery starts years behind. A kernel that does not say is trusted.
func clockSynchronised() bool {
	var clock syscall.Timex
	_, err := syscall.Adjtimex(&clock)
	return err != nil || clock.Status&staUnsynchronised == 0
}

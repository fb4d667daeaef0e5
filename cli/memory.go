package cli

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory tells the Go runtime to collect harder when the process nears
// half of the machine's memory, so that a burst of scripts slows down before
// the kernel kills the process. A GOMEMLIMIT from outside wins.
func limitMemory(getenv func(string) string) {
	if getenv("GOMEMLIMIT") != "" {
		return
	}
	if total := machineMemory(); total > 0 {
		debug.SetMemoryLimit(total / 2)
	}
}

// heapFloor is how much the garbage collector takes for granted. Its next turn
// comes when the heap has doubled, and the heap of an idle instance is so small
// that a busy one would collect 90 times a second for nothing.
const heapFloor = 8 << 20

// raiseHeap adds the floor to the heap for as long as the caller keeps what it
// returns. Nobody writes there, so the kernel never gives it memory. Without
// it a logged request costs about 1 µs more (TestReport/HTTP).
func raiseHeap() []byte { return make([]byte, heapFloor) }

// machineMemory returns the machine's memory in bytes; 0 where the kernel does not say.
func machineMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}

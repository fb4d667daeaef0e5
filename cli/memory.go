package cli

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory tells the Go runtime to collect harder when the process nears
// half of the machine's memory, or three quarters of what its unit allows, so
// that a burst of scripts slows down before the kernel kills the process. A
// GOMEMLIMIT from outside wins. Root is "/", or a folder with what the kernel
// would say.
func limitMemory(root string, getenv func(string) string) {
	if getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := machineMemory(root) / 2
	if allowed := groupMemory(filepath.Join(root, "proc/self/cgroup"), filepath.Join(root, "sys/fs/cgroup")); allowed > 0 && (limit == 0 || allowed*3/4 < limit) {
		limit = allowed * 3 / 4
	}
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
}

// groupMemory returns the MemoryMax of this process's control group and of those
// around it, whichever is less; 0 when there is none or the kernel does not say.
// Only the unified hierarchy counts, which systemd uses on a Pi.
func groupMemory(membership, root string) (least int64) {
	content, err := os.ReadFile(membership)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		group, unified := strings.CutPrefix(strings.TrimSpace(line), "0::")
		for ; unified && group != "/" && group != ""; group = path.Dir(group) {
			text, err := os.ReadFile(filepath.Join(root, group, "memory.max"))
			if err != nil {
				continue
			}
			bytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			if err == nil && (least == 0 || bytes < least) { // else it is "max"
				least = bytes
			}
		}
	}
	return least
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
func machineMemory(root string) int64 {
	f, err := os.Open(filepath.Join(root, "proc/meminfo"))
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

package http

import (
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
)

// memoryUse is the process's memory in bytes.
type memoryUse struct {
	Resident int64 `json:"resident_bytes"` // as the kernel counts it; 0 where it does not say
	Heap     int64 `json:"heap_bytes"`     // live and not yet collected objects
}

// processMemory reads without stopping anything.
func processMemory() (use memoryUse) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	if heap[0].Value.Kind() == metrics.KindUint64 {
		use.Heap = int64(heap[0].Value.Uint64())
	}
	// Pages: of the program, resident, … (proc_pid_statm(5))
	text, err := os.ReadFile("/proc/self/statm")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
		if pages, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			use.Resident = pages * int64(os.Getpagesize())
		}
	}
	return use
}

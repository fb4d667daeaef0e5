package meter_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// When the process is short of memory that no meter sees, the script that holds
// the most goes, and one that holds nothing stays.
func TestBackstopStopsTheOffenderOnly(t *testing.T) {
	heap() // what earlier tests have left must not count as the idle size
	monitor := newMonitor(t)
	patient := limits(func(l *meter.Limits) { l.Instructions, l.Wall = 1<<40, time.Minute })
	offender, innocent := newMachine(monitor), newMachine(monitor)
	stopped := make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		defer close(stopped)
		offender.run(t, patient, `unseen = hoard() local t = {} for i = 1, 60000 do t[i] = {i} end while true do end`, nil)
	})
	innocent.own = map[string]lua.LGFunction{"over": func(L *lua.LState) int {
		select {
		case <-stopped:
			L.Push(lua.LTrue)
		default:
			L.Push(lua.LFalse)
		}
		return 1
	}}
	both.Go(func() { innocent.run(t, patient, `while not over() do end`, nil) })
	both.Wait()
	if failure := offender.meter.Failure(); failure == nil || failure.Cause != meter.CauseMemory || !strings.Contains(failure.Message, "short of memory") {
		t.Errorf("the script that holds memory ended with %v", failure)
	}
	if failure := innocent.meter.Failure(); failure != nil {
		t.Errorf("the script that holds nothing ended with %v", failure)
	}
}

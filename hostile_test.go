package main_test

import (
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// How the scripts of testdata/sandbox are judged.
const (
	// stopSlack is how much longer than its wall-clock limit a script may take.
	stopSlack = 100 * time.Millisecond
	// rssSlack is how far the process's memory may stay above where it began.
	rssSlack = 64 << 20
	// peakSlack is how far it may rise meanwhile: a Pi has a gigabyte for everything.
	peakSlack = 256 << 20
	// mixedPeakSlack is the same while all run together: one script's limit of 64
	// MiB and seven of 16, and as much again that is garbage already, because the
	// collector lets the heap grow to twice what lives.
	mixedPeakSlack = 2 * (64 + 7*16) << 20
	// probeP99 is how long a plain route may take while hostile scripts run.
	probeP99 = 500 * time.Millisecond
	// probeLongest is how long a single one may: devices give up after four seconds.
	probeLongest = 2 * time.Second
	// attempts is how often a late answer is asked for again: other programs on
	// the machine may delay one, but not every one of them.
	attempts = 3
	// hostileAtOnce is how many run together in the mixed round.
	hostileAtOnce = 8
	defaultWall   = 10 * time.Second
)

// TestHostileScripts runs every script of testdata/sandbox against the real
// program: one by one, then together while a plain route is watched.
func TestHostileScripts(t *testing.T) {
	if !fileExists("/proc/self/status") {
		t.Skip("reads the server's memory from /proc")
	}
	s := startHostileServer(t)
	executions := map[string]*hostile{} // by execution id
	t.Run("alone", func(t *testing.T) {
		for _, h := range s.scripts {
			t.Run(h.name, func(t *testing.T) { s.attackAlone(t, h, executions) })
		}
	})
	s.checkMemoryReturned("after each script alone", peakSlack)
	t.Run("records", func(t *testing.T) {
		for id, h := range executions {
			s.checkRecord(t, h, id)
		}
	})
	t.Run("together", s.attackTogether)
	s.checkMemoryReturned("after all scripts together", mixedPeakSlack)
	s.checkServerLog(t)
	if err := s.stop(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (s *hostileServer) attackAlone(t *testing.T, h *hostile, executions map[string]*hostile) {
	var took []time.Duration
	s.forgetPeak()
	for range attempts {
		a, d, err := s.attack(h)
		if err != nil {
			t.Fatalf("the server did not answer: %v", err)
		}
		if !h.expects(a) {
			t.Errorf("answered %d %.300s after %v, want %v", a.status, a.body, d, h.wants)
		}
		if id := failureOf(a).Error.Details.ExecutionID; id != "" {
			executions[id] = h
		} else if a.status >= 500 {
			t.Errorf("the answer names no execution: %.300s", a.body)
		}
		took = append(took, d)
		if d <= h.wall+stopSlack {
			break
		}
	}
	if len(took) == attempts && took[attempts-1] > h.wall+stopSlack {
		t.Errorf("took %v, limit %v", took, h.wall)
	}
	s.checkPeak(t)
	if health := s.call("GET", "/healthz", nil, nil); health.status != http.StatusOK {
		t.Fatalf("healthz answers %d afterwards", health.status)
	}
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

// attackTogether keeps hostileAtOnce scripts running while another app's plain
// route is called without pause.
func (s *hostileServer) attackTogether(t *testing.T) {
	queue := make(chan *hostile)
	var attackers sync.WaitGroup
	for range hostileAtOnce {
		attackers.Go(func() {
			for h := range queue {
				s.attackAmongOthers(t, h)
			}
		})
	}
	var done atomic.Bool
	var took []time.Duration
	var prober sync.WaitGroup
	prober.Go(func() { took = s.probeUntil(t, &done) })
	for i, h := range s.scripts {
		if !testing.Short() || i%10 == 0 {
			queue <- h
		}
	}
	close(queue)
	attackers.Wait()
	done.Store(true)
	prober.Wait()
	checkProbes(t, took)
}

// attackAmongOthers allows for what running beside others may change: waiting
// in vain for a slot or for the turn of memory-heavy scripts, and the limit of
// the whole process.
func (s *hostileServer) attackAmongOthers(t *testing.T, h *hostile) {
	a, took, err := s.attack(h)
	crowd := slices.ContainsFunc([]want{{503, "busy"}, {504, "timeout"}, {507, "memory_limit"}}, func(w want) bool { return w.met(a) })
	switch {
	case err != nil:
		t.Errorf("%s: the server did not answer: %v", h.name, err)
	case !h.expects(a) && !crowd:
		t.Errorf("%s: answered %d %.300s after %v, want %v", h.name, a.status, a.body, took, h.wants)
	}
}

func (s *hostileServer) probeUntil(t *testing.T, done *atomic.Bool) []time.Duration {
	var took []time.Duration
	for !done.Load() {
		start := time.Now()
		response, err := http.Get(s.url + "/plain/hello?name=ada")
		if err != nil {
			t.Errorf("the plain route failed: %v", err)
			return took
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		took = append(took, time.Since(start))
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("the plain route answered %d %.300s (%v)", response.StatusCode, body, err)
			return took
		}
	}
	return took
}

func checkProbes(t *testing.T, took []time.Duration) {
	t.Helper()
	if len(took) < 50 {
		t.Errorf("only %d calls of the plain route", len(took))
		return
	}
	slices.Sort(took)
	p99, longest := took[len(took)*99/100], took[len(took)-1]
	t.Logf("plain route meanwhile: %d calls, p50 %v, p99 %v, longest %v", len(took), took[len(took)/2], p99, longest)
	if p99 > probeP99 {
		t.Errorf("the plain route's p99 is %v, want at most %v", p99, probeP99)
	}
	if longest > probeLongest {
		t.Errorf("one call of the plain route took %v, want at most %v", longest, probeLongest)
	}
}

package main_test

import (
	"flag"
	"testing"
	"time"
)

var stopRounds = flag.Int("stops", 8, "how often TestStoppedServer stops the server")

// stopsWithin is how long running scripts may take to end (spec 4,
// "Shutdown"), and a little for the database on a busy machine.
const stopsWithin = 20*time.Second + 5*time.Second

// TestStoppedServer stops the server with SIGTERM at random moments under
// load: it ends in order and in time, no attempt is counted for an event that
// it gave back, and the next start goes on with it.
func TestStoppedServer(t *testing.T) {
	t.Parallel()
	chance, load := seeded(t), newCrashLoad()
	s := startServer(t, "")
	s.claim()
	load.install(s)
	var slowest time.Duration
	for range *stopRounds {
		stop := load.start(s)
		time.Sleep(time.Duration(chance.IntN(400)) * time.Millisecond) // the random moment
		began := time.Now()
		if err := s.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		slowest = max(slowest, time.Since(began))
		stop()
		again := startServer(t, s.dir)
		again.token = s.token
		s = again
	}
	load.check(s)
	for key, attempt := range s.values("done") {
		if attempt != "1" {
			t.Errorf("event %s was done in attempt %s", key, attempt)
		}
	}
	s.pages("/api/v1/admin/apps/default/dead-letters", func(item map[string]any) {
		if attempts, _ := item["attempts"].([]any); len(attempts) != 2 {
			t.Errorf("a bad event has %d attempts, want its 2: %v", len(attempts), item)
		}
	})
	if slowest > stopsWithin {
		t.Errorf("a stop took %s", slowest)
	}
	if err := s.stop(); err != nil {
		t.Errorf("the last stop: %v", err)
	}
	soundFile(t, s.dir)
	t.Logf("%d stops; %s; the slowest stop took %s", *stopRounds, load.summary(), slowest.Round(time.Millisecond))
}

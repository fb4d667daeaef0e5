package main_test

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look at what a killed server leaves
)

var killRounds = flag.Int("kills", 20, "how often TestKilledServer kills the server")

const (
	// servesWithin is a generous bound: a start takes a fraction of a second, but
	// the machine that runs the tests may be busy.
	servesWithin = 15 * time.Second
	// longKills is from how many kills on a machine is taken to do nothing else.
	longKills = 100
)

// TestKilledServer kills the server at random moments under load. What was
// acknowledged is there, each event ends, and the next start serves at once.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	chance, load := seeded(t), newCrashLoad()
	s := startServer(t, "")
	s.claim()
	load.install(s)
	var slowest, resumed time.Duration
	for round := range *killRounds {
		stop := load.start(s)
		time.Sleep(time.Duration(chance.IntN(600)) * time.Millisecond) // the random moment
		s.kill()
		stop()
		// Else the fourth start would be a safe one, without triggers (TestSafeMode).
		if err := os.Remove(filepath.Join(s.dir, "picloud.starts")); err != nil {
			t.Error(err)
		}
		began := time.Now()
		again := startServer(t, s.dir)
		again.token = s.token
		s = again
		s.must(s.call("GET", "/readyz", nil, nil), 200)
		slowest = max(slowest, time.Since(began))
		if round%3 == 2 { // else the next load meets what this one left
			drain(s)
			resumed = max(resumed, time.Since(began))
		}
	}
	load.check(s)
	s.kill()
	soundFile(t, s.dir)
	serves, resumes := servesWithin, 2*servesWithin
	if *killRounds >= longKills {
		serves, resumes = 3*time.Second, 5*time.Second
	}
	if slowest > serves || resumed > resumes {
		t.Errorf("a start took %s until the server was ready, and %s until what was under way was done; want %s and %s", slowest, resumed, serves, resumes)
	}
	t.Logf("%d kills; %s; the slowest start took %s, and what was under way was done within %s of it",
		*killRounds, load.summary(), slowest.Round(time.Millisecond), resumed.Round(time.Millisecond))
}

// soundFile asks SQLite whether the database of an ended server is sound.
func soundFile(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "picloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var result string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&result); err != nil || result != "ok" {
		t.Errorf("integrity_check says %q, %v", result, err)
	}
}

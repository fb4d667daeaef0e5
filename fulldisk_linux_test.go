package main_test

import (
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var fullFor = flag.Duration("full", 2*time.Second, "how long TestServerOnAFullDisk leaves the disk full")

// recoversWithin is how long after there is space again the server may refuse writes.
const recoversWithin = 30 * time.Second

// TestServerOnAFullDisk fills the disk under load: what does not write is
// served, writes answer 507, also after a kill, and when there is space again
// writing goes on by itself with nothing lost.
func TestServerOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	load := newCrashLoad()
	s := startServer(t, filepath.Join(disk, "data"))
	s.claim()
	load.install(s)
	load.call(http.DefaultClient, s.url, "/write/")
	stop := load.start(s)
	filler := filepath.Join(disk, "filler")
	fillDisk(t, filler)
	load.writeUntilRefused(s)
	served := load.whileFull(s, *fullFor/2)
	s.kill()
	stop()
	fillDisk(t, filler+"2") // what the end of the process has freed
	again := startServer(t, s.dir)
	again.token = s.token
	s = again
	stop = load.start(s)
	load.writeUntilRefused(s)
	served += load.whileFull(s, *fullFor/2)
	for _, file := range []string{filler, filler + "2"} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	recovered := load.writeUntilTaken(s)
	stop()
	load.check(s)
	s.kill()
	soundFile(t, s.dir)
	t.Logf("%s; %d requests served while full; writing again after %s", load.summary(), served, recovered.Round(time.Millisecond))
}

// fillDisk makes a file that takes all space there is.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, io.LimitReader(zeros{}, 1<<30)); err == nil {
		t.Fatal("the disk does not become full")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (l *crashLoad) counts() (written, refused int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.writes), len(l.refused)
}

func (l *crashLoad) writeUntilRefused(s *server) {
	s.t.Helper()
	_, before := l.counts()
	for range 10_000 {
		if _, refused := l.counts(); refused > before {
			return
		}
		l.call(http.DefaultClient, s.url, "/large/")
	}
	s.t.Fatal("no write was refused on a full disk")
}

// whileFull asks for what does not write, as often as it can.
func (l *crashLoad) whileFull(s *server, long time.Duration) (served int) {
	s.t.Helper()
	written, refused := l.counts()
	for end := time.Now().Add(long); time.Now().Before(end); served += 3 {
		s.must(s.call("GET", "/hello", nil, nil), 200)
		if a := s.must(s.call("GET", "/read/write-000001", nil, nil), 200); a.body != "1" {
			s.t.Fatalf("a read on a full disk: %s", a.body)
		}
		s.must(s.call("GET", "/api/v1/admin/apps/default/kv/writes?limit=1", nil, nil), 200)
		if a := s.call("POST", "/large/never", nil, nil); a.status != http.StatusInsufficientStorage || !strings.Contains(a.body, "storage_full") {
			s.t.Fatalf("a write on a full disk: %d %s", a.status, a.body)
		}
	}
	if now, more := l.counts(); now > written || more == refused {
		s.t.Errorf("while the disk was full %d writes were taken and %d refused", now-written, more-refused)
	}
	return served
}

func (l *crashLoad) writeUntilTaken(s *server) time.Duration {
	s.t.Helper()
	began := time.Now()
	before, _ := l.counts()
	for time.Since(began) < recoversWithin {
		l.call(http.DefaultClient, s.url, "/large/")
		if now, _ := l.counts(); now > before {
			return time.Since(began)
		}
	}
	s.t.Fatal("no write is taken although there is space")
	return 0
}

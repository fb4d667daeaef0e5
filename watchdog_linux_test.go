package main_test

import (
	"database/sql"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestWatchdogStarvesWithTheWriter holds the database so that the server's
// writer hangs: systemd hears nothing until it goes on, and the log says why.
func TestWatchdogStarvesWithTheWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s := startServer(t, "", "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=400000")
	hear := func(within time.Duration) string {
		message := make([]byte, 100)
		if err := socket.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		n, _ := socket.Read(message)
		return string(message[:n])
	}
	const long = 20 * time.Second
	if ready, fed := hear(long), hear(long); ready != "READY=1" || fed != "WATCHDOG=1" {
		t.Fatalf("heard %q and %q", ready, fed)
	}
	s.claim()
	release := holdDatabase(t, s.dir)
	written := make(chan answer, 1)
	go func() {
		written <- s.call("PUT", "/api/v1/admin/apps/default/kv/some/key", map[string]int{"value": 1}, nil)
	}()
	unfed := func() int { return strings.Count(s.log.String(), "the watchdog is not fed") }
	eventually(t, "the watchdog is not fed", func() bool { return unfed() > 0 })
	for hear(time.Millisecond) != "" { // what it was fed before
	}
	before := unfed()
	eventually(t, "it stays unfed", func() bool { return unfed() >= before+3 })
	if heard := hear(time.Millisecond); heard != "" {
		t.Errorf("heard %q while the writer hung", heard)
	}
	if log := s.log.String(); !strings.Contains(log, "the writer does not answer") {
		t.Errorf("the log does not say what hangs:\n%s", log)
	}
	release()
	if got := <-written; got.status != 200 && got.status != 201 {
		t.Errorf("the write that hung ended with %d %s", got.status, got.body)
	}
	if heard := hear(long); heard != "WATCHDOG=1" {
		t.Errorf("heard %q after the writer went on", heard)
	}
}

// holdDatabase takes the write lock of a data folder's database until it is told.
func holdDatabase(t *testing.T, dir string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "picloud.db")+"?_busy_timeout=10000&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

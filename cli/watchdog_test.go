package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The watchdog is fed only while every part answers.
func TestWatchdogIsFedWhileAllIsWell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	var log bytes.Buffer
	broken := false
	w := &watchdog{logger: slog.New(slog.NewTextHandler(&log, nil)), checks: []func(context.Context) error{
		func(context.Context) error { return nil },
		func(context.Context) error {
			if broken {
				return errors.New("the dispatcher does not answer")
			}
			return nil
		},
	}}
	heard := func() string {
		message := make([]byte, 100)
		if err := socket.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, _ := socket.Read(message)
		return string(message[:n])
	}
	w.feed(time.Second)
	if got := heard(); got != "WATCHDOG=1" {
		t.Errorf("heard %q", got)
	}
	broken = true
	w.feed(time.Second)
	if got := heard(); got != "" || !strings.Contains(log.String(), "the dispatcher does not answer") {
		t.Errorf("heard %q of a broken service; the log says %s", got, &log)
	}
}

func TestGroupMemory(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for path, content := range map[string]string{
		"system.slice/picloud.service/memory.max": "314572800\n", "system.slice/memory.max": "max\n",
		"small.slice/memory.max": "1000\n", "small.slice/big.service/memory.max": "314572800\n", "free.slice/memory.max": "max\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for membership, want := range map[string]int64{
		"0::/system.slice/picloud.service\n":              314572800,
		"12:cpu:/\n0::/small.slice/big.service\n":         1000,
		"0::/free.slice\n":                                0,
		"0::/\n":                                          0,
		"4:memory:/system.slice/picloud.service\n0::/\n":  0,
		"0::/gone.slice/system.slice\n":                   0,
		"0::/system.slice/picloud.service/below.deeper\n": 314572800,
	} {
		file := filepath.Join(t.TempDir(), "cgroup")
		if err := os.WriteFile(file, []byte(membership), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := groupMemory(file, root); got != want {
			t.Errorf("%q gives %d, want %d", membership, got, want)
		}
	}
}

package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
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

// What the unit allows becomes the limit of the garbage collector, unless the
// machine is so small, or somebody has said another.
func TestLimitMemory(t *testing.T) { // not parallel: the limit is the process's
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	const unit = "sys/fs/cgroup/system.slice/picloud.service/memory.max"
	for name, c := range map[string]struct {
		files map[string]string
		given string
		want  int64
	}{
		"a unit's MemoryMax":    {map[string]string{unit: "314572800\n"}, "", 314572800 * 3 / 4},
		"more than the machine": {map[string]string{unit: "9000000000\n"}, "", 500000 << 10},
		"no limit":              {map[string]string{unit: "max\n"}, "", 500000 << 10},
		"the kernel's is off":   {nil, "", 500000 << 10},
		"GOMEMLIMIT":            {map[string]string{unit: "314572800\n"}, "100MiB", 12345},
	} {
		files := map[string]string{"proc/self/cgroup": "0::/system.slice/picloud.service\n", "proc/meminfo": "MemTotal:        1000000 kB\nMemFree: 1 kB\n"}
		maps.Copy(files, c.files)
		debug.SetMemoryLimit(12345)
		limitMemory(onMachine(t, files), func(string) string { return c.given })
		if got := debug.SetMemoryLimit(-1); got != c.want {
			t.Errorf("%s: the limit is %d, want %d", name, got, c.want)
		}
	}
}

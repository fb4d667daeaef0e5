package main_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// installedUnit puts the program into the image of a machine and returns its unit,
// with the program's path as it is here.
func installedUnit(t *testing.T) (root, unit string) {
	t.Helper()
	root = t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc/avahi/services"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, ok := command(t, nil, "install", "--root", root); !ok {
		t.Fatal(out)
	}
	content, err := os.ReadFile(filepath.Join(root, "etc/systemd/system/picloud.service"))
	if err != nil {
		t.Fatal(err)
	}
	unit = filepath.Join(t.TempDir(), "picloud.service")
	if err := os.WriteFile(unit, bytes.ReplaceAll(content, []byte("/usr/local/bin/picloud"), []byte(binary)), 0o644); err != nil {
		t.Fatal(err)
	}
	return root, unit
}

// analyze runs systemd-analyze, which CI has.
func analyze(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil && os.Getenv("CI") == "" {
		t.Skip("systemd-analyze is not installed")
	}
	out, err := exec.Command("systemd-analyze", arguments...).CombinedOutput()
	return string(out), err
}

// The unit has no mistakes in systemd's eyes, and exposes at most 2.0 ("OK").
func TestUnitIsSoundAndHardened(t *testing.T) {
	t.Parallel()
	_, unit := installedUnit(t)
	if out, err := analyze(t, "verify", "--recursive-errors=no", unit); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("verify: %v\n%s", err, out)
	}
	if out, err := analyze(t, "security", "--offline=true", "--threshold=20", unit); err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}

// systemCalls are the names in a set of systemd's, with those of its subsets.
func systemCalls(t *testing.T, set string) []string {
	t.Helper()
	out, err := analyze(t, "syscall-filter", set)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var calls []string
	for _, line := range strings.Split(out, "\n")[1:] {
		switch name := strings.TrimSpace(line); {
		case strings.HasPrefix(name, "@"):
			calls = append(calls, systemCalls(t, name)...)
		case name != "" && !strings.HasPrefix(name, "#"):
			calls = append(calls, name)
		}
	}
	return calls
}

// TestUnitAllowsWhatTheServerCalls watches the server at work: each system call
// that it makes is one that the unit's filter lets through.
func TestUnitAllowsWhatTheServerCalls(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	allowed := append(systemCalls(t, "@system-service"), "adjtimex")
	denied := append(systemCalls(t, "@privileged"), systemCalls(t, "@resources")...)
	// The unit names the one; SQLite makes the other only as root, which the service is not.
	denied = slices.DeleteFunc(denied, func(call string) bool { return call == "adjtimex" || call == "fchown" })
	counts := filepath.Join(t.TempDir(), "counts")
	s := startTraced(t, counts)
	s.claim()
	s.newRoute(s.newScript("all", `kv.collection("c"):set("k", os.time()) http.get("http://127.0.0.1:9/") return 1`, nil), "GET", "/all")
	s.call("GET", "/all", nil, nil)
	downloadBackup(t, s, filepath.Join(t.TempDir(), "backup.db"))
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(counts)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[0] == "%" || strings.HasPrefix(fields[0], "-") || fields[len(fields)-1] == "total" {
			continue
		}
		call := fields[len(fields)-1]
		seen++
		if !slices.Contains(allowed, call) || slices.Contains(denied, call) {
			t.Errorf("the unit does not allow %s", call)
		}
	}
	if seen < 30 {
		t.Errorf("only %d system calls were seen:\n%s", seen, content)
	}
}

// startTraced is startServer under strace, which counts system calls into a file.
func startTraced(t *testing.T, counts string) *server {
	t.Helper()
	s := &server{t: t, dir: filepath.Join(t.TempDir(), "data"), log: &logBuffer{}}
	s.cmd = exec.Command("strace", "-f", "-c", "-o", counts, binary, "serve", "--addr", "127.0.0.1:0", "--data", s.dir)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.run()
	return s
}

// A new installation has the files with their modes; a second one keeps settings
// and key; uninstalling leaves those and the data; a dry run does nothing.
func TestInstall(t *testing.T) {
	t.Parallel()
	root, _ := installedUnit(t)
	modes := map[string]os.FileMode{"usr/local/bin/picloud": 0o755, "etc/picloud/picloud.key": 0o600, "etc/picloud/picloud.env": 0o600,
		"etc/systemd/system/picloud.service": 0o644, "etc/avahi/services/picloud.service": 0o644, "usr/lib/sysusers.d/picloud.conf": 0o644}
	for path, mode := range modes {
		if info, err := os.Stat(filepath.Join(root, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want mode %o", path, info, err, mode)
		}
	}
	if target, err := os.Readlink(filepath.Join(root, "usr/local/bin/pic")); err != nil || target != "/usr/local/bin/picloud" {
		t.Errorf("pic leads to %q, %v", target, err)
	}
	key, settings := filepath.Join(root, "etc/picloud/picloud.key"), filepath.Join(root, "etc/picloud/picloud.env")
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, []byte("PICLOUD_DEV_MODE=false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := command(t, nil, "install", "--root", root, "--addr", ":8080"); !ok || !strings.Contains(out, "keep") {
		t.Errorf("the second time: %s", out)
	}
	unit, _ := os.ReadFile(filepath.Join(root, "etc/systemd/system/picloud.service"))
	if !strings.Contains(string(unit), "PICLOUD_ADDR=:8080") {
		t.Error("the second time did not change the unit")
	}
	wantKeptAddress(t, root)
	for _, step := range []string{"--dry-run", ""} {
		arguments := []string{"uninstall", "--root", root}
		if step != "" {
			arguments = append(arguments, step)
		}
		if out, ok := command(t, nil, arguments...); !ok {
			t.Error(out)
		}
		_, gone := os.Stat(filepath.Join(root, "etc/systemd/system/picloud.service"))
		if (gone == nil) != (step != "") {
			t.Errorf("after uninstall %s the unit: %v", step, gone)
		}
	}
	after, err := os.ReadFile(key)
	kept, _ := os.ReadFile(settings)
	if err != nil || !bytes.Equal(before, after) || string(kept) != "PICLOUD_DEV_MODE=false\n" {
		t.Errorf("the key or the settings have changed: %v, %q", err, kept)
	}
	empty := t.TempDir()
	if out, ok := command(t, nil, "install", "--dry-run", "--root", empty); !ok || !strings.Contains(out, "Type=notify") {
		t.Error(out)
	}
	if left, _ := os.ReadDir(empty); len(left) > 0 {
		t.Errorf("a dry run left %v", left)
	}
}

// wantKeptAddress updates an installation that listens at :8080: it goes on to,
// and the home network hears of the port that is in force.
func wantKeptAddress(t *testing.T, root string) {
	t.Helper()
	settings := filepath.Join(root, "etc/picloud/picloud.env")
	before, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ settings, unit, port, says string }{
		{string(before), "PICLOUD_ADDR=:8080\n", "<port>8080</port>", ""},
		{"PICLOUD_ADDR=:9000\n", "PICLOUD_ADDR=:8080\n", "<port>9000</port>", "wins over :8080"},
		{string(before), "MemoryMax=60%\n", "<port>8080</port>", ""},
	} {
		if err := os.WriteFile(settings, []byte(c.settings), 0o600); err != nil {
			t.Fatal(err)
		}
		out, ok := command(t, nil, "install", "--root", root)
		unit, _ := os.ReadFile(filepath.Join(root, "etc/systemd/system/picloud.service"))
		announced, _ := os.ReadFile(filepath.Join(root, "etc/avahi/services/picloud.service"))
		if !ok || !strings.Contains(out, c.says) || !strings.Contains(string(unit), c.unit) || !strings.Contains(string(announced), c.port) {
			t.Errorf("with the settings %q an update says\n%s\nand announces\n%s", c.settings, out, announced)
		}
	}
}

// What systemd or the server would refuse or misread later is refused at once.
func TestInstallRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"--addr=80", "--addr=:99999", "--addr=:0", "--addr=:http", "--addr=pi here:80", "--addr=x\nUser=root:80",
		"--memory-max=banana", "--memory-max=200%", "--memory-max=-1", "--memory-max=1M\nUser=root"} {
		root := t.TempDir()
		if out, ok := command(t, nil, "install", "--root", root, option); ok || !strings.Contains(out, "but must be") {
			t.Errorf("%q: %s", option, out)
		}
		if left, _ := os.ReadDir(root); len(left) > 0 {
			t.Errorf("%q left %v", option, left)
		}
	}
}

// TestNotify is systemd's side: the server says when it is ready, that it is
// alive, and that it stops.
func TestNotify(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s := startServer(t, "", "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=400000")
	var heard []string
	hear := func() {
		message := make([]byte, 100)
		if err := socket.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := socket.Read(message)
		if err != nil {
			t.Fatalf("heard %v, then %v", heard, err)
		}
		heard = append(heard, string(message[:n]))
	}
	for range 4 {
		hear()
	}
	if want := []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for heard[len(heard)-1] != "STOPPING=1" {
		hear()
	}
}

// TestLowPortWithoutRoot starts the server as a user with the one capability
// that the unit gives, on a port below 1024.
func TestLowPortWithoutRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	const nobody, netBindService = 65534, 10
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for at := filepath.Dir(dir); at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(filepath.Dir(dir), "picloud")
	if err := os.Link(binary, program); err != nil { // its own folder is root's
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, log: &logBuffer{}}
	s.cmd = exec.Command(program, "serve", "--addr", "127.0.0.1:983", "--data", dir)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: []uintptr{netBindService}}
	s.run()
	s.must(s.call("GET", "/readyz", nil, nil), 200)
}

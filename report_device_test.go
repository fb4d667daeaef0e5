package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// device is a block device of its own with an empty file system: what the
// kernel counts on it is what an SD card would have to take, the file system's
// journal included.
type device struct {
	t    testing.TB
	dir  string // where it is mounted
	name string // loopN
}

// deviceCounts is what a device has been asked for so far.
type deviceCounts struct{ bytes, flushes int64 }

// newDevice makes one from an image file. That takes root on Linux and the
// tools of ext4; without them the figure cannot be measured.
func newDevice(t testing.TB) *device {
	t.Helper()
	folder := t.TempDir()
	image, dir := filepath.Join(folder, "image"), filepath.Join(folder, "mounted")
	run := func(name string, arguments ...string) string {
		out, err := exec.Command(name, arguments...).CombinedOutput()
		if err != nil {
			t.Fatalf("bytes on a device are counted as root on Linux with ext4's tools: %s: %v\n%s", name, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("truncate", "--size", "512M", image)
	run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
	loop := run("losetup", "--find", "--show", image)
	t.Cleanup(func() { run("losetup", "--detach", loop) })
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run("mount", "-o", "noatime", loop, dir)
	t.Cleanup(func() { run("umount", dir) })
	return &device{t: t, dir: dir, name: filepath.Base(loop)}
}

// counts writes back everything that the file system still holds, and reads
// the kernel's statistics of the device.
func (d *device) counts() deviceCounts {
	d.t.Helper()
	if out, err := exec.Command("sync", "--file-system", d.dir).CombinedOutput(); err != nil {
		d.t.Fatalf("sync: %v\n%s", err, out)
	}
	b, err := os.ReadFile(fmt.Sprintf("/sys/block/%s/stat", d.name))
	if err != nil {
		d.t.Fatal(err)
	}
	// The fields are those of the kernel's Documentation/block/stat.rst.
	fields := strings.Fields(string(b))
	field := func(i int) int64 {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			d.t.Fatal(err)
		}
		return n
	}
	return deviceCounts{bytes: field(6) * 512, flushes: field(15)}
}

// since is what came after earlier.
func (c deviceCounts) since(earlier deviceCounts) deviceCounts {
	return deviceCounts{c.bytes - earlier.bytes, c.flushes - earlier.flushes}
}

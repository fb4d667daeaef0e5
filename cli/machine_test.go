package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// onMachine makes files of a machine below a folder.
func onMachine(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for path, content := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestExaminePower(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]verdict{"0": isWell, "50005": isFailed, "50000": isDoubt, "0x80000": isWell, "nonsense": isDoubt} {
		root := onMachine(t, map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": says + "\n"})
		if got := examinePower(root); got.verdict != want {
			t.Errorf("of %s the doctor says %+v, want %s", says, got, want)
		}
	}
	if got := examinePower(t.TempDir()); got.verdict != isWell {
		t.Errorf("of a machine that says nothing: %+v", got)
	}
}

// The kernel counts the errors of a file system by its device's name.
func TestExamineCard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var file syscall.Stat_t
	if err := syscall.Stat(dir, &file); err != nil {
		t.Fatal(err)
	}
	major, minor := file.Dev>>8&0xfff, file.Dev&0xff|file.Dev>>12&0xfff00
	for count, want := range map[string]verdict{"0": isWell, "3": isFailed} {
		root := onMachine(t, map[string]string{"sys/fs/ext4/mmcblk0p2/errors_count": count + "\n"})
		link := filepath.Join(root, "sys/dev/block", fmt.Sprintf("%d:%d", major, minor))
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../../devices/mmcblk0/mmcblk0p2", link); err != nil {
			t.Fatal(err)
		}
		if got := examineCard(root, dir); got.verdict != want {
			t.Errorf("with %s errors: %+v, want %s", count, got, want)
		}
	}
	if got := examineCard("/", filepath.Join(dir, "nothing")); got.verdict != isFailed {
		t.Errorf("of a folder that is not there: %+v", got)
	}
}

func TestExamineMemory(t *testing.T) {
	t.Parallel()
	unit := installedUnit[1:]
	for name, c := range map[string]struct {
		files map[string]string
		want  verdict
	}{
		"no service":      {nil, isWell},
		"switched off":    {map[string]string{unit: "", "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n"}, isDoubt},
		"the old control": {map[string]string{unit: ""}, isDoubt},
		"on":              {map[string]string{unit: "", "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n"}, isWell},
	} {
		got := examineMemory(onMachine(t, c.files))
		if got.verdict != c.want || c.want == isDoubt && !strings.Contains(got.text, "cgroup_enable=memory") {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

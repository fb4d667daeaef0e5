package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSDKStubs(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "scripts")
	stubs, settings := filepath.Join(dir, "picloud.lua"), filepath.Join(dir, ".luarc.json")
	code, out, errors := run(nil, "sdk", "stubs", dir)
	if code != 0 || out != stubs+"\n"+settings+"\n" {
		t.Fatalf("exit code %d, output %q, errors %q", code, out, errors)
	}
	written, err := os.ReadFile(stubs)
	if err != nil || !strings.Contains(string(written), "function base64.encode(data, options) end\n") {
		t.Errorf("%v in %s", err, written)
	}
	if err := os.WriteFile(settings, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stubs, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, errors = run(nil, "sdk", "stubs", dir)
	if code != 0 || out != stubs+"\n" {
		t.Errorf("again: exit code %d, output %q, errors %q", code, out, errors)
	}
	again, err := os.ReadFile(stubs)
	if err != nil || !bytes.Equal(again, written) {
		t.Errorf("the old stubs were not replaced (%v)", err)
	}
	if kept, err := os.ReadFile(settings); err != nil || string(kept) != "{}" {
		t.Errorf("the settings became %q (%v)", kept, err)
	}
}

func TestSDKStubsFailures(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"sdk", "stubs", "a", "b"}, 2, "write picloud sdk stubs [DIR]"},
		{[]string{"sdk", "stub"}, 2, `there is no command "stub"`},
		{[]string{"sdk", "stubs", file}, 1, "not a directory"},
	} {
		if code, _, errors := run(nil, row.args...); code != row.code || !strings.Contains(errors, row.want) {
			t.Errorf("%v: exit code %d, %q; want %d, %q", row.args, code, errors, row.code, row.want)
		}
	}
}

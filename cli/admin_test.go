package cli_test

import (
	"strings"
	"testing"
)

func TestResetPasswordSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"admin", "reset-password"}, 2, "takes the name of one user"},
		{[]string{"admin", "reset-password", "ada", "bob"}, 2, "takes the name of one user"},
		{[]string{"admin", "rest-password"}, 2, `there is no command "rest-password"`},
		{[]string{"admin", "reset-password", "ada", "--data", t.TempDir()}, 1, "there is no PiCloud database"},
	} {
		code, stdout, stderr := run(nil, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%v: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
}

func TestRotateKeySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("A", 43) + "="
	for _, c := range []struct {
		env  map[string]string
		args []string
		code int
		want string
	}{
		{nil, []string{"now"}, 2, "takes no arguments"},
		{nil, []string{"--new-key-file", "x"}, 2, "leave --new-key-file out"},
		{map[string]string{"PICLOUD_SECRET_KEY": key}, nil, 2, "say with --new-key-file"},
		{map[string]string{"PICLOUD_SECRET_KEY": "short"}, nil, 2, "PICLOUD_SECRET_KEY must be"},
		{nil, []string{"--data", t.TempDir()}, 1, "there is no PiCloud database"},
	} {
		code, stdout, stderr := run(c.env, append([]string{"admin", "rotate-key"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%v: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
}

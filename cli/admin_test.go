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

package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"picloud/cli"
)

// run executes the command line with an environment and returns what it left.
func run(env map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = cli.Run(args, cli.Process{
		Version: "1.2.3",
		Stdin:   strings.NewReader(""),
		Stdout:  &out,
		Stderr:  &err,
		Getenv:  func(name string) string { return env[name] },
	})
	return code, out.String(), err.String()
}

func TestABadSettingStopsTheStartAndIsNamed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"variable", map[string]string{"PICLOUD_MAX_BODY_BYTES": "big"}, nil, `PICLOUD_MAX_BODY_BYTES is "big", but must be a whole number from 1024 to 1073741824`},
		{"flag wins and is named", map[string]string{"PICLOUD_ADDR": ":0"}, []string{"--addr", "nowhere"}, `--addr is "nowhere", but must be HOST:PORT`},
		{"port out of range", map[string]string{"PICLOUD_ADDR": ":99999"}, nil, `PICLOUD_ADDR is ":99999"`},
		{"one of a list", map[string]string{"PICLOUD_LOG_FORMAT": "xml"}, nil, `PICLOUD_LOG_FORMAT is "xml", but must be one of [text json]`},
		{"base URL", map[string]string{"PICLOUD_PUBLIC_BASE_URL": "pi.example.com"}, nil, "PICLOUD_PUBLIC_BASE_URL"},
		{"default over its ceiling", map[string]string{"PICLOUD_CEILING_CALL_DEPTH": "100"}, nil, "PICLOUD_LIMIT_CALL_DEPTH is 200, but its ceiling PICLOUD_CEILING_CALL_DEPTH is 100"},
		{"name without password", map[string]string{"PICLOUD_ADMIN_USERNAME": "ada"}, nil, "must be set together"},
		{"secret key", map[string]string{"PICLOUD_SECRET_KEY": "aHVudGVyMg=="}, nil, "PICLOUD_SECRET_KEY must be the base64 of 32 random bytes"},
		{"two keys", map[string]string{"PICLOUD_SECRET_KEY": strings.Repeat("A", 43) + "=", "PICLOUD_DEV_MODE": "true"}, nil, "exclude each other"},
		{"dev mode", map[string]string{"PICLOUD_DEV_MODE": "yes"}, nil, `PICLOUD_DEV_MODE is "yes", but must be true or false`},
		{"positional argument", nil, []string{"now"}, `takes no arguments, but got "now"`},
		{"unknown flag", nil, []string{"--adr", ":1"}, "unknown flag: --adr"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := run(c.env, append([]string{"serve", "--data", t.TempDir()}, c.args...)...)
			if code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if strings.Contains(stderr, "aHVudGVyMg") {
				t.Errorf("standard error %q shows a secret", stderr)
			}
			if !strings.Contains(stderr, c.want) {
				t.Errorf("standard error %q does not contain %q", stderr, c.want)
			}
		})
	}
}

func TestHelpListsEverySettingWithItsVariableAndDefault(t *testing.T) {
	t.Parallel()
	code, stdout, _ := run(nil, "serve", "--help")
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{
		"--addr", "PICLOUD_ADDR", `":8080"`, "--data", "--limit-memory-bytes", "PICLOUD_CEILING_TIMEOUT_MS", "300000", "--log-format",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help does not contain %q", want)
		}
	}
	if strings.Contains(stdout, "--admin-password") || strings.Contains(stdout, "--secret-key ") {
		t.Error("a password or key must not be a flag")
	}
}

func TestUnknownCommandIsAUsageError(t *testing.T) {
	t.Parallel()
	code, _, stderr := run(nil, "sevre")
	if code != 2 || !strings.Contains(stderr, `"sevre"`) {
		t.Errorf("exit code %d, standard error %q", code, stderr)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if code, stdout, _ := run(nil, "--version"); code != 0 || stdout != "picloud 1.2.3\n" {
		t.Errorf("exit code %d, standard output %q", code, stdout)
	}
}

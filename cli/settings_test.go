package cli_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"picloud/cli"
)

// run executes the command line with an environment and returns what it left.
func run(env map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = cli.Run(args, cli.Process{
		Version:   "1.2.3",
		Stdin:     strings.NewReader(""),
		Stdout:    &out,
		Stderr:    &err,
		Getenv:    func(name string) string { return env[name] },
		ConfigDir: func() (string, error) { return "", errors.New("no home") },
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
		{"trusted proxies", map[string]string{"PICLOUD_TRUSTED_PROXIES": "127.0.0.1, proxy.local"}, nil, "PICLOUD_TRUSTED_PROXIES is \"127.0.0.1, proxy.local\", but must be a list of addresses"},
		{"one of a list", map[string]string{"PICLOUD_LOG_FORMAT": "xml"}, nil, `PICLOUD_LOG_FORMAT is "xml", but must be one of text, json`},
		{"base URL", map[string]string{"PICLOUD_PUBLIC_BASE_URL": "pi.example.com"}, nil, "PICLOUD_PUBLIC_BASE_URL"},
		{"admin host with a port", map[string]string{"PICLOUD_ADMIN_HOST": "admin.pi.local:8080"}, nil, `PICLOUD_ADMIN_HOST is "admin.pi.local:8080", but must be a host name without a port`},
		{"admin host as a URL", nil, []string{"--admin-host", "http://admin.pi.local"}, `--admin-host is "http://admin.pi.local", but must be a host name`},
		{"admin host as a pattern", map[string]string{"PICLOUD_ADMIN_HOST": "*.pi.local"}, nil, "must be a host name"},
		{"admin host where scripts answer", map[string]string{"PICLOUD_ADMIN_HOST": "PI.example.com.", "PICLOUD_PUBLIC_BASE_URL": "https://pi.example.com:8443"}, nil, "PICLOUD_ADMIN_HOST is the host of PICLOUD_PUBLIC_BASE_URL too"},
		{"default over its ceiling", map[string]string{"PICLOUD_CEILING_CALL_DEPTH": "100"}, nil, "PICLOUD_LIMIT_CALL_DEPTH is 200, but its ceiling PICLOUD_CEILING_CALL_DEPTH is 100"},
		{"name without password", map[string]string{"PICLOUD_ADMIN_USERNAME": "ada"}, nil, "must be set together"},
		{"an address that is none", map[string]string{"PICLOUD_HTTP_ALLOW": "192.168.1.0/24,127.1"}, nil, `PICLOUD_HTTP_ALLOW is "192.168.1.0/24,127.1", but must be addresses, networks and names`},
		{"an address that stays shut", map[string]string{"PICLOUD_HTTP_ALLOW": "169.254.169.254"}, nil, "link-local addresses cannot be opened"},
		{"neither true nor false", map[string]string{"PICLOUD_HTTP_ALLOW_PRIVATE": "yes"}, nil, "must be true or false"},
		{"mail server with a port", map[string]string{"PICLOUD_SMTP_HOST": "mail.example.com:587"}, nil, "its port is PICLOUD_SMTP_PORT"},
		{"mail port", map[string]string{"PICLOUD_SMTP_PORT": "65536"}, nil, "PICLOUD_SMTP_PORT"},
		{"mail TLS", map[string]string{"PICLOUD_SMTP_TLS": "ssl"}, nil, "must be one of starttls, tls, none"},
		{"mail timeout", map[string]string{"PICLOUD_SMTP_TIMEOUT_SECS": "0"}, nil, "PICLOUD_SMTP_TIMEOUT_SECS"},
		{"mail sender", map[string]string{"PICLOUD_SMTP_FROM": "pi@example.com\r\nBcc: x@example.com"}, nil, "must be an address such as pi@example.com"},
		{"mail size", map[string]string{"PICLOUD_EMAIL_MAX_MESSAGE_BYTES": "1"}, nil, "PICLOUD_EMAIL_MAX_MESSAGE_BYTES"},
		{"mail rate", map[string]string{"PICLOUD_EMAIL_MAX_PER_HOUR": "0"}, nil, "PICLOUD_EMAIL_MAX_PER_HOUR"},
		{"mail user without password", map[string]string{"PICLOUD_SMTP_HOST": "mail.example.com", "PICLOUD_SMTP_USER": "pi"}, nil, "PICLOUD_SMTP_USER and PICLOUD_SMTP_PASSWORD must be set together"},
		{"mail sender without server", map[string]string{"PICLOUD_SMTP_FROM": "pi@example.com"}, nil, "PICLOUD_SMTP_HOST is not"},
		{"mail password in the clear", map[string]string{"PICLOUD_SMTP_HOST": "mail.example.com", "PICLOUD_SMTP_TLS": "none", "PICLOUD_SMTP_USER": "pi", "PICLOUD_SMTP_PASSWORD": "x"},
			nil, "the password would travel in the clear"},
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
		"--addr", "PICLOUD_ADDR", `":8080"`, "--data", "--limit-memory-bytes", "--http-allow", "PICLOUD_SMTP_HOST", "PICLOUD_CEILING_TIMEOUT_MS", "300000", "--log-format",
		"PICLOUD_ADMIN_PASSWORD", "PICLOUD_SMTP_PASSWORD", "PICLOUD_SECRET_KEY ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help does not contain %q", want)
		}
	}
	for _, secret := range []string{"--admin-password", "--smtp-password", "--secret-key "} {
		if strings.Contains(stdout, secret) {
			t.Errorf("%s must not be a flag", secret)
		}
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

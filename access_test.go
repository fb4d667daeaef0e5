package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// resetPassword runs the command on the box and returns the password it printed.
func resetPassword(t *testing.T, dir, user string) string {
	t.Helper()
	command := exec.Command(binary, "admin", "reset-password", user)
	command.Env = append(os.Environ(), "PICLOUD_DATA="+dir)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	password := regexp.MustCompile(`(?m)^  (\S+)$`).FindSubmatch(out)
	if password == nil {
		t.Fatalf("no password in %q", out)
	}
	return string(password[1])
}

// What a trusted proxy says about where a call comes from is in the audit.
func TestTrustedProxiesAreASetting(t *testing.T) {
	t.Parallel()
	for proxies, want := range map[string]string{"127.0.0.1": "203.0.113.9", "10.0.0.0/8": "127.0.0.1"} {
		s := startServer(t, "", "PICLOUD_TRUSTED_PROXIES="+proxies)
		s.claim()
		request, err := http.NewRequest("POST", s.url+"/api/v1/admin/auth/login", strings.NewReader(`{"username":"ada","password":"wrong password"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Forwarded-For", "203.0.113.9")
		s.must(s.do(request), 401)
		audit := s.must(s.call("GET", "/api/v1/admin/audit?action=sign_in_failed", nil, nil), 200)
		if !strings.Contains(audit.body, `"address":"`+want+`"`) {
			t.Errorf("with %s the audit says %s", proxies, audit.body)
		}
	}
}

// Whoever has forgotten the password gets in again, whether the server runs or not.
func TestResetPasswordOnTheBox(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	signIn := func(s *server, password string) answer {
		s.token = ""
		var signedIn struct{ Token string }
		a := s.call("POST", "/api/v1/admin/auth/login", map[string]string{"username": "ada", "password": password}, &signedIn)
		s.token = signedIn.Token
		return a
	}
	first := resetPassword(t, s.dir, "ada")
	s.must(s.call("GET", "/api/v1/admin/auth/me", nil, nil), 401)
	s.must(signIn(s, "correct horse battery"), 401)
	s.must(signIn(s, first), 200)
	s.must(s.call("POST", "/api/v1/admin/admins", map[string]string{"username": "bob", "password": "correct horse battery", "role": "owner"}, nil), 201)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	second := resetPassword(t, s.dir, "ada")
	again := startServer(t, s.dir)
	again.must(signIn(again, first), 401)
	again.must(signIn(again, second), 200)
	audit := again.must(again.call("GET", "/api/v1/admin/audit?action=reset_password", nil, nil), 200)
	if strings.Count(audit.body, `"number"`) != 2 {
		t.Errorf("the audit says %s", audit.body)
	}
	if !strings.Contains(again.log.String(), "more than one user is an owner") {
		t.Error("the start does not warn of two owners")
	}
}

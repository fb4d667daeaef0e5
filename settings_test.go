package main_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Every setting of serve is shown with its value and where it came from, and no
// secret ever.
func TestSettingsInForce(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString([]byte("an example of a key with 32 byte"))
	s := startServer(t, "", "PICLOUD_ADMIN_USERNAME=ada", "PICLOUD_ADMIN_PASSWORD=correct horse battery", "PICLOUD_SECRET_KEY="+key,
		"PICLOUD_LIMIT_SDK_CALLS=500", "PICLOUD_SMTP_HOST=mail.example.com", "PICLOUD_SMTP_USER=pi", "PICLOUD_SMTP_PASSWORD=mail horse")
	var session struct{ Token string }
	s.must(s.call("POST", "/api/v1/admin/auth/login", map[string]string{"username": "ada", "password": "correct horse battery"}, &session), 200)
	s.token = session.Token
	var answer struct {
		Items []struct {
			Name, Flag, Description, Default, Source string
			Value                                    *string
			Secret                                   bool
		}
	}
	a := s.must(s.call("GET", "/api/v1/admin/instance/settings", nil, &answer), 200)
	for _, secret := range []string{key, "correct horse", "mail horse"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the answer shows %q", secret)
		}
	}
	type shown struct{ value, fallback, source string }
	want := map[string]shown{
		"PICLOUD_ADDR":            {"127.0.0.1:0", ":8080", "flag"},
		"PICLOUD_LIMIT_SDK_CALLS": {"500", "1000", "environment"},
		"PICLOUD_SMTP_USER":       {"pi", "", "environment"},
		"PICLOUD_SMTP_PASSWORD":   {"<secret>", "", "environment"},
		"PICLOUD_SECRET_KEY":      {"<secret>", "", "environment"},
		"PICLOUD_ADMIN_PASSWORD":  {"<secret>", "", "environment"},
		"PICLOUD_DEV_MODE":        {"false", "false", "default"},
		"PICLOUD_LOG_FORMAT":      {"", "", "default"},
	}
	for _, item := range answer.Items {
		got := shown{"<secret>", item.Default, item.Source}
		if item.Value != nil {
			got.value = *item.Value
		}
		if expected, listed := want[item.Name]; listed && got != expected {
			t.Errorf("%s is shown as %+v, want %+v", item.Name, got, expected)
		}
		if item.Description == "" || item.Secret != (item.Value == nil) || item.Secret != (item.Flag == "") {
			t.Errorf("%s: %+v", item.Name, item)
		}
		delete(want, item.Name)
	}
	if len(want) > 0 || len(answer.Items) < 30 {
		t.Errorf("%d settings are shown; %v are not", len(answer.Items), want)
	}
}

// Without a key of its own the instance has one in a file, which it says.
func TestSettingsSayThatTheKeyIsInAFile(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	var answer struct {
		Items []struct{ Name, Source string }
	}
	s.must(s.call("GET", "/api/v1/admin/instance/settings", nil, &answer), 200)
	for _, item := range answer.Items {
		if item.Name == "PICLOUD_SECRET_KEY" && item.Source != "file" {
			t.Errorf("the key comes from %q", item.Source)
		}
	}
}

package cli

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"picloud/runtime/egress"
)

// outsideSettings say how scripts reach the world outside.
type outsideSettings struct {
	Allow        []egress.Opening
	AllowPrivate bool

	SMTPHost, SMTPUser, SMTPPassword, SMTPFrom, SMTPTLS string
	SMTPPort, SMTPTimeout, MailBytes, MailPerHour       int64
}

// outsideTable is the part of the settings table about calls and mail.
func outsideTable(s *outsideSettings) []setting {
	return []setting{
		{"PICLOUD_HTTP_ALLOW", "http-allow", "what scripts may call besides the internet, such as 192.168.1.0/24,printer.local:631", "", openings(&s.Allow)},
		{"PICLOUD_HTTP_ALLOW_PRIVATE", "http-allow-private", "true: scripts may call this machine and every private address", "false", truth(&s.AllowPrivate)},
		{"PICLOUD_SMTP_HOST", "smtp-host", "mail server; without one, email is off", "", mailHost(&s.SMTPHost)},
		{"PICLOUD_SMTP_PORT", "smtp-port", "its port; 0 means 587 for starttls, 465 for tls, 25 for none", "0", number(&s.SMTPPort, 0, 65535)},
		{"PICLOUD_SMTP_USER", "smtp-user", "name to sign in with; empty means no sign-in", "", line(&s.SMTPUser)},
		{"PICLOUD_SMTP_PASSWORD", "", "password at the mail server", "", text(&s.SMTPPassword)},
		{"PICLOUD_SMTP_TLS", "smtp-tls", "starttls, tls or none", "starttls", oneOf(&s.SMTPTLS, "", "starttls", "tls", "none")},
		{"PICLOUD_SMTP_TIMEOUT_SECS", "smtp-timeout-secs", "seconds that sending one message may take", "15", number(&s.SMTPTimeout, 1, 300)},
		{"PICLOUD_SMTP_FROM", "smtp-from", "sender of messages that name none, such as PiCloud <pi@example.com>", "", mailAddress(&s.SMTPFrom)},
		{"PICLOUD_EMAIL_MAX_MESSAGE_BYTES", "email-max-message-bytes", "largest message with its attachments, encoded", "25000000", number(&s.MailBytes, 1024, 100_000_000)},
		{"PICLOUD_EMAIL_MAX_PER_HOUR", "email-max-per-hour", "messages that one app may send in an hour, tries included; a restart counts anew", "30", number(&s.MailPerHour, 1, 10_000)},
	}
}

// check finds settings that are wrong only together.
func (s *outsideSettings) check() error {
	switch {
	case (s.SMTPUser == "") != (s.SMTPPassword == ""):
		return fmt.Errorf("PICLOUD_SMTP_USER and PICLOUD_SMTP_PASSWORD must be set together")
	case s.SMTPHost == "" && (s.SMTPUser != "" || s.SMTPFrom != ""):
		return fmt.Errorf("PICLOUD_SMTP_USER or PICLOUD_SMTP_FROM is set, but PICLOUD_SMTP_HOST is not, so no mail could be sent")
	case s.SMTPUser != "" && s.SMTPTLS == string(egress.MailPlain) && !isThisMachine(s.SMTPHost):
		return fmt.Errorf("PICLOUD_SMTP_TLS is none, but PICLOUD_SMTP_USER is set: the password would travel in the clear; use starttls or tls")
	}
	return nil
}

func isThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// client is the guarded client's part of the settings.
func (s *outsideSettings) client(version string) egress.Config {
	return egress.Config{Version: version, Allow: s.Allow, AllowPrivate: s.AllowPrivate}
}

// mailer is nil when no mail server is configured.
func (s *outsideSettings) mailer() *egress.Mailer {
	if s.SMTPHost == "" {
		return nil
	}
	return egress.NewMailer(egress.MailConfig{
		Host: s.SMTPHost, Port: int(s.SMTPPort), User: s.SMTPUser, Password: s.SMTPPassword, TLS: egress.MailTLS(s.SMTPTLS),
		Timeout: time.Duration(s.SMTPTimeout) * time.Second, From: s.SMTPFrom,
		MaxBytes: int(s.MailBytes), PerHour: int(s.MailPerHour), Now: time.Now,
	})
}

func openings(target *[]egress.Opening) func(string) error {
	return func(value string) (err error) {
		if *target, err = egress.ParseOpenings(value); err != nil {
			return fmt.Errorf("must be addresses, networks and names with commas between, such as 192.168.1.0/24,printer.local:631: %w", err)
		}
		return nil
	}
}

func truth(target *bool) func(string) error {
	return func(value string) error {
		if value != "true" && value != "false" {
			return fmt.Errorf("must be true or false")
		}
		*target = value == "true"
		return nil
	}
}

// line is text for a protocol whose commands end with a line.
func line(target *string) func(string) error {
	return func(value string) error {
		if strings.ContainsAny(value, "\r\n\x00") {
			return fmt.Errorf("must be one line")
		}
		*target = value
		return nil
	}
}

func mailHost(target *string) func(string) error {
	return func(value string) error {
		if strings.ContainsAny(value, " \t\r\n/@[]") || strings.Contains(value, ":") && net.ParseIP(value) == nil {
			return fmt.Errorf("must be the name or the address of a mail server; its port is PICLOUD_SMTP_PORT")
		}
		*target = value
		return nil
	}
}

func mailAddress(target *string) func(string) error {
	return func(value string) error {
		if value != "" && egress.CheckAddress(value) != nil {
			return fmt.Errorf("must be an address such as pi@example.com or PiCloud <pi@example.com>")
		}
		*target = value
		return nil
	}
}

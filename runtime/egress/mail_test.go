package egress_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"picloud/runtime/egress"
)

func plainMessage() *egress.Message {
	return &egress.Message{To: []string{"Ann <ann@example.com>"}, Subject: "Water", Text: "3 cm\n.\nbye\n"}
}

func read(t *testing.T, data string) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return message
}

func TestMailReachesTheServer(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil)
	mailer := egress.NewMailer(server.config())
	message := &egress.Message{From: "Häuschen <house@example.com>", ReplyTo: "bob@example.com", To: []string{"ann@example.com", "Bob <bob@example.com>"},
		Cc: []string{"carl@example.com"}, Bcc: []string{"dora@example.com"}, Subject: "Wärme 21°", Text: "Text: ä\r\n.\r\nend", HTML: "<b>ä</b>",
		Attachments: []egress.Attachment{{Name: "a.csv", Data: "1,2\n"}, {Name: "b.bin", Type: "application/x-own", Data: "\x00\xff"}}}
	id, err := mailer.Send(t.Context(), "app", message)
	if err != nil {
		t.Fatal(err)
	}
	got := server.mails()[0]
	if got.from != "MAIL FROM:<house@example.com> BODY=8BITMIME" ||
		strings.Join(got.recipients, "") != "<ann@example.com><bob@example.com><carl@example.com><dora@example.com>" {
		t.Errorf("%+v", got)
	}
	parsed := read(t, got.data)
	decoder := new(mime.WordDecoder)
	subject, err := decoder.DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || subject != "Wärme 21°" || parsed.Header.Get("Bcc") != "" || strings.Contains(got.data, "dora") || parsed.Header.Get("Message-Id") != id ||
		parsed.Header.Get("Date") != "Sun, 01 Mar 2026 12:00:00 +0000" || !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("%q %v", subject, parsed.Header)
	}
	var parts []string
	var walk func(contentType string, body io.Reader)
	walk = func(contentType string, body io.Reader) {
		media, params, err := mime.ParseMediaType(contentType)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, media)
		if !strings.HasPrefix(media, "multipart/") {
			return
		}
		for reader := multipart.NewReader(body, params["boundary"]); ; {
			part, err := reader.NextPart()
			if err != nil {
				return
			}
			walk(part.Header.Get("Content-Type"), part)
		}
	}
	walk(parsed.Header.Get("Content-Type"), parsed.Body)
	want := []string{"multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv", "application/x-own"}
	if !slices.Equal(parts, want) {
		t.Errorf("%v, want %v", parts, want)
	}
}

func TestMailIsSentTheWayTheSettingsSay(t *testing.T) {
	t.Parallel()
	secured := func(s *mailServer) { s.startTLS, s.password = true, "secret" }
	for _, c := range []struct {
		name   string
		server func(*mailServer)
		change func(*egress.MailConfig)
		want   string
	}{
		{"starttls with sign-in", secured, func(c *egress.MailConfig) { c.TLS, c.User, c.Password = egress.MailSTARTTLS, "pi", "secret" }, "open"},
		{"wrong password", secured, func(c *egress.MailConfig) { c.TLS, c.User, c.Password = egress.MailSTARTTLS, "pi", "wrong" }, "sign_in"},
		{"no sign-in known", func(s *mailServer) { s.startTLS = true }, func(c *egress.MailConfig) { c.TLS, c.User, c.Password = egress.MailSTARTTLS, "pi", "x" }, "sign_in"},
		{"starttls taken out of the conversation", nil, func(c *egress.MailConfig) { c.TLS = egress.MailSTARTTLS }, "tls"},
		{"a certificate that nobody has signed", secured, func(c *egress.MailConfig) { c.TLS, c.RootCAs = egress.MailSTARTTLS, nil }, "tls"},
		{"tls to a server without", nil, func(c *egress.MailConfig) { c.TLS, c.Timeout = egress.MailImplicit, 2*time.Second }, "tls"},
		{"none", nil, nil, "open"},
		{"recipient refused", func(s *mailServer) { s.answers["RCPT"] = "550 no such user at 10.1.2.3" }, nil, "rejected"},
		{"sender refused", func(s *mailServer) { s.answers["MAIL"] = "553 not yours" }, nil, "rejected"},
		{"busy", func(s *mailServer) { s.answers["DATA"] = "451 later" }, nil, "rejected"},
		{"goodbye refused", func(s *mailServer) { s.answers["QUIT"] = "500 never"; s.answers["RSET"] = "500 no" }, nil, "open"},
		{"no SMTP", func(s *mailServer) { s.answers["EHLO"] = "what"; s.answers["HELO"] = "what" }, nil, "protocol"},
		{"hangs at the start", func(s *mailServer) { s.hang = "EHLO" }, func(c *egress.MailConfig) { c.Timeout = 200 * time.Millisecond }, "timeout"},
		{"hangs at the end", func(s *mailServer) { s.hang = "DATA" }, func(c *egress.MailConfig) { c.Timeout = 200 * time.Millisecond }, "timeout"},
		{"nobody there", nil, func(c *egress.MailConfig) { c.Port = 1 }, "refused"},
		{"no such host", nil, func(c *egress.MailConfig) { c.Host = "mail.invalid" }, "dns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, c.server)
			config := server.config()
			if c.change != nil {
				c.change(&config)
			}
			_, err := egress.NewMailer(config).Send(t.Context(), "app", plainMessage())
			if got := category(err); got != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "10.1.2.3") {
				t.Errorf("%v shows an address", err)
			}
			if got := server.mails(); c.want == "open" && (len(got) != 1 || config.TLS == egress.MailSTARTTLS && (!got[0].secure || got[0].user != "pi")) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, func(s *mailServer) { s.password = "secret" })
	front, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{server.certificate}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := front.Accept(); err == nil {
			server.talk(conn, t.Context().Done())
		}
	}()
	config := server.config()
	config.TLS, config.User, config.Password = egress.MailImplicit, "pi", "secret"
	if _, err := fmt.Sscanf(front.Addr().String(), "127.0.0.1:%d", &config.Port); err != nil {
		t.Fatal(err)
	}
	_, err = egress.NewMailer(config).Send(t.Context(), "app", plainMessage())
	_ = front.Close()
	<-done
	if got := server.mails(); err != nil || len(got) != 1 || !got[0].secure || got[0].user != "pi" {
		t.Errorf("%v %+v", err, got)
	}
}

// The script's own deadline ends a message too, whatever the settings allow.
func TestMailEndsWithTheDeadline(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, func(s *mailServer) { s.hang = "MAIL" })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := egress.NewMailer(server.config()).Send(ctx, "app", plainMessage()); category(err) != "timeout" {
		t.Error(err)
	}
}

// injections are texts that would be more than one header, recipient or command
// if anything took them apart (findings: A18).
var injections = []string{
	"a@example.com\r\nBcc: evil@example.net", "a@example.com\nBcc: evil@example.net", "a@example.com\rBcc: evil@example.net", "a@example.com\r\n\r\nbody",
	"a@example.com\x00\r\nBcc: evil@example.net", "a@example.com>\r\nRCPT TO:<evil@example.net", "<a@example.com>\r\nDATA", "a@example.com, evil@example.net",
	"a@example.com; evil@example.net", "a@example.com evil@example.net", "<a@example.com> <evil@example.net>", "Ann <a@example.com>, Eve <evil@example.net>",
	"group: a@example.com, evil@example.net;", "\"a\r\nBcc: evil@example.net\"@example.com", "\"a> <evil@example.net\"@example.com", "a@example.com\u2028Bcc: evil@example.net",
	"a@example.com\u0085Bcc: evil@example.net", "a@example.com\vBcc: evil@example.net", "a@example.com\fBcc: evil@example.net", "a@example.com\x1fBcc: evil@example.net",
	"Ann\r\nBcc: evil@example.net <a@example.com>", "Ann\r\n <a@example.com>", "=?utf-8?q?a=0D=0ABcc:_evil@example.net?= <a@example.com>", "=?utf-8?b?YQ0KQmNjOiBldmlsQGV4YW1wbGUubmV0?= <a@example.com>",
	"a@example.com\r\n.\r\nMAIL FROM:<evil@example.net>", "a@example.com%0d%0aBcc: evil@example.net", "a@[127.0.0.1]\r\n", "a@example.com (\r\nBcc: evil@example.net)",
	"a@exam\tple.com", "a\\\r\n@example.com", "@evil.example.net:a@example.com", "a@example.com\xffBcc: evil@example.net",
}

// Each of them, in every field: refused, or sent with one recipient, the
// headers that a plain message has, and nothing of its own.
func TestMailInjections(t *testing.T) {
	t.Parallel()
	if len(injections) < 30 {
		t.Fatalf("only %d", len(injections))
	}
	server := newMailServer(t, nil)
	config := server.config()
	config.PerHour = 10_000
	mailer := egress.NewMailer(config)
	fields := map[string]func(*egress.Message, string){
		"to":              func(m *egress.Message, s string) { m.To = []string{s} },
		"cc":              func(m *egress.Message, s string) { m.Cc = []string{s} },
		"bcc":             func(m *egress.Message, s string) { m.Bcc = []string{s} },
		"from":            func(m *egress.Message, s string) { m.From = s },
		"reply_to":        func(m *egress.Message, s string) { m.ReplyTo = s },
		"subject":         func(m *egress.Message, s string) { m.Subject = s },
		"attachment name": func(m *egress.Message, s string) { m.Attachments = []egress.Attachment{{Name: s, Data: "x"}} },
		"attachment type": func(m *egress.Message, s string) {
			m.Attachments = []egress.Attachment{{Name: "a", Type: s, Data: "x"}}
		},
		"text": func(m *egress.Message, s string) { m.Text = s },
		"html": func(m *egress.Message, s string) { m.HTML = s },
	}
	refused, sent := 0, 0
	for name, set := range fields {
		for _, text := range injections {
			message := plainMessage()
			set(message, text)
			before := len(server.mails())
			_, err := mailer.Send(t.Context(), "app", message)
			var wrong *egress.MessageError
			if errors.As(err, &wrong) {
				refused++
				if len(server.mails()) != before {
					t.Errorf("%s %q: refused, and sent", name, text)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %q: %v", name, text, err)
				continue
			}
			sent++
			checkPlain(t, name, text, server.mails()[before:])
		}
	}
	t.Logf("%d refused, %d sent", refused, sent)
	for _, command := range server.commands {
		if strings.Contains(command, "evil@") && !strings.HasPrefix(command, "RCPT TO:<evil@example.net>") {
			t.Errorf("the server was told %q", command)
		}
	}
}

func checkPlain(t *testing.T, name, text string, mails []receivedMail) {
	t.Helper()
	if len(mails) != 1 {
		t.Fatalf("%s %q: %d messages", name, text, len(mails))
	}
	most := map[string]int{"cc": 2, "bcc": 2}[name]
	if most == 0 {
		most = 1
	}
	if len(mails[0].recipients) > most || strings.Contains(strings.Join(mails[0].recipients, " "), "evil") {
		t.Errorf("%s %q: recipients %v", name, text, mails[0].recipients)
	}
	allowed := []string{"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding"}
	for header, values := range read(t, mails[0].data).Header {
		if !slices.Contains(allowed, header) || len(values) != 1 {
			t.Errorf("%s %q: header %s %q", name, text, header, values)
		}
	}
}

func TestMessagesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil)
	config := server.config()
	config.MaxBytes = 20_000
	mailer := egress.NewMailer(config)
	config.From = ""
	nameless := egress.NewMailer(config)
	many := slices.Repeat([]string{"a@example.com"}, 51)
	for want, change := range map[string]func(*egress.Message){
		"to is missing":                  func(m *egress.Message) { m.To = nil },
		"to has an address that is none": func(m *egress.Message) { m.To = []string{""} },
		"to with cc and bcc names 51":    func(m *egress.Message) { m.To = many },
		"subject is missing":             func(m *egress.Message) { m.Subject = "" },
		"subject must be one line":       func(m *egress.Message) { m.Subject = strings.Repeat("x", 999) },
		"text is missing":                func(m *egress.Message) { m.Text = "" },
		"text is not UTF-8":              func(m *egress.Message) { m.Text = "\xff" },
		"html is not UTF-8":              func(m *egress.Message) { m.HTML = "\xff" },
		"the whole message would be over 20": func(m *egress.Message) {
			m.Attachments = []egress.Attachment{{Name: "a", Data: strings.Repeat("x", 15_000)}}
		},
		"attachments are more than 20":      func(m *egress.Message) { m.Attachments = make([]egress.Attachment, 21) },
		"attachments need a name":           func(m *egress.Message) { m.Attachments = []egress.Attachment{{Name: "../../etc/passwd"}} },
		"cc has an address with characters": func(m *egress.Message) { m.Cc = []string{`"a b"@example.com`} },
	} {
		message := plainMessage()
		change(message)
		_, err := mailer.Send(t.Context(), "app", message)
		if wrong := (*egress.MessageError)(nil); !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := nameless.Send(t.Context(), "app", plainMessage()); err == nil || !strings.HasPrefix(err.Error(), "from is missing") {
		t.Error(err)
	}
	if len(server.commands) != 0 {
		t.Errorf("the server was called: %v", server.commands)
	}
}

func TestMailRate(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil)
	config := server.config()
	now := config.Now()
	config.Now, config.PerHour = func() time.Time { return now }, 3
	mailer := egress.NewMailer(config)
	send := func(app string) string {
		_, err := mailer.Send(t.Context(), app, plainMessage())
		return category(err)
	}
	for i, want := range []string{"open", "open", "open", "rate_limited", "rate_limited"} {
		if got := send("one"); got != want {
			t.Errorf("message %d: %s, want %s", i, got, want)
		}
		now = now.Add(time.Minute)
	}
	if got := send("two"); got != "open" {
		t.Errorf("another app: %s", got)
	}
	now = now.Add(56 * time.Minute) // an hour and a minute after the first
	for i, want := range []string{"open", "open", "rate_limited"} {
		if got := send("one"); got != want {
			t.Errorf("later message %d: %s, want %s", i, got, want)
		}
	}
}

// The check of a mail server signs in and leaves no mail.
func TestMailCheck(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(s *mailServer) { s.password = "right" })
	for password, works := range map[string]bool{"right": true, "wrong": false} {
		config := s.config()
		config.User, config.Password = "pi", password
		if err := egress.NewMailer(config).Check(t.Context()); (err == nil) != works {
			t.Errorf("with the %s password: %v", password, err)
		}
	}
	if mails := s.mails(); len(mails) != 0 {
		t.Errorf("%d mails were sent", len(mails))
	}
}

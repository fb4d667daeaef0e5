package main_test

import (
	"net"
	"net/textproto"
	"strings"
	"testing"
)

// mailbox is a mail server that takes everything; each message arrives in the
// channel, its recipients in front.
func mailbox(t *testing.T) (port string, messages chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	messages = make(chan string, 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			takeMail(textproto.NewConn(conn), messages)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, messages
}

// takeMail serves one session.
func takeMail(session *textproto.Conn, messages chan<- string) {
	_ = session.PrintfLine("220 here")
	var to []string
	for {
		command, err := session.ReadLine()
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(command); {
		case strings.HasPrefix(verb, "RCPT TO:"):
			to = append(to, command[len("RCPT TO:"):])
		case verb == "DATA":
			_ = session.PrintfLine("354 go on")
			text, err := session.ReadDotBytes()
			if err != nil {
				return
			}
			messages <- strings.Join(to, " ") + "\n" + string(text)
		}
		if err := session.PrintfLine("250 fine"); err != nil {
			return
		}
	}
}

// Mail goes to the server of the settings, from their sender, as often as they
// let an app; without them every call says what is missing.
func TestMailThroughTheSettings(t *testing.T) {
	t.Parallel()
	port, messages := mailbox(t)
	source := `local ok, answer = pcall(email.send, { to = "ann@example.com", bcc = "bob@example.com", subject = "Water", text = "3 cm" }) return answer`
	s := startServer(t, "", "PICLOUD_SMTP_HOST=127.0.0.1", "PICLOUD_SMTP_PORT="+port, "PICLOUD_SMTP_TLS=none",
		"PICLOUD_SMTP_FROM=Pi <pi@example.com>", "PICLOUD_EMAIL_MAX_PER_HOUR=1", "PICLOUD_EMAIL_MAX_MESSAGE_BYTES=5000")
	s.claim()
	script := s.newScript("mail", source, nil)
	sent := s.must(s.call("GET", "/api/v1/execute/"+script, nil, nil), 200)
	message := <-messages
	for _, want := range []string{"<ann@example.com> <bob@example.com>\n", "From: \"Pi\" <pi@example.com>\n", "Subject: Water\n", "Message-ID: " + sent.body + "\n", "\n\n3 cm"} {
		if !strings.Contains(message, want) || strings.Contains(message, "Bcc") {
			t.Errorf("%q is not in %s", want, message)
		}
	}
	long := s.newScript("long", strings.Replace(source, `"3 cm"`, `("x"):rep(6000)`, 1), nil)
	for script, want := range map[string]string{script: "rate_limited: the app has sent, or tried to send, 1 messages", long: "over 5000 bytes"} {
		if again := s.call("GET", "/api/v1/execute/"+script, nil, nil); !strings.Contains(again.body, want) {
			t.Errorf("%s, want %s", again.body, want)
		}
	}
	without := startServer(t, "")
	without.claim()
	script = without.newScript("mail", source, nil)
	if answer := without.call("GET", "/api/v1/execute/"+script, nil, nil); !strings.Contains(answer.body, "email is not configured (PICLOUD_SMTP_HOST") {
		t.Errorf("without settings: %s", answer.body)
	}
}

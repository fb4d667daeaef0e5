package egress_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/runtime/egress"
)

// mailServer speaks SMTP and keeps what it was given.
type mailServer struct {
	net.Listener
	certificate tls.Certificate
	roots       *x509.CertPool
	startTLS    bool              // offered, and asked for before anything else
	password    string            // of the user "pi"; "" asks for no sign-in
	answers     map[string]string // in place of the usual one, by command
	hang        string            // the command after which nothing comes any more

	mutex    sync.Mutex
	received []receivedMail
	commands []string
}

type receivedMail struct {
	from       string
	recipients []string
	data       string
	secure     bool
	user       string
}

func newMailServer(t testing.TB, change func(*mailServer)) *mailServer {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	defer web.Close()
	s := &mailServer{certificate: web.TLS.Certificates[0], roots: x509.NewCertPool(), answers: map[string]string{}}
	s.roots.AddCert(web.Certificate())
	if change != nil {
		change(s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = listener
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { s.talk(conn, t.Context().Done()) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); sessions.Wait() })
	return s
}

// config is how the server is reached.
func (s *mailServer) config() egress.MailConfig {
	host, port, _ := net.SplitHostPort(s.Addr().String())
	number := 0
	for _, digit := range port {
		number = number*10 + int(digit-'0')
	}
	return egress.MailConfig{Host: host, Port: number, TLS: egress.MailPlain, From: "PiCloud <pi@example.com>", RootCAs: s.roots,
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }}
}

func (s *mailServer) mails() []receivedMail {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]receivedMail(nil), s.received...)
}

// session is one connection.
type session struct {
	*mailServer
	conn   net.Conn
	lines  *bufio.Reader
	mail   receivedMail
	secure bool
	user   string
}

func (s *mailServer) talk(conn net.Conn, stop <-chan struct{}) {
	defer func() { _ = conn.Close() }()
	each := &session{mailServer: s, conn: conn, lines: bufio.NewReader(conn)}
	if _, implicit := conn.(*tls.Conn); implicit {
		each.secure = true
	}
	each.say("220 mail.example.com at 10.1.2.3")
	for {
		line, err := each.lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mutex.Lock()
		s.commands = append(s.commands, line)
		s.mutex.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if verb == s.hang {
			<-stop
			return
		}
		if answer := s.answers[verb]; answer != "" {
			each.say(answer)
			continue
		}
		if !each.obey(verb, line) {
			return
		}
	}
}

func (s *session) say(line string) { _, _ = s.conn.Write([]byte(line + "\r\n")) }

func (s *session) obey(verb, line string) bool {
	switch verb {
	case "EHLO", "HELO":
		s.say("250-mail.example.com")
		if s.startTLS && !s.secure {
			s.say("250-STARTTLS")
		}
		if s.password != "" {
			s.say("250-AUTH PLAIN LOGIN")
		}
		s.say("250 8BITMIME")
	case "STARTTLS":
		s.say("220 go on")
		secured := tls.Server(s.conn, &tls.Config{Certificates: []tls.Certificate{s.certificate}})
		s.conn, s.lines, s.secure = secured, bufio.NewReader(secured), true
	case "AUTH":
		s.signIn(line)
	case "MAIL":
		s.mail = receivedMail{from: line, secure: s.secure, user: s.user}
		s.say("250 ok")
	case "RCPT":
		s.mail.recipients = append(s.mail.recipients, line[len("RCPT TO:"):])
		s.say("250 ok")
	case "DATA":
		s.say("354 go on")
		s.take()
		s.say("250 taken")
	case "QUIT":
		s.say("221 bye")
		return false
	default:
		s.say("250 ok")
	}
	return true
}

func (s *session) signIn(line string) {
	fields := strings.Fields(line)
	raw, _ := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if string(raw) != "\x00pi\x00"+s.password {
		s.say("535 5.7.8 wrong, says 10.1.2.3")
		return
	}
	s.user = "pi"
	s.say("235 welcome")
}

func (s *session) take() {
	var data strings.Builder
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return
		}
		if line == ".\r\n" {
			break
		}
		data.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mail.data = data.String()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.received = append(s.received, s.mail)
}

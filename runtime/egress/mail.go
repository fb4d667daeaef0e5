package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// MailTLS is how the connection to the mail server is made safe.
type MailTLS string

// The ways (PICLOUD_SMTP_TLS). STARTTLS is asked for and must be had: a server,
// or someone between, cannot talk the connection out of it.
const (
	MailSTARTTLS MailTLS = "starttls"
	MailImplicit MailTLS = "tls"
	MailPlain    MailTLS = "none"
)

// Port is the usual port for submission (RFC 8314, RFC 6409).
func (m MailTLS) Port() int {
	switch m {
	case MailImplicit:
		return 465
	case MailPlain:
		return 25
	default:
		return 587
	}
}

// MailConfig is what NewMailer needs. The server is the administrator's choice
// and no script's, so no policy stands between.
type MailConfig struct {
	Host           string
	Port           int // 0: the usual one for TLS
	User, Password string
	TLS            MailTLS
	Timeout        time.Duration // of one message; 0 means 15 s
	From           string        // the sender of messages that name none; may be empty
	MaxBytes       int           // of a whole message; 0 means 25 MB
	PerHour        int           // messages of one app in any hour; 0 means 30
	Now            func() time.Time
	RootCAs        *x509.CertPool // whose certificates are good; nil means the system's
}

const (
	defaultMailTimeout = 15 * time.Second
	defaultMailBytes   = 25_000_000
	defaultMailPerHour = 30
	maxServerWords     = 1 << 20 // bytes that a server may say in one session
)

// Mailer sends messages through one server. Its methods may be called from any
// goroutine.
type Mailer struct {
	config MailConfig
	rate   *mailRate
}

// NewMailer makes a mailer; the configuration has been checked.
func NewMailer(config MailConfig) *Mailer {
	if config.Port == 0 {
		config.Port = config.TLS.Port()
	}
	if config.Timeout == 0 {
		config.Timeout = defaultMailTimeout
	}
	if config.MaxBytes == 0 {
		config.MaxBytes = defaultMailBytes
	}
	if config.PerHour == 0 {
		config.PerHour = defaultMailPerHour
	}
	return &Mailer{config: config, rate: newMailRate(config.PerHour, config.Now)}
}

// Send sends one message in the name of an app and returns its Message-ID.
// The error is a *MessageError for a message that cannot be sent as it is, else
// a *Failure.
func (m *Mailer) Send(ctx context.Context, app string, message *Message) (string, error) {
	built, err := m.build(message)
	if err != nil {
		return "", err
	}
	if !m.rate.take(app) {
		return "", failed(CategoryRateLimited, "the app has sent, or tried to send, %d messages within an hour, the most it may (PICLOUD_EMAIL_MAX_PER_HOUR)", m.config.PerHour)
	}
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	client, hangUp, err := m.client(ctx)
	if err != nil {
		return "", mailFailure(err)
	}
	defer hangUp()
	// What a server says after it has taken the message does not matter.
	if err := client.DialAndSendWithContext(ctx, built); err != nil && !built.IsDelivered() {
		return "", mailFailure(err)
	}
	return built.GetMessageID(), nil
}

// Check connects to the mail server and signs in, and sends nothing. The error
// is a *Failure.
func (m *Mailer) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	client, hangUp, err := m.client(ctx)
	if err != nil {
		return mailFailure(err)
	}
	defer hangUp()
	if err := client.DialWithContext(ctx); err != nil {
		return mailFailure(err)
	}
	// What a server says to a goodbye does not matter.
	_ = client.Close()
	return nil
}

// build checks a message and puts it together, as it will be sent.
func (m *Mailer) build(message *Message) (*gomail.Msg, error) {
	if message.From == "" {
		message.From = m.config.From
	}
	envelope, err := message.check()
	if err != nil {
		return nil, err
	}
	built := envelope.message(message, m.config.Now())
	size := &sizeCounter{most: int64(m.config.MaxBytes)}
	if _, err := built.WriteTo(size); err != nil || size.bytes > size.most {
		return nil, &MessageError{Text: fmt.Sprintf("the whole message would be over %d bytes", m.config.MaxBytes)}
	}
	return built, nil
}

// client is made for one message: the library's clients hold one connection
// each, and one's deadline must not be another's. hangUp closes the connection,
// which the library leaves open when TLS or the sign-in fails.
func (m *Mailer) client(ctx context.Context) (client *gomail.Client, hangUp func(), err error) {
	var conn net.Conn
	hangUp = func() {
		if conn != nil {
			_ = conn.Close() // after a QUIT it is closed already
		}
	}
	secure := &tls.Config{ServerName: m.config.Host, RootCAs: m.config.RootCAs, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(m.config.Port), gomail.WithTimeout(m.config.Timeout), gomail.WithTLSConfig(secure),
		gomail.WithDialContextFunc(func(_ context.Context, network, address string) (_ net.Conn, err error) {
			conn, err = m.dial(ctx, network, address, secure)
			return conn, err
		}),
	}
	switch m.config.TLS {
	case MailImplicit:
		options = append(options, gomail.WithSSL())
	case MailPlain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if m.config.User != "" {
		options = append(options, gomail.WithUsername(m.config.User), gomail.WithPassword(m.config.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err = gomail.NewClient(m.config.Host, options...)
	return client, hangUp, err
}

// dial connects within the message's deadline, which holds for all that follows.
func (m *Mailer) dial(ctx context.Context, network, address string, secure *tls.Config) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	conn := &mailConn{Conn: raw, last: deadline, left: maxServerWords}
	if m.config.TLS != MailImplicit {
		return conn, nil
	}
	if err := conn.SetDeadline(deadline); err != nil {
		_ = conn.Close()
		return nil, err
	}
	wrapped := tls.Client(conn, secure)
	if err := wrapped.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return wrapped, nil
}

// mailConn holds a session to the message's deadline, whatever the library sets
// for its steps, and to a bounded number of words from the server.
type mailConn struct {
	net.Conn
	last time.Time
	left int
}

// SetDeadline sets the earlier of t and the message's own deadline.
func (c *mailConn) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(c.last) {
		t = c.last
	}
	return c.Conn.SetDeadline(t)
}

// Read ends the session of a server that does not stop talking.
func (c *mailConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, failed(CategoryTooLarge, "the mail server does not stop talking")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

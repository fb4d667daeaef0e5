package egress

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// Bounds of one message.
const (
	maxRecipients      = 50
	maxAddressBytes    = 254 // RFC 5321, 4.5.3.1.3, without the angle brackets
	maxSubjectBytes    = 998 // RFC 5322, 2.1.1
	maxAttachments     = 20
	maxAttachmentName  = 200
	maxDisplayAndEmail = 500
)

// Message is a mail as a script describes it. Addresses may have a name in
// front: "Ann <ann@example.com>".
type Message struct {
	From, ReplyTo string // From may be empty when the settings name a sender
	To, Cc, Bcc   []string
	Subject       string
	Text          string
	HTML          string // "" for none
	Attachments   []Attachment
}

// Attachment is a file that goes with a message. An empty Type follows from
// the name.
type Attachment struct {
	Name, Type string
	Data       string
}

// MessageError says which field of a message is wrong, and how.
type MessageError struct{ Field, Text string }

// Error returns the field with the fault.
func (e *MessageError) Error() string {
	if e.Field == "" {
		return e.Text
	}
	return e.Field + " " + e.Text
}

func wrong(field, format string, args ...any) *MessageError {
	return &MessageError{Field: field, Text: fmt.Sprintf(format, args...)}
}

// envelope is a message's addresses, read.
type envelope struct {
	from, replyTo *mail.Address
	to, cc, bcc   []*mail.Address
}

// check reads the addresses and refuses whatever could become a header or a
// recipient of its own (findings: A18).
func (m *Message) check() (e envelope, err error) {
	if m.From == "" {
		return e, wrong("from", "is missing (PICLOUD_SMTP_FROM names no sender either)")
	}
	if e.from, err = parseAddress("from", m.From); err != nil {
		return e, err
	}
	if m.ReplyTo != "" {
		if e.replyTo, err = parseAddress("reply_to", m.ReplyTo); err != nil {
			return e, err
		}
	}
	for _, list := range []struct {
		field string
		given []string
		read  *[]*mail.Address
	}{{"to", m.To, &e.to}, {"cc", m.Cc, &e.cc}, {"bcc", m.Bcc, &e.bcc}} {
		for _, each := range list.given {
			address, err := parseAddress(list.field, each)
			if err != nil {
				return e, err
			}
			*list.read = append(*list.read, address)
		}
	}
	if len(e.to) == 0 {
		return e, wrong("to", "is missing")
	}
	if count := len(e.to) + len(e.cc) + len(e.bcc); count > maxRecipients {
		return e, wrong("to", "with cc and bcc names %d recipients, more than %d", count, maxRecipients)
	}
	return e, m.checkContent()
}

func (m *Message) checkContent() error {
	switch {
	case m.Subject == "":
		return wrong("subject", "is missing")
	case len(m.Subject) > maxSubjectBytes || !isLine(m.Subject):
		return wrong("subject", "must be one line of text of at most %d bytes", maxSubjectBytes)
	case m.Text == "":
		return wrong("text", "is missing")
	case !utf8.ValidString(m.Text):
		return wrong("text", "is not UTF-8")
	case !utf8.ValidString(m.HTML):
		return wrong("html", "is not UTF-8")
	case len(m.Attachments) > maxAttachments:
		return wrong("attachments", "are more than %d", maxAttachments)
	}
	for _, each := range m.Attachments {
		if err := each.check(); err != nil {
			return err
		}
	}
	return nil
}

func (a Attachment) check() error {
	if a.Name == "" || len(a.Name) > maxAttachmentName || !isLine(a.Name) || strings.ContainsAny(a.Name, `/\"`) {
		return wrong("attachments", "need a name of at most %d bytes, without slashes, quotes and line breaks", maxAttachmentName)
	}
	if a.Type == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(a.Type)
	if err != nil || !isLine(a.Type) || !strings.Contains(media, "/") || strings.HasPrefix(media, "multipart/") || strings.HasPrefix(media, "message/") {
		return wrong("attachments", "have a type such as application/pdf")
	}
	return nil
}

// parseAddress reads one address. Quoted local parts and what is not ASCII
// would need care in every command that an address goes into, and hardly
// anyone has such an address, so they are refused.
func parseAddress(field, text string) (*mail.Address, error) {
	if len(text) > maxDisplayAndEmail || !isLine(text) {
		return nil, wrong(field, "has an address with a line break or of over %d bytes", maxDisplayAndEmail)
	}
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, wrong(field, "has an address that is none (RFC 5322); write ann@example.com or Ann <ann@example.com>")
	}
	if len(address.Address) > maxAddressBytes || strings.ContainsFunc(address.Address, unusual) || !isLine(address.Name) {
		return nil, wrong(field, "has an address with characters that are not taken, or of over %d bytes", maxAddressBytes)
	}
	return address, nil
}

func unusual(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>()[]\,;:`, r) }

// isLine reports whether text is UTF-8 without control characters, the Unicode
// line separators among them.
func isLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029'
	})
}

// CheckAddress says what is wrong with an address of the settings.
func CheckAddress(text string) error {
	_, err := parseAddress("it", text)
	return err
}

// message puts a checked message together.
func (e envelope) message(m *Message, at time.Time) *gomail.Msg {
	built := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	built.FromMailAddress(e.from)
	built.ToMailAddress(e.to...)
	built.CcMailAddress(e.cc...)
	built.BccMailAddress(e.bcc...)
	if e.replyTo != nil {
		built.ReplyToMailAddress(e.replyTo)
	}
	built.Subject(m.Subject)
	built.SetDateWithValue(at)
	_, domain, _ := strings.Cut(e.from.Address, "@")
	built.SetMessageIDWithValue(rand.Text() + "@" + domain)
	built.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		built.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, each := range m.Attachments {
		var options []gomail.FileOption
		if each.Type != "" {
			options = append(options, gomail.WithFileContentType(gomail.ContentType(each.Type)))
		}
		built.AttachReadSeeker(each.Name, strings.NewReader(each.Data), options...)
	}
	return built
}

// sizeCounter counts what would be sent, up to a little over the most.
type sizeCounter struct{ bytes, most int64 }

func (s *sizeCounter) Write(p []byte) (int, error) {
	s.bytes += int64(len(p) + bytes.Count(p, []byte("\n."))) // dots are doubled (RFC 5321, 4.5.2)
	if s.bytes > s.most {
		return 0, fmt.Errorf("over %d bytes", s.most)
	}
	return len(p), nil
}

package signature

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Message is what a sender sent. Header has canonical names, as net/http gives
// them; Query is undecoded; Body is the exact bytes.
type Message struct {
	Header http.Header
	Query  string
	Body   []byte
}

// Verdict is what a check came to.
type Verdict int

// The verdicts. Stale is a right signature outside its time window.
const (
	Bad Verdict = iota
	Stale
	Good
)

// Result is a verdict and, unless it is Good, the reason in words. The words
// name headers and times, never a signature or a secret.
type Result struct {
	Verdict Verdict
	Reason  string
}

func bad(format string, arguments ...any) Result {
	return Result{Bad, fmt.Sprintf(format, arguments...)}
}

// Scheme is a Definition made ready. It may be used by many goroutines at once.
type Scheme struct {
	provider string
	window   time.Duration // 0: the scheme signs no time
	check    func(m *Message, secret string) (signed signedTime, failure Result)
}

// signedTime is the time that a right signature covers, if the scheme has one.
type signedTime struct {
	at    time.Time
	known bool
}

// Compile makes a scheme ready. Its error is an *Error.
func Compile(d Definition) (*Scheme, error) {
	s, err := compile(&d)
	if err != nil {
		return nil, err
	}
	s.provider = d.Provider
	return s, nil
}

func compile(d *Definition) (*Scheme, error) {
	switch d.Provider {
	case GitHub:
		return d.keyed(keyed{header: "X-Hub-Signature-256", prefix: "sha256=", parts: bodyOnly})
	case Shopify:
		return d.keyed(keyed{header: "X-Shopify-Hmac-Sha256", decode: decodeBase64, parts: bodyOnly})
	case Slack:
		return d.keyed(keyed{header: "X-Slack-Signature", prefix: "v0=", timestampHeader: "X-Slack-Request-Timestamp",
			parts: []part{{text: "v0:"}, {field: fieldTimestamp}, {text: ":"}, {field: fieldBody}}})
	case Stripe:
		return d.stripe()
	case Standard:
		return d.standard()
	case HMAC:
		return d.generic()
	case Telegram, Token:
		return d.token()
	case Basic:
		return d.basic()
	default:
		return nil, invalid("provider", "the provider is one of %s", strings.Join(Providers, ", "))
	}
}

// NeedsBasic reports whether a refused sender should be told to send a user
// name and a password.
func (s *Scheme) NeedsBasic() bool { return s.provider == Basic }

// SendsSecret reports whether the sender repeats the secret as it is, so that
// the request itself must be kept from view.
func (s *Scheme) SendsSecret() bool {
	return s.provider == Token || s.provider == Telegram || s.provider == Basic
}

// Verify checks m against the secret. The time window is judged only when the
// signature is right.
func (s *Scheme) Verify(m *Message, secret string, now time.Time) Result {
	if secret == "" {
		return bad("the secret is empty")
	}
	signed, failure := s.check(m, secret)
	if failure.Reason != "" {
		return failure
	}
	if !signed.known {
		return Result{Verdict: Good}
	}
	if age := now.Sub(signed.at); age > s.window || age < -s.window {
		return Result{Stale, fmt.Sprintf("it was signed for %s, which is more than %s away", signed.at.UTC().Format(time.RFC3339), s.window)}
	}
	return Result{Verdict: Good}
}

// one returns the only value of a header. A header that comes twice could mean
// one thing to us and another to someone else, so it means nothing.
func (m *Message) one(name string) (string, Result) {
	switch values := m.Header[textproto.CanonicalMIMEHeaderKey(name)]; len(values) {
	case 0:
		return "", bad("the header %s is missing", name)
	case 1:
		return strings.TrimSpace(values[0]), Result{}
	default:
		return "", bad("the header %s comes more than once", name)
	}
}

// unixTime reads a header's seconds (or milliseconds, as some senders have it)
// since 1970. The digits as they were sent are what was signed.
func unixTime(header, text string) (signedTime, Result) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || strings.HasPrefix(text, "+") {
		return signedTime{}, bad("the header %s has no time in Unix seconds", header)
	}
	if seconds >= 100_000_000_000 {
		return signedTime{time.UnixMilli(seconds), true}, Result{}
	}
	return signedTime{time.Unix(seconds, 0), true}, Result{}
}

// known refuses all but some words.
func known(field, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return invalid(field, "%s is one of %s", field, strings.Join(words, ", "))
}

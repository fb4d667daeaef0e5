package signature

import (
	"fmt"
	"strings"
	"time"
)

// The providers that a Definition may name.
const (
	GitHub   = "github"
	Stripe   = "stripe"
	Slack    = "slack"
	Shopify  = "shopify"
	Telegram = "telegram"
	Standard = "standard"
	HMAC     = "hmac"
	Token    = "token"
	Basic    = "basic"
)

// Providers lists them in the order in which errors show them.
var Providers = []string{GitHub, Stripe, Slack, Shopify, Telegram, Standard, HMAC, Token, Basic}

// Bounds of a tolerance in seconds. 300 is what the senders' own libraries use.
const (
	DefaultTolerance = 300
	maxTolerance     = 86_400
	maxText          = 256 // bytes of a field of a Definition
)

// Definition says how a sender proves itself. What is empty has the provider's
// own value; a field that the provider has no use for is refused.
type Definition struct {
	Provider  string
	Tolerance int64 // seconds either way, 1 to 86,400; 0 means 300
	// Header is where the signature stands, for senders that use a known scheme
	// under another name; hmac needs it.
	Header string
	// In is where a token stands: "header:X", "query:key" or "form:PASSKEY".
	In string
	// The rest is for hmac. Algorithm is sha256, sha1 or sha512, Encoding hex or
	// base64, Prefix what stands before the signature. Template is what is
	// signed, with {body}, {timestamp} and {id}.
	Algorithm, Prefix, Encoding, Template, TimestampHeader, IDHeader string
}

// Error says which field of a Definition is wrong, and why. Field has the name
// that the field has in a route's verify and in webhook.verify.
type Error struct{ Field, Message string }

func (e *Error) Error() string { return e.Message }

func invalid(field, format string, arguments ...any) error {
	return &Error{Field: field, Message: fmt.Sprintf(format, arguments...)}
}

// texts are the fields that a provider may or may not use.
func (d *Definition) texts() []struct{ name, value string } {
	return []struct{ name, value string }{
		{"header", d.Header}, {"in", d.In}, {"algorithm", d.Algorithm}, {"prefix", d.Prefix}, {"encoding", d.Encoding},
		{"template", d.Template}, {"timestamp_header", d.TimestampHeader}, {"id_header", d.IDHeader},
	}
}

// check refuses what no provider takes, and what this one has no use for.
func (d *Definition) check(uses ...string) error {
	used := map[string]bool{}
	for _, name := range uses {
		used[name] = true
	}
	for _, field := range d.texts() {
		switch {
		case field.value != "" && !used[field.name]:
			return invalid(field.name, "the provider %s has no use for %s", d.Provider, field.name)
		case len(field.value) > maxText:
			return invalid(field.name, "%s is longer than %d bytes", field.name, maxText)
		case strings.HasSuffix(field.name, "header") && field.value != "" && !isHeaderName(field.value):
			return invalid(field.name, "%s is the name of a header, such as X-Signature", field.name)
		}
	}
	return nil
}

// tolerance returns the time window of a scheme that has one.
func (d *Definition) tolerance() (time.Duration, error) {
	if d.Tolerance < 0 || d.Tolerance > maxTolerance {
		return 0, invalid("tolerance", "the tolerance is 1 to %d seconds", maxTolerance)
	}
	if d.Tolerance == 0 {
		return DefaultTolerance * time.Second, nil
	}
	return time.Duration(d.Tolerance) * time.Second, nil
}

// timeless refuses a tolerance for a scheme that signs no time.
func (d *Definition) timeless() error {
	if d.Tolerance != 0 {
		return invalid("tolerance", "this scheme signs no time, so a tolerance means nothing; leave it out")
	}
	return nil
}

// isHeaderName reports whether name is a header's name (RFC 9110, 5.6.2).
func isHeaderName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return name != ""
}

package runtime

import (
	"strings"

	"picloud/store"
)

// redacted stands for a value that must not be stored.
const redacted = "[redacted]"

// secretWords mark the headers that carry credentials or signatures, whatever
// the sender calls them (spec 4: authorization, cookie, set-cookie, x-api-key,
// signature headers; X-Gitlab-Token, X-Shopify-Hmac-Sha256 and
// X-Telegram-Bot-Api-Secret-Token are of the same sort).
var secretWords = []string{"auth", "cookie", "signature", "hmac", "token", "secret", "password", "api-key", "apikey", "api_key"}

// plainHeaders are the request headers that the record keeps besides those
// that begin with "x-" and those whose value is redacted.
var plainHeaders = map[string]bool{
	"accept": true, "content-encoding": true, "content-type": true, "origin": true, "referer": true, "user-agent": true,
}

// headerRule is what the record does with a header.
type headerRule struct {
	lower  string // the name as the record shows it
	keep   bool   // of a request; a response's headers are all kept
	secret bool
}

// usualHeaders are the rules of the names, in the form net/http and scripts
// give them, that nearly every message has: to work them out each time would be
// a tenth of what a short run costs.
var usualHeaders = func() map[string]headerRule {
	rules := map[string]headerRule{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection", "Content-Length", "Content-Type",
		"Cookie", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id",
		"content-type", "location", "set-cookie",
	} {
		rules[name] = ruleFor(name)
	}
	return rules
}()

func ruleOf(name string) headerRule {
	if rule, ok := usualHeaders[name]; ok {
		return rule
	}
	return ruleFor(name)
}

func ruleFor(name string) headerRule {
	rule := headerRule{lower: lowerASCII(name)}
	if plainHeaders[rule.lower] {
		rule.keep = true
		return rule
	}
	rule.secret = isSecretHeader(rule.lower)
	rule.keep = rule.secret || strings.HasPrefix(rule.lower, "x-")
	return rule
}

// IsSecretHeader reports whether a header, in any case, bears a credential or a
// signature.
func IsSecretHeader(name string) bool { return isSecretHeader(lowerASCII(name)) }

func isSecretHeader(lower string) bool {
	for _, word := range secretWords {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// field returns a header as the record may keep it.
func (r headerRule) field(value string) store.HeaderField {
	if r.secret {
		return store.HeaderField{Name: r.lower, Value: redacted}
	}
	return store.HeaderField{Name: r.lower, Value: clipText(value, maxRecordedHeader)}
}

// lowerASCII is strings.ToLower without its passes over Unicode; header names are ASCII.
func lowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}

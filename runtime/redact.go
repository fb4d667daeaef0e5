package runtime

import (
	"slices"
	"strings"

	"picloud/store"
)

// redacted stands for a value that must not be stored.
const redacted = "[redacted]"

// secretWords mark the headers and the query's names that carry credentials or signatures, whatever
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
	rule.secret = holdsSecretWord(rule.lower)
	rule.keep = rule.secret || strings.HasPrefix(rule.lower, "x-")
	return rule
}

// IsSecretHeader reports whether a header, in any case, bears a credential or a
// signature.
func IsSecretHeader(name string) bool { return holdsSecretWord(lowerASCII(name)) }

func holdsSecretWord(lower string) bool {
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

// secretNames are the query's names for a credential besides those that hold
// one of secretWords: weather stations and cameras send theirs so.
var secretNames = []string{"key", "pass", "passkey", "passwd", "pwd", "sig"}

// recordedQuery is a query with the values taken out that must not be stored.
// One without such values, as nearly every query is, comes back as it is.
func recordedQuery(query string) string {
	secret := false
	eachPair(query, func(name, _ string) bool {
		secret = isSecretName(name)
		return !secret
	})
	if !secret {
		return query
	}
	var kept strings.Builder
	eachPair(query, func(name, value string) bool {
		if kept.Len() > 0 {
			kept.WriteByte('&')
		}
		kept.WriteString(name)
		if isSecretName(name) {
			value = redacted
		}
		if value != "" {
			kept.WriteByte('=')
			kept.WriteString(value)
		}
		return true
	})
	return kept.String()
}

func isSecretName(encoded string) bool {
	name := lowerASCII(unescape(encoded))
	return slices.Contains(secretNames, name) || holdsSecretWord(name)
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

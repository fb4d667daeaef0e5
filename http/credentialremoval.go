package http

import (
	"encoding/base64"
	"maps"
	nethttp "net/http"
	"slices"
	"strings"
)

// The platform's own credentials. No script ever sees one, and no script's
// response can plant one (spec 5, "Admin isolation").
const (
	sessionTokenPrefix = "pis_"
	apiKeyPrefix       = "pic_"
	sessionCookie      = "picloud_session"

	sessionTokenLength = 43 // base64url of 32 bytes, without padding
	apiKeyLength       = 52 // base32 of 32 bytes, without padding
)

// withoutCredentials returns the headers that a script may see, and the names
// of those that lost something, but for Cookie: a browser sends the admin's
// cookie along, and no author misses it. The headers are the given ones when
// nothing has to go, as in nearly every request; given itself is never changed.
//
// Of cookies only the guilty ones go. Of other headers the whole value goes: a
// proxy's copy of Authorization says nothing useful without its token.
//
// The body stays as it is: its signature covers every byte, and no browser,
// proxy or client library puts a credential there by itself.
func withoutCredentials(given nethttp.Header) (clean nethttp.Header, removed []string) {
	clean, cloned := given, false
	for name, values := range given {
		if !anyCredential(name, values) {
			continue
		}
		if !cloned {
			clean, cloned = maps.Clone(given), true
		}
		if name != "Cookie" {
			removed = append(removed, name)
		}
		kept := withoutCredentialValues(name, values)
		if len(kept) == 0 {
			delete(clean, name)
		} else {
			clean[name] = kept
		}
	}
	slices.Sort(removed)
	return clean, removed
}

func anyCredential(name string, values []string) bool {
	for _, value := range values {
		if holdsToken(value) || name == "Cookie" && holdsSessionCookie(value) || holdsBasicToken(value) {
			return true
		}
	}
	return false
}

func withoutCredentialValues(name string, values []string) []string {
	var kept []string
	for _, value := range values {
		if name == "Cookie" {
			value = withoutPlatformCookies(value)
		}
		if value != "" && !anyCredential(name, []string{value}) {
			kept = append(kept, value)
		}
	}
	return kept
}

func holdsSessionCookie(line string) bool {
	for pair := range strings.SplitSeq(line, ";") {
		if isPlatformCookie(cookieName(pair)) {
			return true
		}
	}
	return false
}

func withoutPlatformCookies(line string) string {
	var kept []string
	for pair := range strings.SplitSeq(line, ";") {
		pair = strings.TrimSpace(pair)
		if pair != "" && !isPlatformCookie(cookieName(pair)) && !holdsToken(pair) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "; ")
}

func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}

// isPlatformCookie knows the session cookie with the prefixes that browsers
// give a meaning to, in any case.
func isPlatformCookie(name string) bool {
	if len(name) < len(sessionCookie) {
		return false
	}
	name, prefix := name[len(name)-len(sessionCookie):], name[:len(name)-len(sessionCookie)]
	known := prefix == "" || strings.EqualFold(prefix, "__Host-") || strings.EqualFold(prefix, "__Secure-")
	return known && strings.EqualFold(name, sessionCookie)
}

// holdsBasicToken reports whether a header's value is a Basic credential with a
// token of ours as user or password, in any form of base64 that clients use.
// Proxies copy Authorization under many names.
func holdsBasicToken(value string) bool {
	if len(value) < len("Basic ") || !strings.EqualFold(value[:len("Basic")], "Basic") {
		return false
	}
	encoded := strings.TrimRight(strings.TrimSpace(value[len("Basic"):]), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(encoded, "-_") {
		encoding = base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(encoded)
	return err == nil && holdsToken(string(decoded))
}

// withoutTokens returns a query without the parameters that hold a token.
func withoutTokens(query string) string {
	if !holdsToken(query) {
		return query
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if !holdsToken(pair) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// holdsToken reports whether text contains what looks like a session token or
// an API key, percent-escaped or not.
func holdsToken(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c == 'p' || c == 'P' || c == '%') && startsToken(text[i:]) {
			return true
		}
	}
	return false
}

// startsToken reports whether text begins with a prefix of ours and as many
// characters as the token behind it has. The lengths keep names such as
// pic_front_door apart from keys.
func startsToken(text string) bool {
	var prefix [len(apiKeyPrefix)]byte
	for i := range prefix {
		if text == "" {
			return false
		}
		prefix[i], text = nextByte(text)
	}
	switch {
	case strings.EqualFold(string(prefix[:]), sessionTokenPrefix):
		return startsRun(text, sessionTokenLength, isBase64URL)
	case strings.EqualFold(string(prefix[:]), apiKeyPrefix):
		return startsRun(text, apiKeyLength, isBase32)
	default:
		return false
	}
}

func startsRun(text string, length int, belongs func(byte) bool) bool {
	for range length {
		if text == "" {
			return false
		}
		var c byte
		if c, text = nextByte(text); !belongs(c) {
			return false
		}
	}
	return true
}

// nextByte takes one byte, decoding a percent-escape.
func nextByte(text string) (c byte, rest string) {
	if text[0] == '%' && len(text) > 2 {
		high, low := hexDigit(text[1]), hexDigit(text[2])
		if high >= 0 && low >= 0 {
			return byte(high<<4 | low), text[3:]
		}
	}
	return text[0], text[1:]
}

func hexDigit(c byte) int {
	return strings.IndexByte("0123456789abcdef", c|0x20)
}

func isBase64URL(c byte) bool {
	letter := 'a' <= c|0x20 && c|0x20 <= 'z'
	return letter || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func isBase32(c byte) bool {
	letter := 'a' <= c|0x20 && c|0x20 <= 'z'
	return letter || '2' <= c && c <= '7'
}

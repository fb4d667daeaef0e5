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

func isSecretHeader(lower string) bool {
	for _, word := range secretWords {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// redactHeader returns the field as the record may keep it.
func redactHeader(name, value string) store.HeaderField {
	lower := lowerASCII(name)
	if !plainHeaders[lower] && isSecretHeader(lower) {
		return store.HeaderField{Name: lower, Value: redacted}
	}
	return store.HeaderField{Name: lower, Value: clipText(value, maxRecordedHeader)}
}

// keepsHeader says whether the record shows a request header at all.
func keepsHeader(lower string) bool {
	return plainHeaders[lower] || strings.HasPrefix(lower, "x-") || isSecretHeader(lower)
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

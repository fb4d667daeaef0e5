package http

import (
	nethttp "net/http"
	"strings"
)

// credential is what a request shows to say who calls. Its token has the form
// of its kind; whether it is a live one is for the store to say.
type credential struct {
	kind  credentialKind
	token string
}

type credentialKind int

const (
	sessionToken credentialKind = iota + 1
	apiKeyToken
)

// credentialOf finds the credential of a request; false when there is none, or
// more than one.
func credentialOf(r *nethttp.Request) (credential, bool) {
	return bearerCredential(r)
}

// bearerCredential reads the Authorization header. There must be one such
// header: two would mean two readings.
func bearerCredential(r *nethttp.Request) (credential, bool) {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return credential{}, false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return credential{}, false
	}
	return tokenCredential(strings.TrimSpace(token))
}

// tokenCredential tells the two kinds apart by their prefixes and checks their form.
func tokenCredential(token string) (credential, bool) {
	switch {
	case strings.HasPrefix(token, sessionTokenPrefix):
		return credential{sessionToken, token}, len(token) == len(sessionTokenPrefix)+sessionTokenLength
	case strings.HasPrefix(token, apiKeyPrefix):
		return credential{apiKeyToken, token}, wellFormedKey(token)
	default:
		return credential{}, false
	}
}

// wellFormedKey reports whether token looks as it was shown: lower-case base32.
func wellFormedKey(token string) bool {
	body, _ := strings.CutPrefix(token, apiKeyPrefix)
	for i := range len(body) {
		if !isBase32(body[i]) || 'A' <= body[i] && body[i] <= 'Z' {
			return false
		}
	}
	return len(body) == apiKeyLength
}

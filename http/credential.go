package http

import (
	nethttp "net/http"
	"strings"
)

// credential is what a request shows to say who calls. Its token has the form
// of its kind; whether it is a live one is for the store to say.
type credential struct {
	kind   credentialKind
	token  string
	cookie bool // it came in the session cookie, which browsers send by themselves
}

type credentialKind int

const (
	sessionToken credentialKind = iota + 1
	apiKeyToken
)

// credentialOf finds the credential of a request: the Authorization header's
// or the session cookie's. Two that differ are refused, because whoever sent
// one of them may not have sent the other. What came in a cookie counts only
// when checkOrigin agrees.
func (s *Server) credentialOf(r *nethttp.Request) (credential, error) {
	token, err := s.sessionCookieOf(r)
	if err != nil {
		return credential{}, err
	}
	if token == "" || !onlyBasic(r.Header["Authorization"]) {
		shown, ok := bearerCredential(r)
		if !ok {
			return credential{}, unauthorized()
		}
		if token != "" && token != shown.token {
			return credential{}, differentCredentials()
		}
		return shown, nil
	}
	shown, ok := tokenCredential(token)
	if !ok || shown.kind != sessionToken {
		return credential{}, unauthorized()
	}
	shown.cookie = true
	return shown, nil
}

// onlyBasic reports whether Authorization holds nothing of PiCloud's: it is
// absent, or what a browser sends to a proxy in front that has its own password.
func onlyBasic(authorization []string) bool {
	if len(authorization) != 1 {
		return len(authorization) == 0
	}
	scheme, _, _ := strings.Cut(authorization[0], " ")
	return strings.EqualFold(scheme, "basic")
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
		return credential{kind: sessionToken, token: token}, len(token) == len(sessionTokenPrefix)+sessionTokenLength
	case strings.HasPrefix(token, apiKeyPrefix):
		return credential{kind: apiKeyToken, token: token}, wellFormedKey(token)
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

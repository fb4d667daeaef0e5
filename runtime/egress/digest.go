package egress

import (
	"crypto/md5" // #nosec: RFC 7616 keeps MD5 for devices that know nothing else
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// Credentials are a user name and a password for the first origin of a call.
type Credentials struct {
	User, Password string
	Digest         bool // answer a challenge (RFC 7616) instead of sending the password
}

func (c *Credentials) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password))
}

// challenge is one "WWW-Authenticate: Digest" of a server.
type challenge struct {
	realm, nonce, opaque string
	algorithm            string // as the server wrote it; "" means MD5
	hash                 func() hash.Hash
	session              bool // the algorithm ends in -sess
	qop                  bool // "auth" is offered; without, the form of RFC 2069
}

// strongestChallenge picks SHA-256 before MD5 among the challenges that can be
// answered (RFC 7616, 3.7).
func strongestChallenge(headers []string) (challenge, bool) {
	var best challenge
	found := false
	for _, header := range headers {
		for _, fields := range digestChallenges(header) {
			each, ok := newChallenge(fields)
			if ok && (!found || strength(each) > strength(best)) {
				best, found = each, true
			}
		}
	}
	return best, found
}

func strength(c challenge) int { return c.hash().Size() }

func newChallenge(fields map[string]string) (challenge, bool) {
	c := challenge{realm: fields["realm"], nonce: fields["nonce"], opaque: fields["opaque"], algorithm: fields["algorithm"]}
	name, session := strings.CutSuffix(strings.ToUpper(c.algorithm), "-SESS")
	c.session = session
	switch name {
	case "", "MD5":
		c.hash = md5.New
	case "SHA-256":
		c.hash = sha256.New
	default:
		return c, false
	}
	offered, asked := fields["qop"]
	c.qop = slices.ContainsFunc(strings.Split(offered, ","), func(each string) bool { return strings.TrimSpace(each) == "auth" })
	return c, c.nonce != "" && (c.qop || !asked)
}

// answer is the value of Authorization for a request.
func (c challenge) answer(credentials *Credentials, method, uri, clientNonce string) string {
	secret := c.sum(credentials.User, c.realm, credentials.Password)
	if c.session {
		secret = c.sum(secret, c.nonce, clientNonce)
	}
	request := c.sum(method, uri)
	response := c.sum(secret, c.nonce, request)
	if c.qop {
		response = c.sum(secret, c.nonce, "00000001", clientNonce, "auth", request)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Digest username=%s, realm=%s, nonce=%s, uri=%s, response=%s",
		quoted(credentials.User), quoted(c.realm), quoted(c.nonce), quoted(uri), quoted(response))
	if c.algorithm != "" {
		b.WriteString(", algorithm=" + c.algorithm)
	}
	if c.qop {
		fmt.Fprintf(&b, ", qop=auth, nc=00000001, cnonce=%s", quoted(clientNonce))
	}
	if c.opaque != "" {
		b.WriteString(", opaque=" + quoted(c.opaque))
	}
	return b.String()
}

// sum is the hash, in hex, of the parts with colons between them.
func (c challenge) sum(parts ...string) string {
	h := c.hash()
	h.Write([]byte(strings.Join(parts, ":"))) // a hash's Write never fails
	return hex.EncodeToString(h.Sum(nil))
}

func newNonce() string { return rand.Text() }

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quoted(s string) string { return `"` + quoting.Replace(s) + `"` }

// digestChallenges reads a WWW-Authenticate field, which may hold several
// challenges of several schemes, and returns the parameters of each Digest one.
func digestChallenges(header string) []map[string]string {
	var all []map[string]string
	var current map[string]string
	for rest := strings.TrimLeft(header, " ,\t"); rest != ""; rest = strings.TrimLeft(rest, " ,\t") {
		word := token(rest)
		if word == "" {
			return all // not a challenge that anyone can read
		}
		after := strings.TrimLeft(rest[len(word):], " \t")
		value, isParameter := strings.CutPrefix(after, "=")
		if !isParameter {
			current = nil
			if strings.EqualFold(word, "digest") {
				current = map[string]string{}
				all = append(all, current)
			}
			rest = after
			continue
		}
		text, left := parameterValue(strings.TrimLeft(value, " \t"))
		if current != nil {
			current[strings.ToLower(word)] = text
		}
		rest = left
	}
	return all
}

// token is the word at the beginning of s (RFC 9110, 5.6.2), or "".
func token(s string) string {
	for i, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return s[:i]
		}
	}
	return s
}

// parameterValue reads a word or a quoted string and returns what follows it.
func parameterValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			return s, ""
		}
		return s[:end], s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

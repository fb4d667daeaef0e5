package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// The prefixes of Standard Webhooks' secrets, and of the headers: Svix's are
// the older ones, which its senders still use.
const (
	secretPrefix    = "whsec_"
	publicKeyPrefix = "whpk_"
)

var standardHeaders = []string{"Webhook-", "Svix-"}

// standard is Standard Webhooks 1.0: an HMAC (v1) or an Ed25519 signature
// (v1a) over id, dot, time, dot and body. Of the signatures, separated by
// spaces, one has to fit.
func (d *Definition) standard() (*Scheme, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	window, err := d.tolerance()
	return &Scheme{window: window, check: verifyStandard}, err
}

func verifyStandard(m *Message, secret string) (signed signedTime, failure Result) {
	family := standardHeaders[0]
	if _, named := m.Header[family+"Id"]; !named && m.Header["Svix-Id"] != nil {
		family = "Svix-"
	}
	id, failure := m.one(family + "Id")
	if failure.Reason != "" {
		return signed, failure
	}
	timestamp, failure := m.one(family + "Timestamp")
	if failure.Reason != "" {
		return signed, failure
	}
	if signed, failure = unixTime(family+"Timestamp", timestamp); failure.Reason != "" {
		return signed, failure
	}
	given, failure := m.one(family + "Signature")
	if failure.Reason != "" {
		return signed, failure
	}
	version, fits, failure := standardKey(secret)
	if failure.Reason != "" {
		return signed, failure
	}
	content := append([]byte(id+"."+timestamp+"."), m.Body...)
	signatures := strings.Fields(given)
	for _, each := range signatures[:min(len(signatures), maxSignatures)] {
		if encoded, ok := strings.CutPrefix(each, version+","); ok {
			if signature, err := decodeBase64(encoded); err == nil && fits(content, signature) {
				return signed, Result{}
			}
		}
	}
	return signed, bad("no %s signature in %sSignature fits", version, family)
}

// standardKey reads a secret, "whsec_" and base64, or a public key, "whpk_" and
// base64. Without a prefix it is a secret.
func standardKey(secret string) (version string, fits func(content, signature []byte) bool, failure Result) {
	if encoded, ok := strings.CutPrefix(secret, publicKeyPrefix); ok {
		key, err := decodeBase64(encoded)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return "", nil, bad("the secret is no Ed25519 public key: whpk_ and the base64 of %d bytes", ed25519.PublicKeySize)
		}
		return "v1a", func(content, signature []byte) bool { return ed25519.Verify(key, content, signature) }, Result{}
	}
	key, err := decodeKey(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) == 0 {
		return "", nil, bad("the secret is no Standard Webhooks secret: whsec_ and base64")
	}
	return "v1", func(content, signature []byte) bool {
		mac := hmac.New(sha256.New, key)
		mac.Write(content)
		return hmac.Equal(signature, mac.Sum(nil))
	}, Result{}
}

// decodeKey takes base64 with and without its padding: people copy both.
func decodeKey(encoded string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
}

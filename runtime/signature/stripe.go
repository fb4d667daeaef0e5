package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxSignatures bounds the work that one header can ask for. Senders give two
// while a secret changes.
const maxSignatures = 16

// stripe is "t=SECONDS,v1=HEX,v1=HEX": an HMAC over time, dot and body, with
// more than one signature while the secret changes.
func (d *Definition) stripe() (*Scheme, error) {
	if err := d.check("header"); err != nil {
		return nil, err
	}
	header := "Stripe-Signature"
	if d.Header != "" {
		header = d.Header
	}
	window, err := d.tolerance()
	return &Scheme{window: window, check: func(m *Message, secret string) (signedTime, Result) {
		return verifyStripe(m, header, secret)
	}}, err
}

func verifyStripe(m *Message, header, secret string) (signed signedTime, failure Result) {
	given, failure := m.one(header)
	if failure.Reason != "" {
		return signed, failure
	}
	timestamp, signatures := stripeFields(given)
	if signed, failure = unixTime(header, timestamp); failure.Reason != "" {
		return signed, failure
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(m.Body)
	want := mac.Sum(nil)
	for _, encoded := range signatures[:min(len(signatures), maxSignatures)] {
		if signature, err := hex.DecodeString(encoded); err == nil && hmac.Equal(signature, want) {
			return signed, Result{}
		}
	}
	return signed, bad("no v1 signature in %s fits", header)
}

// stripeFields reads the header; a time that comes twice is no time.
func stripeFields(given string) (timestamp string, signatures []string) {
	times := 0
	for field := range strings.SplitSeq(given, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "t":
			timestamp = value
			times++
		case "v1":
			signatures = append(signatures, value)
		}
	}
	if times != 1 {
		timestamp = ""
	}
	return timestamp, signatures
}

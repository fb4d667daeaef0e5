package signature

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
)

// What a part of a template stands for.
const (
	fieldNone = iota
	fieldBody
	fieldTimestamp
	fieldID
)

// part is a piece of what is signed: literal text, or a field of the message.
type part struct {
	text  string
	field int
}

var bodyOnly = []part{{field: fieldBody}}

// keyed is a signature of one header that is an HMAC over a template: six
// senders' schemes are this with other words.
type keyed struct {
	header, timestampHeader, idHeader string
	prefix                            string
	newHash                           func() hash.Hash // sha256 when nil
	decode                            func(string) ([]byte, error)
	parts                             []part
}

func decodeBase64(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

// keyed makes a scheme of k. Its header may be another than usual.
func (d *Definition) keyed(k keyed) (*Scheme, error) {
	if err := d.check("header"); err != nil {
		return nil, err
	}
	if d.Header != "" {
		k.header = d.Header
	}
	return d.keyedScheme(k)
}

func (d *Definition) keyedScheme(k keyed) (*Scheme, error) {
	if k.newHash == nil {
		k.newHash = sha256.New
	}
	if k.decode == nil {
		k.decode = hex.DecodeString
	}
	s := &Scheme{check: k.verify}
	if k.timestampHeader == "" {
		return s, d.timeless()
	}
	var err error
	s.window, err = d.tolerance()
	return s, err
}

// generic is provider hmac: every word of the scheme is the definition's own.
func (d *Definition) generic() (*Scheme, error) {
	if err := d.check("header", "algorithm", "prefix", "encoding", "template", "timestamp_header", "id_header"); err != nil {
		return nil, err
	}
	if d.Header == "" {
		return nil, invalid("header", "hmac needs the header in which the signature stands")
	}
	k := keyed{header: d.Header, prefix: d.Prefix, timestampHeader: d.TimestampHeader, idHeader: d.IDHeader}
	switch d.Algorithm {
	case "", "sha256":
	case "sha1":
		k.newHash = sha1.New
	case "sha512":
		k.newHash = sha512.New
	default:
		return nil, known("algorithm", d.Algorithm, "sha256", "sha1", "sha512")
	}
	switch d.Encoding {
	case "", "hex":
	case "base64":
		k.decode = decodeBase64
	default:
		return nil, known("encoding", d.Encoding, "hex", "base64")
	}
	var err error
	if k.parts, err = d.parts(); err != nil {
		return nil, err
	}
	return d.keyedScheme(k)
}

// parts reads the template. A field that is signed needs its header, and a
// header that is not signed proves nothing.
func (d *Definition) parts() ([]part, error) {
	template := d.Template
	if template == "" {
		template = "{body}"
	}
	fields := map[string]int{"{body}": fieldBody, "{timestamp}": fieldTimestamp, "{id}": fieldID}
	var parts []part
	seen := map[int]bool{}
	for template != "" {
		text, rest, found := strings.Cut(template, "{")
		if text != "" {
			parts = append(parts, part{text: text})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		field := fields["{"+name+"}"]
		if !closed || field == fieldNone || seen[field] {
			return nil, invalid("template", "the template holds {body}, {timestamp} and {id}, each at most once")
		}
		seen[field] = true
		parts = append(parts, part{field: field})
		template = after
	}
	switch {
	case !seen[fieldBody]:
		return nil, invalid("template", "the template must hold {body}: nothing else says what was sent")
	case seen[fieldTimestamp] != (d.TimestampHeader != ""):
		return nil, invalid("timestamp_header", "{timestamp} in the template and timestamp_header go together")
	case seen[fieldID] != (d.IDHeader != ""):
		return nil, invalid("id_header", "{id} in the template and id_header go together")
	}
	return parts, nil
}

func (k keyed) verify(m *Message, secret string) (signed signedTime, failure Result) {
	given, failure := m.one(k.header)
	if failure.Reason != "" {
		return signed, failure
	}
	var timestamp, id string
	if k.timestampHeader != "" {
		if timestamp, failure = m.one(k.timestampHeader); failure.Reason != "" {
			return signed, failure
		}
		if signed, failure = unixTime(k.timestampHeader, timestamp); failure.Reason != "" {
			return signed, failure
		}
	}
	if k.idHeader != "" {
		if id, failure = m.one(k.idHeader); failure.Reason != "" {
			return signed, failure
		}
	}
	encoded, ok := strings.CutPrefix(given, k.prefix)
	if !ok {
		return signed, bad("the header %s does not begin with %q", k.header, k.prefix)
	}
	signature, err := k.decode(encoded)
	if err != nil {
		return signed, bad("the header %s cannot be read", k.header)
	}
	if !hmac.Equal(signature, k.sum(secret, timestamp, id, m.Body)) {
		return signed, bad("the signature in %s does not fit", k.header)
	}
	return signed, Result{}
}

func (k keyed) sum(secret, timestamp, id string, body []byte) []byte {
	mac := hmac.New(k.newHash, []byte(secret))
	for _, p := range k.parts {
		switch p.field {
		case fieldBody:
			mac.Write(body)
		case fieldTimestamp:
			mac.Write([]byte(timestamp))
		case fieldID:
			mac.Write([]byte(id))
		default:
			mac.Write([]byte(p.text))
		}
	}
	return mac.Sum(nil)
}

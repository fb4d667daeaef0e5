package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"
)

// token is a secret that the sender repeats as it is, for devices and bots
// that can do nothing else. Telegram's is one with a header of its own.
func (d *Definition) token() (*Scheme, error) {
	uses, where := "in", d.In
	if d.Provider == Telegram {
		uses, where = "header", "header:X-Telegram-Bot-Api-Secret-Token"
		if d.Header != "" {
			where = "header:" + d.Header
		}
	}
	if err := d.check(uses); err != nil {
		return nil, err
	}
	if err := d.timeless(); err != nil {
		return nil, err
	}
	if where == "" {
		where = "header:Authorization"
	}
	find, err := Locate("in", where)
	if err != nil {
		return nil, err
	}
	return &Scheme{check: func(m *Message, secret string) (signedTime, Result) {
		given, found := find(m)
		if !found {
			return signedTime{}, bad("there is no token in %s", where)
		}
		if !sameText(given, secret) {
			return signedTime{}, bad("the token in %s is not the right one", where)
		}
		return signedTime{}, Result{}
	}}, nil
}

// basic is a user name and a password (RFC 7617); the secret is "user:password".
func (d *Definition) basic() (*Scheme, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := d.timeless(); err != nil {
		return nil, err
	}
	return &Scheme{check: func(m *Message, secret string) (signedTime, Result) {
		given, failure := m.one("Authorization")
		if failure.Reason != "" {
			return signedTime{}, failure
		}
		scheme, encoded, _ := strings.Cut(given, " ")
		pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if !strings.EqualFold(scheme, "Basic") || err != nil {
			return signedTime{}, bad("the header Authorization has no Basic credentials")
		}
		if !sameText(string(pair), secret) {
			return signedTime{}, bad("the user name or the password is not the right one")
		}
		return signedTime{}, Result{}
	}}, nil
}

// sameText compares in a time that depends on neither text's content nor on
// where they differ.
func sameText(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Locate returns the function that finds the text which where names:
// "header:X", "query:key" or "form:PASSKEY". Of repeated names in a query or
// form the last counts, as in ctx.request; a repeated header does not. Of
// Authorization it takes what stands behind "Bearer". Its error is an *Error
// for field.
func Locate(field, where string) (func(*Message) (string, bool), error) {
	place, name, found := strings.Cut(where, ":")
	if !found || name == "" || len(where) > maxText {
		return nil, wrongPlace(field)
	}
	switch place {
	case "header":
		if !isHeaderName(name) {
			return nil, wrongPlace(field)
		}
		return func(m *Message) (string, bool) {
			value, failure := m.one(name)
			if strings.EqualFold(name, "Authorization") {
				value = withoutBearer(value)
			}
			return value, failure.Reason == "" && value != ""
		}, nil
	case "query":
		return func(m *Message) (string, bool) { return lastPair(m.Query, name) }, nil
	case "form":
		return func(m *Message) (string, bool) {
			return lastPair(strings.TrimRight(string(m.Body), "\r\n"), name)
		}, nil
	}
	return nil, wrongPlace(field)
}

func wrongPlace(field string) error {
	return invalid(field, `%s is "header:NAME", "query:NAME" or "form:NAME"`, field)
}

func withoutBearer(value string) string {
	if scheme, rest, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return value
}

// lastPair returns the last value of a name in a query or form. A malformed
// escape is no value.
func lastPair(encoded, wanted string) (value string, found bool) {
	for pair := range strings.SplitSeq(encoded, "&") {
		name, raw, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err != nil || decoded != wanted {
			continue
		}
		decoded, err := url.QueryUnescape(raw)
		value, found = decoded, err == nil && decoded != ""
	}
	return value, found
}

package signature_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"strings"
	"testing"
	"time"

	"picloud/runtime/signature"
)

// signed is a message that its scheme accepts at the time at.
type signed struct {
	name       string
	definition signature.Definition
	secret     string
	at         int64
	header     map[string]string
	query      string
	body       string
}

func (s signed) message() *signature.Message {
	m := &signature.Message{Header: http.Header{}, Query: s.query, Body: []byte(s.body)}
	for name, value := range s.header {
		m.Header.Set(name, value)
	}
	return m
}

func sum(newHash func() hash.Hash, secret, content string) []byte {
	mac := hmac.New(newHash, []byte(secret))
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

func sha256Hex(secret, content string) string {
	return hex.EncodeToString(sum(sha256.New, secret, content))
}

// The seed of the v1a vector in Standard Webhooks' own tests, and its public half.
var standardPublic = "whpk_" + base64.StdEncoding.EncodeToString(
	ed25519.NewKeyFromSeed([]byte("TESTSIGNINGKEYDONOTUSETHISFORANY")).Public().(ed25519.PublicKey))

const (
	standardID   = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	standardBody = `{"test": 2432232314}`
	slackBody    = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

// messages holds one message for each scheme. Those of GitHub, Slack and
// Standard Webhooks are the vectors that these publish; the others have no
// published one and are computed here from the scheme's description.
func messages() []signed {
	return []signed{
		{name: "github", definition: signature.Definition{Provider: "github"}, secret: "It's a Secret to Everybody", body: "Hello, World!",
			header: map[string]string{"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		{name: "slack", definition: signature.Definition{Provider: "slack"}, secret: "8f742231b10e8888abcd99yyyzzz85a5", at: 1531420618, body: slackBody,
			header: map[string]string{"X-Slack-Request-Timestamp": "1531420618",
				"X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}},
		{name: "standard v1", definition: signature.Definition{Provider: "standard"}, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at: 1614265330, body: standardBody,
			header: map[string]string{"webhook-id": standardID, "webhook-timestamp": "1614265330",
				"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
		{name: "standard v1a", definition: signature.Definition{Provider: "standard"}, secret: standardPublic, at: 1614265330, body: standardBody,
			header: map[string]string{"webhook-id": standardID, "webhook-timestamp": "1614265330",
				"webhook-signature": "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="}},
		{name: "standard by svix", definition: signature.Definition{Provider: "standard"}, secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at: 1614265330, body: standardBody,
			header: map[string]string{"svix-id": standardID, "svix-timestamp": "1614265330",
				"svix-signature": "v1,AAAA v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
		{name: "stripe", definition: signature.Definition{Provider: "stripe"}, secret: "whsec_test", at: 1492774577, body: `{"id":"evt_1"}`,
			header: map[string]string{"Stripe-Signature": "t=1492774577,v0=11,v1=00, v1=" + sha256Hex("whsec_test", `1492774577.{"id":"evt_1"}`)}},
		{name: "shopify", definition: signature.Definition{Provider: "shopify"}, secret: "hush", body: `{"id":1}`,
			header: map[string]string{"X-Shopify-Hmac-SHA256": base64.StdEncoding.EncodeToString(sum(sha256.New, "hush", `{"id":1}`))}},
		{name: "telegram", definition: signature.Definition{Provider: "telegram"}, secret: "S3cret_token-1", body: `{"update_id":1}`,
			header: map[string]string{"X-Telegram-Bot-Api-Secret-Token": "S3cret_token-1"}},
		{name: "hmac", definition: signature.Definition{Provider: "hmac", Header: "X-Signature"}, secret: "k", body: "payload",
			header: map[string]string{"x-signature": sha256Hex("k", "payload")}},
		{name: "hmac with everything", secret: "k", at: 1700000000, body: "payload",
			definition: signature.Definition{Provider: "hmac", Header: "X-Sig", Algorithm: "sha512", Encoding: "base64", Prefix: "s=", Tolerance: 60,
				Template: "{id}~{timestamp}~{body}", TimestampHeader: "X-Time", IDHeader: "X-Id"},
			header: map[string]string{"X-Time": "1700000000000", "X-Id": "7",
				"X-Sig": "s=" + base64.StdEncoding.EncodeToString(sum(sha512.New, "k", "7~1700000000000~payload"))}},
		{name: "hmac sha1", definition: signature.Definition{Provider: "hmac", Header: "X-Hub-Signature", Algorithm: "sha1", Prefix: "sha1="}, secret: "k", body: "payload",
			header: map[string]string{"X-Hub-Signature": "sha1=" + hex.EncodeToString(sum(sha1.New, "k", "payload"))}},
		{name: "github by another header", definition: signature.Definition{Provider: "github", Header: "X-Gitea-Signature-256"}, secret: "k", body: "payload",
			header: map[string]string{"x-gitea-signature-256": "sha256=" + sha256Hex("k", "payload")}},
		{name: "token", definition: signature.Definition{Provider: "token"}, secret: "let-me-in", header: map[string]string{"Authorization": "bearer let-me-in"}},
		{name: "bare token", definition: signature.Definition{Provider: "token"}, secret: "let-me-in", header: map[string]string{"Authorization": "let-me-in"}},
		{name: "token in a header", definition: signature.Definition{Provider: "token", In: "header:X-Key"}, secret: "let-me-in", header: map[string]string{"x-key": "let-me-in"}},
		{name: "token in the query", definition: signature.Definition{Provider: "token", In: "query:key"}, secret: "let me=in", query: "key=no&a=1&key=let+me%3Din"},
		{name: "token in the form", definition: signature.Definition{Provider: "token", In: "form:PASSKEY"}, secret: "A1B2", body: "stationtype=GW1000&PASSKEY=A1B2\r\n"},
		{name: "basic", definition: signature.Definition{Provider: "basic"}, secret: "ada:pass:word", header: map[string]string{"Authorization": "basic YWRhOnBhc3M6d29yZA=="}},
	}
}

func compile(t *testing.T, d signature.Definition) *signature.Scheme {
	t.Helper()
	scheme, err := signature.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return scheme
}

func want(t *testing.T, what string, got signature.Result, verdict signature.Verdict) {
	t.Helper()
	if got.Verdict != verdict || (got.Reason == "") != (verdict == signature.Good) {
		t.Errorf("%s: verdict %d (%s), want %d", what, got.Verdict, got.Reason, verdict)
	}
}

func TestMessagesAsTheirSendersSignThem(t *testing.T) {
	t.Parallel()
	for _, s := range messages() {
		want(t, s.name, compile(t, s.definition).Verify(s.message(), s.secret, time.Unix(s.at, 0)), signature.Good)
	}
}

func TestTampered(t *testing.T) {
	t.Parallel()
	for _, s := range messages() {
		scheme, now := compile(t, s.definition), time.Unix(s.at, 0)
		verify := func(what, secret string, change func(*signature.Message)) {
			m := s.message()
			change(m)
			want(t, s.name+", "+what, scheme.Verify(m, secret, now), signature.Bad)
		}
		nothing := func(*signature.Message) {}
		verify("no secret", "", nothing)
		verify("everything missing", s.secret, func(m *signature.Message) { *m = signature.Message{Header: http.Header{}} })
		if !strings.HasPrefix(s.secret, "whpk_") {
			verify("a longer secret", s.secret+"BBBB", nothing)
			verify("another secret", strings.ToUpper(s.secret)+"x", nothing)
		}
		for name := range s.header {
			verify("without "+name, s.secret, func(m *signature.Message) { m.Header.Del(name) })
			verify("empty "+name, s.secret, func(m *signature.Message) { m.Header.Set(name, "") })
			verify("twice "+name, s.secret, func(m *signature.Message) { m.Header.Add(name, m.Header.Get(name)) })
			verify("a letter more in "+name, s.secret, func(m *signature.Message) { m.Header.Set(name, m.Header.Get(name)+"x") })
		}
		if s.definition.Provider == "telegram" || s.definition.Provider == "token" || s.definition.Provider == "basic" {
			continue // nothing is signed
		}
		for i := range s.body {
			verify("one bit of the body", s.secret, func(m *signature.Message) { m.Body[i] ^= 1 })
		}
		verify("a byte more", s.secret, func(m *signature.Message) { m.Body = append(m.Body, '\n') })
		verify("no body", s.secret, func(m *signature.Message) { m.Body = nil })
	}
}

func TestTimeWindow(t *testing.T) {
	t.Parallel()
	for _, s := range messages() {
		if s.at == 0 {
			continue
		}
		window := s.definition.Tolerance
		if window == 0 {
			window = signature.DefaultTolerance
		}
		scheme := compile(t, s.definition)
		for offset, verdict := range map[int64]signature.Verdict{
			-window: signature.Good, window: signature.Good, window + 1: signature.Stale, -window - 1: signature.Stale, 1e9: signature.Stale,
		} {
			want(t, s.name, scheme.Verify(s.message(), s.secret, time.Unix(s.at+offset, 0)), verdict)
		}
		late := s.message()
		late.Body = append(late.Body, ' ')
		want(t, s.name+" late and tampered", scheme.Verify(late, s.secret, time.Unix(s.at+1e9, 0)), signature.Bad)
	}
}

func TestTimesThatAreNone(t *testing.T) {
	t.Parallel()
	scheme := compile(t, signature.Definition{Provider: "stripe"})
	for _, timestamp := range []string{"", "-5", "+5", "1e9", "soon", "99999999999999999999"} {
		m := &signature.Message{Header: http.Header{}, Body: []byte("x")}
		m.Header.Set("Stripe-Signature", "t="+timestamp+",v1="+sha256Hex("k", timestamp+".x"))
		want(t, timestamp, scheme.Verify(m, "k", time.Unix(5, 0)), signature.Bad)
	}
	m := &signature.Message{Header: http.Header{"Stripe-Signature": {"t=5,t=5,v1=" + sha256Hex("k", "5.x")}}, Body: []byte("x")}
	want(t, "two times", scheme.Verify(m, "k", time.Unix(5, 0)), signature.Bad)
	m.Header.Set("Stripe-Signature", "t=5"+strings.Repeat(",v1=00", 16)+",v1="+sha256Hex("k", "5.x"))
	want(t, "too many signatures", scheme.Verify(m, "k", time.Unix(5, 0)), signature.Bad)
}

func TestOddKeysOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	for _, s := range messages() {
		if s.name != "standard v1" {
			continue
		}
		scheme := compile(t, s.definition)
		for _, secret := range []string{"whsec_", "whsec_!", "whpk_AAAA", "whpk_", "whsk_" + s.secret} {
			want(t, secret, scheme.Verify(s.message(), secret, time.Unix(s.at, 0)), signature.Bad)
		}
		want(t, "no prefix", scheme.Verify(s.message(), strings.TrimPrefix(s.secret, "whsec_"), time.Unix(s.at, 0)), signature.Good)
		// The other kind of signature, right or not, proves nothing under this key.
		m := s.message()
		m.Header.Set("webhook-signature", strings.Replace(m.Header.Get("webhook-signature"), "v1,", "v1a,", 1))
		want(t, "v1 as v1a", scheme.Verify(m, s.secret, time.Unix(s.at, 0)), signature.Bad)
	}
}

func TestWrongDefinitionsNameTheirField(t *testing.T) {
	t.Parallel()
	hmacWith := func(d signature.Definition) signature.Definition {
		d.Provider = "hmac"
		if d.Header == "" {
			d.Header = "X-S"
		}
		return d
	}
	for _, c := range []struct {
		definition signature.Definition
		field      string
	}{
		{signature.Definition{}, "provider"},
		{signature.Definition{Provider: "GitHub"}, "provider"},
		{signature.Definition{Provider: "github", Tolerance: 5}, "tolerance"},
		{signature.Definition{Provider: "basic", Tolerance: 5}, "tolerance"},
		{signature.Definition{Provider: "telegram", Tolerance: 5}, "tolerance"},
		{signature.Definition{Provider: "slack", Tolerance: -1}, "tolerance"},
		{signature.Definition{Provider: "stripe", Tolerance: 86_401}, "tolerance"},
		{signature.Definition{Provider: "standard", Header: "X-S"}, "header"},
		{signature.Definition{Provider: "slack", Header: "no header"}, "header"},
		{signature.Definition{Provider: "slack", Header: strings.Repeat("x", 257)}, "header"},
		{signature.Definition{Provider: "github", Algorithm: "sha1"}, "algorithm"},
		{signature.Definition{Provider: "github", In: "query:key"}, "in"},
		{signature.Definition{Provider: "token", Header: "X-Key"}, "header"},
		{signature.Definition{Provider: "token", In: "X-Key"}, "in"},
		{signature.Definition{Provider: "token", In: "cookie:x"}, "in"},
		{signature.Definition{Provider: "token", In: "header:a b"}, "in"},
		{signature.Definition{Provider: "token", In: "query:"}, "in"},
		{signature.Definition{Provider: "hmac"}, "header"},
		{hmacWith(signature.Definition{Algorithm: "md5"}), "algorithm"},
		{hmacWith(signature.Definition{Encoding: "base32"}), "encoding"},
		{hmacWith(signature.Definition{Template: "{timestamp}", TimestampHeader: "X-T"}), "template"},
		{hmacWith(signature.Definition{Template: "{body}{body}"}), "template"},
		{hmacWith(signature.Definition{Template: "{body"}), "template"},
		{hmacWith(signature.Definition{Template: "{Body}"}), "template"},
		{hmacWith(signature.Definition{Template: "{timestamp}{body}"}), "timestamp_header"},
		{hmacWith(signature.Definition{TimestampHeader: "X-T"}), "timestamp_header"},
		{hmacWith(signature.Definition{IDHeader: "X-I"}), "id_header"},
		{hmacWith(signature.Definition{Tolerance: 5}), "tolerance"},
	} {
		_, err := signature.Compile(c.definition)
		var wrong *signature.Error
		if !errors.As(err, &wrong) || wrong.Field != c.field || wrong.Message == "" {
			t.Errorf("%+v: %v, want an error about %s", c.definition, err, c.field)
		}
	}
}

// No input makes a check panic, and none without the secret is found good.
func FuzzVerify(f *testing.F) {
	var schemes []*signature.Scheme
	secret := map[int]string{}
	for i, s := range messages() {
		scheme, err := signature.Compile(s.definition)
		if err != nil {
			f.Fatal(err)
		}
		schemes, secret[i] = append(schemes, scheme), s.secret
		var first, second, third string
		for _, value := range s.header {
			first, second, third = value, first, second
		}
		f.Add(byte(i), first, second, third, s.query, []byte(s.body))
	}
	names := []string{"X-Hub-Signature-256", "X-Slack-Signature", "X-Slack-Request-Timestamp", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature",
		"Stripe-Signature", "X-Shopify-Hmac-Sha256", "X-Telegram-Bot-Api-Secret-Token", "X-Signature", "X-Sig", "X-Time", "X-Id", "Authorization", "X-Key"}
	f.Fuzz(func(t *testing.T, which byte, first, second, third, query string, body []byte) {
		i := int(which) % len(schemes)
		m := &signature.Message{Header: http.Header{}, Query: query, Body: body}
		for j, name := range names {
			m.Header[name] = []string{[]string{first, second, third}[j%3]}
		}
		strange := secret[i] + "-which nobody has"
		if got := schemes[i].Verify(m, strange, time.Unix(0, 0)); got.Verdict == signature.Good {
			t.Fatalf("%+v is good under a secret that nobody has", m)
		}
	})
}

func BenchmarkVerifyGitHub(b *testing.B) {
	s := messages()[0]
	scheme, err := signature.Compile(s.definition)
	if err != nil {
		b.Fatal(err)
	}
	m := s.message()
	b.ReportAllocs()
	for b.Loop() {
		if scheme.Verify(m, s.secret, time.Time{}).Verdict != signature.Good {
			b.Fatal("not good")
		}
	}
}

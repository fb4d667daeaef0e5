package http

import (
	"encoding/json"
	"errors"

	"picloud/runtime/signature"
	"picloud/store"
)

// verifyBody, dedupeBody and rateLimitBody are the guards of a route as they
// are sent. A number that is left out has its default.
type verifyBody struct {
	Provider        string `json:"provider" jsonschema:"required"` // whose scheme the sender follows
	Secret          string `json:"secret" jsonschema:"required"`   // the name of one of the app's secrets
	ToleranceS      *int64 `json:"tolerance_s"`                    // how old a signed request may be, 1 to 86,400 seconds; 300 when null
	Header          string `json:"header"`                         // where the signature stands, when not where the provider puts it; hmac needs it
	In              string `json:"in"`                             // for token: header:NAME, query:NAME or form:NAME; header:Authorization when left out
	Algorithm       string `json:"algorithm"`                      // for hmac: sha256 (when left out), sha1 or sha512
	Prefix          string `json:"prefix"`                         // for hmac: what stands before the signature
	Encoding        string `json:"encoding"`                       // for hmac: hex (when left out) or base64
	Template        string `json:"template"`                       // for hmac: what is signed, with {body}, {timestamp} and {id}; {body} when left out
	TimestampHeader string `json:"timestamp_header"`               // for hmac: the header with the time of sending
	IDHeader        string `json:"id_header"`                      // for hmac: the header with the id
}

type dedupeBody struct {
	From string `json:"from" jsonschema:"required"` // where the delivery's id stands: header:NAME, query:NAME, form:NAME or body:PATH
	TTLS *int64 `json:"ttl_s"`                      // how long an id is remembered, 1 to 2,592,000 seconds; 86,400 when null
}

type rateLimitBody struct {
	PerMinute *int64 `json:"per_minute" jsonschema:"required"` // 1 to 100,000 requests
	Burst     *int64 `json:"burst"`                            // how many may come at once, 1 to 100,000; per_minute when null
	Key       string `json:"key"`                              // counted for each address (ip, when left out) or in all (route)
}

// Bounds and defaults of the guards' numbers.
const (
	defaultDedupeTTL = 24 * 60 * 60
	maxDedupeTTL     = 30 * 24 * 60 * 60
	maxPerMinute     = 100_000

	limitPerAddress = "ip"
	limitPerRoute   = "route"
)

// changeGuards puts the guards that a PATCH of a route names into change; null
// takes a guard away.
func (b *routeChange) changeGuards(change *store.RouteChange) error {
	if err := changeGuard(b.Verify, "verify", &change.Verify, checkedVerification); err != nil {
		return err
	}
	if err := changeGuard(b.Dedupe, "dedupe", &change.Dedupe, checkedDeduplication); err != nil {
		return err
	}
	return changeGuard(b.RateLimit, "rate_limit", &change.RateLimit, checkedRateLimit)
}

func changeGuard[B, G any](raw json.RawMessage, field string, target ***G, check func(*B) (*G, error)) error {
	switch {
	case raw == nil:
		return nil
	case string(raw) == "null":
		*target = new(*G)
		return nil
	}
	var body B
	if err := decodeStrict(raw, field+".", &body); err != nil {
		return err
	}
	guard, err := check(&body)
	*target = &guard
	return err
}

// checkedGuards checks the guards of a new route and fills in their defaults.
func (b *routeDraft) checkedGuards() (guards store.RouteGuards, err error) {
	guards.LocalOnly = b.LocalOnly
	if guards.Verify, err = checkedVerification(b.Verify); err != nil {
		return guards, err
	}
	if guards.Dedupe, err = checkedDeduplication(b.Dedupe); err != nil {
		return guards, err
	}
	guards.RateLimit, err = checkedRateLimit(b.RateLimit)
	return guards, err
}

func checkedVerification(b *verifyBody) (*store.Verification, error) {
	if b == nil {
		return nil, nil
	}
	v := &store.Verification{Provider: b.Provider, Secret: b.Secret, Header: b.Header, In: b.In, Algorithm: b.Algorithm, Prefix: b.Prefix,
		Encoding: b.Encoding, Template: b.Template, TimestampHeader: b.TimestampHeader, IDHeader: b.IDHeader}
	if b.ToleranceS != nil {
		if v.ToleranceS = *b.ToleranceS; v.ToleranceS == 0 {
			v.ToleranceS = -1 // as wrong as any other below 1
		}
	}
	if _, err := schemeOf(v); err != nil {
		return nil, err
	}
	if v.Secret == "" {
		return nil, invalidField("verify.secret", "verify.secret is the name of one of the app's secrets")
	}
	return v, nil
}

// schemeOf makes the check of a verification ready; its error names the field.
func schemeOf(v *store.Verification) (*signature.Scheme, error) {
	scheme, err := signature.Compile(signature.Definition{
		Provider: v.Provider, Tolerance: v.ToleranceS, Header: v.Header, In: v.In, Algorithm: v.Algorithm, Prefix: v.Prefix,
		Encoding: v.Encoding, Template: v.Template, TimestampHeader: v.TimestampHeader, IDHeader: v.IDHeader,
	})
	var wrong *signature.Error
	if errors.As(err, &wrong) {
		field := "verify." + wrong.Field
		if wrong.Field == "tolerance" {
			field = "verify.tolerance_s"
		}
		return nil, invalidField(field, "%s", wrong.Message)
	}
	return scheme, err
}

func checkedDeduplication(b *dedupeBody) (*store.Deduplication, error) {
	if b == nil {
		return nil, nil
	}
	d := &store.Deduplication{From: b.From, TTLS: defaultDedupeTTL}
	if _, err := deliveryIDFrom(b.From); err != nil {
		return nil, err
	}
	err := boundedNumber("dedupe.ttl_s", b.TTLS, &d.TTLS, maxDedupeTTL)
	return d, err
}

func checkedRateLimit(b *rateLimitBody) (*store.RateLimit, error) {
	if b == nil {
		return nil, nil
	}
	l := &store.RateLimit{Key: b.Key}
	switch l.Key {
	case "":
		l.Key = limitPerAddress
	case limitPerAddress, limitPerRoute:
	default:
		return nil, invalidField("rate_limit.key", "rate_limit.key is ip or route")
	}
	if b.PerMinute == nil {
		return nil, invalidField("rate_limit.per_minute", "rate_limit.per_minute says how many requests a minute may bring")
	}
	if err := boundedNumber("rate_limit.per_minute", b.PerMinute, &l.PerMinute, maxPerMinute); err != nil {
		return nil, err
	}
	l.Burst = l.PerMinute
	err := boundedNumber("rate_limit.burst", b.Burst, &l.Burst, maxPerMinute)
	return l, err
}

func boundedNumber(field string, given, target *int64, most int64) error {
	if given == nil {
		return nil
	}
	if *given < 1 || *given > most {
		return invalidField(field, "%s is a whole number from 1 to %d", field, most)
	}
	*target = *given
	return nil
}

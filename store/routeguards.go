package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// RouteGuards are what a request must pass before a route's script runs (spec
// 2, "Webhook guard"; spec 8, "Guards"). What is nil or false guards nothing.
type RouteGuards struct {
	Verify    *Verification  `json:"verify"`
	Dedupe    *Deduplication `json:"dedupe"`
	LocalOnly bool           `json:"local_only"`
	RateLimit *RateLimit     `json:"rate_limit"`
}

// Verification says how a sender proves itself. Secret is the name of one of
// the app's secrets; of the rest, what is empty has the provider's own value.
type Verification struct {
	Provider        string `json:"provider"`
	Secret          string `json:"secret"`
	ToleranceS      int64  `json:"tolerance_s,omitempty"`
	Header          string `json:"header,omitempty"`
	In              string `json:"in,omitempty"`
	Algorithm       string `json:"algorithm,omitempty"`
	Prefix          string `json:"prefix,omitempty"`
	Encoding        string `json:"encoding,omitempty"`
	Template        string `json:"template,omitempty"`
	TimestampHeader string `json:"timestamp_header,omitempty"`
	IDHeader        string `json:"id_header,omitempty"`
}

// Deduplication says where a sender's id of a delivery stands, and for how
// many seconds a repeat gets the first answer.
type Deduplication struct {
	From string `json:"from"`
	TTLS int64  `json:"ttl_s"`
}

// RateLimit lets PerMinute requests through, up to Burst at once, for each
// address ("ip") or in all ("route").
type RateLimit struct {
	PerMinute int64  `json:"per_minute"`
	Burst     int64  `json:"burst"`
	Key       string `json:"key"`
}

// Guarded reports whether a request must pass anything.
func (g *RouteGuards) Guarded() bool {
	return g.Verify != nil || g.Dedupe != nil || g.LocalOnly || g.RateLimit != nil
}

// Equal reports whether both ask the same of a request.
func (g *RouteGuards) Equal(other *RouteGuards) bool {
	return same(g.Verify, other.Verify) && same(g.Dedupe, other.Dedupe) &&
		g.LocalOnly == other.LocalOnly && same(g.RateLimit, other.RateLimit)
}

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// encoded is the guards as a column has them: NULL when there are none.
func (g *RouteGuards) encoded() (any, error) {
	if !g.Guarded() {
		return nil, nil
	}
	text, err := json.Marshal(g)
	return string(text), err
}

func decodeGuards(text string) (g RouteGuards, err error) {
	if text == "" {
		return g, nil
	}
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		return g, fmt.Errorf("reading the guards of a stored route: %w", err)
	}
	return g, nil
}

// checkGuards checks that the secret which the guards need is there.
func checkGuards(t *transaction, app uuid.UUID, g RouteGuards) error {
	if g.Verify == nil {
		return nil
	}
	_, err := secret(t, app, g.Verify.Secret)
	if errors.Is(err, errNoRow) {
		failure := missingSecret(KindInvalid, g.Verify.Secret)
		failure.Message += "; save it first"
		failure.Details["field"] = "verify.secret"
		return failure
	}
	return err
}

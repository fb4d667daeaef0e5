// Package signature checks who sent a webhook: the signature schemes of the
// usual senders, Standard Webhooks, a generic HMAC, plain tokens and basic
// credentials (spec 2, "Webhook guard"; spec 8, "Guards").
//
// It is pure and imports the standard library only, so that the guard of a
// route and webhook.verify are the same code.
//
// Invariant: nothing that a sender wrote decides how long a comparison with a
// secret takes, and what cannot be read is refused.
package signature

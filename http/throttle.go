package http

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Attempts to sign in per minute. They are charged before any hashing, and
// nothing is ever locked: a bucket fills again by itself.
const (
	attemptsPerAccount = 5
	attemptsPerAddress = 20
	attemptsInAll      = 60

	// throttleEntries bounds the memory for names and addresses seen. A new name
	// enters only with an attempt that is charged, so at most attemptsInAll do in
	// a minute, and a bucket is full again long before it is pushed out.
	throttleEntries = 4096
	maxThrottleKey  = 128
)

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// refill adds what has come in since the last look; the clock may step back.
func (b *bucket) refill(now time.Time, perMinute, most float64) {
	if elapsed := now.Sub(b.at).Minutes(); elapsed > 0 {
		b.tokens = min(most, b.tokens+elapsed*perMinute)
	}
	b.at = now
}

// untilNext is how long until one token is there.
func (b *bucket) untilNext(perMinute float64) time.Duration {
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / perMinute * float64(time.Minute))
}

// throttle slows guessing: per account, per address and in all.
type throttle struct {
	now func() time.Time

	mu        sync.Mutex
	accounts  *lru.Cache[string, *bucket]
	addresses *lru.Cache[netip.Prefix, *bucket]
	all       *bucket
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{
		now:       now,
		accounts:  newBuckets[string](),
		addresses: newBuckets[netip.Prefix](),
		all:       &bucket{tokens: attemptsInAll, at: now()},
	}
}

func newBuckets[K comparable]() *lru.Cache[K, *bucket] {
	cache, err := lru.New[K, *bucket](throttleEntries)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return cache
}

// attempt charges one try for username from address. The error is
// "too_many_requests" and says when the next one may come; then nothing was
// charged.
func (t *throttle) attempt(username string, address netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.all.refill(now, attemptsInAll, attemptsInAll)
	if wait := t.all.untilNext(attemptsInAll); wait > 0 {
		return tooManyRequests(wait)
	}
	source := find(t.addresses, networkOf(address), now, attemptsPerAddress)
	if wait := source.untilNext(attemptsPerAddress); wait > 0 {
		return tooManyRequests(wait)
	}
	account := find(t.accounts, accountKey(username), now, attemptsPerAccount)
	if wait := account.untilNext(attemptsPerAccount); wait > 0 {
		return tooManyRequests(wait)
	}
	account.tokens--
	source.tokens--
	t.all.tokens--
	return nil
}

// refund gives back what a successful attempt was charged for its account and
// address, so that someone who knows the password is never slowed by it.
func (t *throttle) refund(username string, address netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	account := find(t.accounts, accountKey(username), now, attemptsPerAccount)
	account.tokens = min(attemptsPerAccount, account.tokens+1)
	source := find(t.addresses, networkOf(address), now, attemptsPerAddress)
	source.tokens = min(attemptsPerAddress, source.tokens+1)
	t.all.tokens = min(attemptsInAll, t.all.tokens+1)
}

// find returns the refilled bucket of key, a full one when it is new.
func find[K comparable](cache *lru.Cache[K, *bucket], key K, now time.Time, perMinute float64) *bucket {
	if b, ok := cache.Get(key); ok {
		b.refill(now, perMinute, perMinute)
		return b
	}
	b := &bucket{tokens: perMinute, at: now}
	cache.Add(key, b)
	return b
}

// accountKey folds case, so that spellings of one name share a bucket.
func accountKey(username string) string {
	key := strings.ToLower(username)
	return strings.Clone(key[:min(len(key), maxThrottleKey)])
}

// networkOf is what counts as one source: an IPv4 address, or the /64 that an
// IPv6 household has.
func networkOf(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address at all: one bucket for all of those
	}
	return prefix
}

package http

import (
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"picloud/store"
)

// rateLimiter is the rate limit of one route (spec 2, "Webhook guard").
type rateLimiter struct {
	perMinute, burst float64
	perAddress       bool

	mu      sync.Mutex
	buckets *lru.Cache[netip.Prefix, *bucket] // by address; one for all when the limit is the route's
}

func newRateLimiter(limit *store.RateLimit) *rateLimiter {
	return &rateLimiter{perMinute: float64(limit.PerMinute), burst: float64(limit.Burst),
		perAddress: limit.Key == limitPerAddress, buckets: newBuckets[netip.Prefix]()}
}

// take charges a request; what it returns is how long its sender must wait, 0
// when it may pass.
func (l *rateLimiter) take(address netip.Addr, now time.Time) time.Duration {
	var key netip.Prefix
	if l.perAddress {
		key = networkOf(address)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets.Get(key)
	if !known {
		b = &bucket{tokens: l.burst, at: now}
		l.buckets.Add(key, b)
	}
	b.refill(now, l.perMinute, l.burst)
	if wait := b.untilNext(l.perMinute); wait > 0 {
		return wait
	}
	b.tokens--
	return 0
}

// The records of refused requests that one route may leave: this many at once,
// then as many in an hour. A flood must not push the runs out of the log.
const (
	refusalsAtOnce  = 200
	refusalsAnHour  = 20
	minutesInAnHour = 60
)

// recordBudget counts what a route's refusals may still write.
type recordBudget struct {
	mu      sync.Mutex
	left    bucket
	skipped int // since the last record
}

func newRecordBudget(now time.Time) recordBudget {
	return recordBudget{left: bucket{tokens: refusalsAtOnce, at: now}}
}

// spend reports whether a refusal may leave a record, and how many left none
// since the last that did.
func (b *recordBudget) spend(now time.Time) (skipped int, allowed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left.refill(now, refusalsAnHour/float64(minutesInAnHour), refusalsAtOnce)
	if b.left.tokens < 1 {
		b.skipped++
		return 0, false
	}
	b.left.tokens--
	skipped, b.skipped = b.skipped, 0
	return skipped, true
}

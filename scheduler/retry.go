package scheduler

import (
	"math"
	"time"

	"picloud/store"
)

// jitter is the share by which a delay is made longer or shorter, so that
// deliveries that failed together are not tried together again.
const jitter = 0.2

// backoff returns how long to wait after the failures so far, at least one, by
// the policy and ± 20 %. random is from 0 up to, but not including, 1.
func backoff(policy store.RetryPolicy, failures int, random float64) time.Duration {
	base := float64(policy.BaseMS)
	delay := base
	switch policy.Backoff {
	case store.BackoffExponential:
		delay = base * math.Pow(2, float64(failures-1))
	case store.BackoffLinear:
		delay = base * float64(failures)
	}
	delay = min(delay, float64(policy.MaxMS))
	delay *= 1 - jitter + 2*jitter*random
	return time.Duration(delay * float64(time.Millisecond))
}

package http

import "picloud/runtime"

// latency is how long runs took, in milliseconds, the wait for a slot included:
// half of them no longer than P50, and so on.
type latency struct {
	P50 float64 `json:"p50"` // half of the runs took at most this
	P95 float64 `json:"p95"` // 95 of 100 did
	P99 float64 `json:"p99"` // 99 of 100 did
}

// latencyOf estimates from a distribution; nil when it holds nothing.
func latencyOf(d runtime.Distribution) *latency {
	total := int64(0)
	for _, n := range d.Counts {
		total += n
	}
	if total <= 0 {
		return nil
	}
	ms := func(share float64) float64 { return 1000 * quantile(d, share*float64(total)) }
	return &latency{P50: ms(0.50), P95: ms(0.95), P99: ms(0.99)}
}

// latencyBetween is latencyOf for what came to a distribution in between.
func latencyBetween(before, after runtime.Distribution) *latency {
	between := runtime.Distribution{Bounds: after.Bounds, Counts: make([]int64, len(after.Counts))}
	for i := range after.Counts {
		between.Counts[i] = after.Counts[i] - before.Counts[i]
	}
	return latencyOf(between)
}

// quantile returns the value that rank values are below, taking those between
// two bounds as spread evenly, as Prometheus does. Above the last bound there
// is nothing to tell, so it is that bound.
func quantile(d runtime.Distribution, rank float64) float64 {
	below, seen := 0.0, 0.0
	for i, bound := range d.Bounds {
		n := float64(d.Counts[i])
		if seen+n >= rank && n > 0 {
			return below + (bound-below)*(rank-seen)/n
		}
		below, seen = bound, seen+n
	}
	return below
}

package http

import "picloud/runtime"

// shares are the sizes that so many of some values do not exceed.
type shares struct {
	P50 float64 `json:"p50"` // half of them are at most this
	P95 float64 `json:"p95"` // 95 of 100 are
	P99 float64 `json:"p99"` // 99 of 100 are
}

// latencyOf estimates from a distribution of seconds how many milliseconds runs
// took, the wait for a slot included; nil when it holds nothing.
func latencyOf(d runtime.Distribution) *shares { return sharesOf(d, 1000) }

// sharesOf estimates from a distribution, in another unit.
func sharesOf(d runtime.Distribution, unit float64) *shares {
	total := int64(0)
	for _, n := range d.Counts {
		total += n
	}
	if total <= 0 {
		return nil
	}
	at := func(share float64) float64 { return unit * quantile(d, share*float64(total)) }
	return &shares{P50: at(0.50), P95: at(0.95), P99: at(0.99)}
}

// latencyBetween is latencyOf for what came to a distribution in between.
func latencyBetween(before, after runtime.Distribution) *shares {
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

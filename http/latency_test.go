package http

import (
	"testing"

	"picloud/runtime"
)

func TestQuantile(t *testing.T) {
	t.Parallel()
	d := runtime.Distribution{Bounds: []float64{0.001, 0.01, 0.1}, Counts: []int64{90, 8, 1, 1}}
	got := latencyOf(d)
	want := shares{P50: 1000 * 0.001 * 50 / 90, P95: 1000 * (0.001 + 0.009*5/8), P99: 100}
	if !close64(got.P50, want.P50) || !close64(got.P95, want.P95) || !close64(got.P99, want.P99) {
		t.Errorf("latency is %+v, want %+v", *got, want)
	}
	if above := latencyOf(runtime.Distribution{Bounds: d.Bounds, Counts: []int64{0, 0, 0, 5}}); above.P50 != 100 {
		t.Errorf("above all bounds the latency is %+v", *above)
	}
	if none := latencyBetween(d, d); none != nil {
		t.Errorf("nothing took %+v", *none)
	}
	after := runtime.Distribution{Bounds: d.Bounds, Counts: []int64{90, 18, 1, 1}}
	if between := latencyBetween(d, after); !close64(between.P50, 1000*(0.001+0.009/2)) {
		t.Errorf("in between it took %+v", *between)
	}
}

func close64(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

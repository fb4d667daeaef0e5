package routing_test

import (
	"fmt"
	"testing"

	"picloud/http/routing"
)

// manyRoutes returns n routes of all kinds in 1 + n/100 hosts.
func manyRoutes(n int) []slowRoute {
	routes := make([]slowRoute, 0, n)
	for i := range n {
		host := ""
		if i%10 == 0 {
			host = fmt.Sprintf("h%d.example.com", i%(1+n/100))
		}
		path := []string{"/exact/%d/x", "/param/%d/:id", "/prefix/%d/*", "/other/%d/:a/y"}[i%4]
		routes = append(routes, slowRoute{method: "GET", host: host, path: fmt.Sprintf(path, i)})
	}
	return routes
}

var lookups = []struct{ name, path string }{
	{"exact", "/exact/4/x"},
	{"param", "/param/1/77"},
	{"prefix", "/prefix/2/a/b"},
	{"missing", "/param/none/x"},
}

func BenchmarkLookup(b *testing.B) {
	for _, size := range []int{10, 1_000, 10_000} {
		table := makeTable(b, manyRoutes(size))
		for _, lookup := range lookups {
			b.Run(fmt.Sprintf("%s/%d", lookup.name, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					table.Lookup("GET", "pi.local:8080", lookup.path)
				}
			})
		}
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	table := makeTable(t, manyRoutes(1_000))
	for _, lookup := range lookups {
		allocations := testing.AllocsPerRun(100, func() {
			match := table.Lookup("GET", "pi.local:8080", lookup.path)
			for range match.Params() {
			}
			_ = match.Rest()
		})
		if allocations > 0 {
			t.Errorf("%s: %v allocations", lookup.name, allocations)
		}
	}
}

// TestConflictingEntries holds what NewTable promises for routes that should
// never have been saved together.
func TestConflictingEntries(t *testing.T) {
	t.Parallel()
	first, second := mustParse(t, "GET /u/:a"), mustParse(t, "GET /u/:b")
	table := routing.NewTable([]routing.Entry[string]{{Pattern: first, Value: "first"}, {Pattern: second, Value: "second"}})
	if match := table.Lookup("GET", "h", "/u/1"); match.Value != "first" {
		t.Errorf("got %q", match.Value)
	}
}

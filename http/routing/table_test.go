package routing_test

import (
	"slices"
	"strings"
	"testing"

	"picloud/http/routing"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	count := 0
	for _, group := range lookupCases {
		routes := readRoutes(group.routes)
		requests := lines(group.requests)
		count += len(requests)
		t.Run(group.name, func(t *testing.T) {
			checkNoConflicts(t, routes)
			forward := makeTable(t, routes)
			slices.Reverse(routes)
			backward := makeTable(t, routes)
			for _, line := range requests {
				checkLookup(t, line, forward, backward, routes)
			}
		})
	}
	if count < 200 {
		t.Errorf("%d cases, the bar is 200", count)
	}
}

func checkLookup(t *testing.T, line string, forward, backward *routing.Table[string], routes []slowRoute) {
	t.Helper()
	ask, want, found := strings.Cut(line, " => ")
	if !found {
		ask, want = strings.TrimSuffix(line, " =>"), ""
	}
	request := cutRoute(ask)
	for name, got := range map[string]string{
		"forward":  describe(forward.Lookup(request.method, request.host, request.path)),
		"backward": describe(backward.Lookup(request.method, request.host, request.path)),
		"slow":     slowLookup(routes, request.method, request.host, request.path),
	} {
		if got != want {
			t.Errorf("%s, %s: got %q, want %q", ask, name, got, want)
		}
	}
}

func checkNoConflicts(t *testing.T, routes []slowRoute) {
	t.Helper()
	for i, a := range routes {
		for _, b := range routes[:i] {
			if slowConflict(a, b) {
				t.Fatalf("the case's routes %s and %s conflict", a, b)
			}
		}
	}
}

func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func readRoutes(text string) []slowRoute {
	var routes []slowRoute
	for _, line := range lines(text) {
		routes = append(routes, cutRoute(line))
	}
	return routes
}

func makeTable(t testing.TB, routes []slowRoute) *routing.Table[string] {
	t.Helper()
	var entries []routing.Entry[string]
	for _, route := range routes {
		pattern, err := parseRoute(route)
		if err != nil {
			t.Fatalf("%s: %v", route, err)
		}
		entries = append(entries, routing.Entry[string]{Pattern: pattern, Value: route.String()})
	}
	return routing.NewTable(entries)
}

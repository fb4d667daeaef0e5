package routing_test

import (
	"errors"
	"strings"
	"testing"

	"picloud/http/routing"
)

func FuzzParse(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "", "/users/:id"}, {"ANY", "*.example.com", "/*"}, {"POST", "[::1]:80", "/a%2Fb"},
		{"TRACE", "a:b", "/{x}"}, {"", "*.", "/:a/:a"}, {"GET", "Pi.local.", "/%61pi"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, host, path string) {
		pattern, err := routing.Parse(routing.Definition{Method: method, Host: host, Path: path})
		if err != nil {
			var refusal *routing.Error
			if !errors.As(err, &refusal) || refusal.Message == "" {
				t.Fatalf("not a refusal: %#v", err)
			}
			return
		}
		again, err := routing.Parse(pattern.Definition)
		if err != nil || again.Definition != pattern.Definition {
			t.Fatalf("%+v does not parse again: %v", pattern.Definition, err)
		}
		if !routing.Conflicts(pattern, again) {
			t.Fatalf("%+v does not conflict with itself", pattern.Definition)
		}
		checkAnswersItself(t, pattern)
	})
}

// checkAnswersItself asks for the pattern's own path and host.
func checkAnswersItself(t *testing.T, pattern routing.Pattern) {
	table := routing.NewTable([]routing.Entry[int]{{Pattern: pattern, Value: 1}})
	host := strings.Replace(pattern.Host, "*.", "x.", 1)
	path := strings.ReplaceAll(strings.TrimSuffix(pattern.Path, "*"), ":", "%3A")
	method := pattern.Method
	if method == routing.AnyMethod {
		method = "GET"
	}
	if match := table.Lookup(method, host, path); match.Outcome != routing.Found || match.Value != 1 {
		t.Fatalf("%+v does not answer %s %s%s: %v", pattern.Definition, method, host, path, match.Outcome)
	}
}

func FuzzMatch(f *testing.F) {
	for _, group := range lookupCases {
		for _, line := range lines(group.requests) {
			ask, _, _ := strings.Cut(line, " => ")
			request := cutRoute(ask)
			f.Add(group.routes, request.method, request.host, request.path)
		}
	}
	f.Fuzz(func(t *testing.T, routeLines, method, host, path string) {
		if strings.ContainsAny(routeLines+path, "\x00") || strings.Count(host, ":")+strings.Count(host, "[") > 1 {
			return // the slow matcher marks parameters with NUL and reads plain hosts only
		}
		var kept []slowRoute
		var entries []routing.Entry[string]
		for _, route := range readRoutes(routeLines) {
			if pattern, err := parseRoute(route); err == nil && !conflictsAny(pattern, entries) {
				kept = append(kept, route)
				entries = append(entries, routing.Entry[string]{Pattern: pattern, Value: route.String()})
			}
		}
		got := describe(routing.NewTable(entries).Lookup(method, host, path))
		if want := slowLookup(kept, method, host, path); got != want {
			t.Fatalf("%s %s %s among %v: got %q, want %q", method, host, path, kept, got, want)
		}
	})
}

func conflictsAny(pattern routing.Pattern, entries []routing.Entry[string]) bool {
	for _, entry := range entries {
		if routing.Conflicts(pattern, entry.Pattern) {
			return true
		}
	}
	return false
}

package routing_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"picloud/http/routing"
)

// The alphabets are small, so that random routes and requests meet often.
var (
	someMethods  = []string{"GET", "GET", "POST", "ANY", "HEAD", "PUT", "PURGE"}
	askedMethods = []string{"GET", "GET", "GET", "POST", "HEAD", "PUT", "TRACE", "OPTIONS", "PURGE", "ODD"}
	someHosts    = []string{"", "", "", "", "", "", "a.b.c", "B.c", "*.c", "*.b.c", "*.a.b.c", "x:80"}
	askedHosts   = []string{"a.b.c", "A.B.C:80", "b.c", "b.c.", "c", "z.a.b.c", "q.c", "x", "", ".c"}
	someLiterals = []string{"a", "a", "a", "b", "b", "%61", "", "a%2Fb", "api", "%25", "é", ".."}
	askedParts   = []string{
		"a", "a", "a", "a", "a", "a", "a", "a", "b", "b", "b", "b", "b", "b",
		"%61", "%62", "", "a%2fb", "api", "%25", "%C3%A9", "..", "a:b", "%4", "c", ":x",
	}
)

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

func randomRoute(random *rand.Rand) slowRoute {
	route := slowRoute{method: pick(random, someMethods), host: pick(random, someHosts)}
	withParams := random.IntN(2) == 0
	var path strings.Builder
	for i := range 1 + random.IntN(4) {
		path.WriteByte('/')
		if withParams && random.IntN(2) == 0 {
			path.WriteString([]string{":p", ":q", ":r", ":s"}[i])
		} else {
			path.WriteString(pick(random, someLiterals))
		}
	}
	route.path = path.String()
	if !strings.Contains(route.path, "/:") && random.IntN(3) == 0 {
		route.path += "/*"
	}
	return route
}

// randomSet returns routes without a conflict, by the rule of the test, and
// checks the rule of the package against it on the way.
func randomSet(t *testing.T, random *rand.Rand) []slowRoute {
	var routes []slowRoute
	var patterns []routing.Pattern
	for range 1 + random.IntN(16) {
		route := randomRoute(random)
		pattern, err := parseRoute(route)
		if err != nil {
			continue
		}
		conflicts := false
		for i, other := range routes {
			slow, fast := slowConflict(route, other), routing.Conflicts(pattern, patterns[i])
			if slow != fast {
				t.Fatalf("%s and %s conflict: slow %v, fast %v", route, other, slow, fast)
			}
			conflicts = conflicts || slow
		}
		if !conflicts {
			routes, patterns = append(routes, route), append(patterns, pattern)
		}
	}
	return routes
}

// randomRequest is in half of the cases made from a route, so that it meets
// that one or a better one.
func randomRequest(random *rand.Rand, routes []slowRoute) slowRoute {
	request := slowRoute{method: pick(random, askedMethods), host: pick(random, askedHosts)}
	if len(routes) > 0 && random.IntN(2) == 0 {
		for segment := range strings.SplitSeq(pick(random, routes).path[1:], "/") {
			if segment == "*" || strings.HasPrefix(segment, ":") {
				segment = pick(random, askedParts)
			}
			request.path += "/" + segment
		}
		return request
	}
	for range 1 + random.IntN(4) {
		request.path += "/" + pick(random, askedParts)
	}
	return request
}

func TestRandomAgainstSlowMatcher(t *testing.T) {
	t.Parallel()
	sets, requestsEach := 40_000, 25 // a million pairs
	if testing.Short() {
		sets = 2_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	outcomes := map[string]int{}
	for range sets {
		routes := randomSet(t, random)
		forward := makeTable(t, routes)
		slices.Reverse(routes)
		backward := makeTable(t, routes)
		for range requestsEach {
			request := randomRequest(random, routes)
			want := slowLookup(routes, request.method, request.host, request.path)
			one := describe(forward.Lookup(request.method, request.host, request.path))
			two := describe(backward.Lookup(request.method, request.host, request.path))
			if one != want || two != want {
				t.Fatalf("seed %d: %s among %v: forward %q, backward %q, slow %q", seed, request, routes, one, two, want)
			}
			outcomes[strings.Fields(want)[0]]++
		}
	}
	t.Logf("%d pairs: %v", sets*requestsEach, outcomes)
	for _, outcome := range []string{"GET", "POST", "HEAD", "ANY", "400", "404", "405"} {
		if outcomes[outcome] < sets*requestsEach/200 {
			t.Errorf("only %d of the pairs ended in %s: the comparison is blind there", outcomes[outcome], outcome)
		}
	}
}

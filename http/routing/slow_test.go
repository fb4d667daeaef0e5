package routing_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"picloud/http/routing"
)

// The matcher here is written straight from the spec's text, with lists and
// sorting and no regard for speed, and shares no code with the package.

type slowRoute struct {
	method, host, path string
}

func (r slowRoute) String() string { return r.method + " " + r.host + r.path }

func (r slowRoute) kind() string {
	switch {
	case strings.HasSuffix(r.path, "/*"):
		return "prefix"
	case strings.Contains(r.path, "/:"):
		return "param"
	default:
		return "exact"
	}
}

// slowSegments splits an escaped path and decodes each piece. A parameter of a
// pattern is marked by a byte that no test path contains.
func slowSegments(path string, pattern bool) ([]string, bool) {
	if !strings.HasPrefix(path, "/") {
		return nil, false
	}
	pieces := strings.Split(path, "/")[1:]
	for i, piece := range pieces {
		if pattern && strings.HasPrefix(piece, ":") {
			pieces[i] = "\x00" + piece[1:]
			continue
		}
		text, err := url.PathUnescape(piece)
		if err != nil {
			return nil, false
		}
		pieces[i] = text
	}
	return pieces, true
}

func isSlowParam(segment string) bool { return strings.HasPrefix(segment, "\x00") }

func (r slowRoute) segments() []string {
	segments, _ := slowSegments(strings.TrimSuffix(r.path, "*"), true)
	if r.kind() == "prefix" {
		segments = segments[:len(segments)-1]
	}
	return segments
}

func slowHost(host string) string {
	if i := strings.LastIndex(host, ":"); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func (r slowRoute) matchesPath(request []string) bool {
	own := r.segments()
	switch r.kind() {
	case "exact":
		return slices.Equal(own, request)
	case "prefix":
		return len(request) > len(own) && slices.Equal(own, request[:len(own)])
	}
	if len(own) != len(request) {
		return false
	}
	for i := range own {
		if isSlowParam(own[i]) {
			if request[i] == "" {
				return false
			}
		} else if own[i] != request[i] {
			return false
		}
	}
	return true
}

func (r slowRoute) servesMethod(method string) bool {
	return method != "TRACE" && (r.method == method || r.method == "ANY" || method == "HEAD" && r.method == "GET")
}

// hostRank is 0 for a host that does not match; else the greater the earlier.
func (r slowRoute) hostRank(host string) int {
	host = slowHost(host)
	switch {
	case r.host == "":
		return 1
	case strings.HasPrefix(r.host, "*."):
		suffix := slowHost(r.host[1:])
		if strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
			return 1 + len(suffix)
		}
		return 0
	case slowHost(r.host) == host:
		return 1 << 20
	default:
		return 0
	}
}

// compareSlow orders routes of one host that match one path, the better first.
func compareSlow(method string) func(a, b slowRoute) int {
	rank := func(r slowRoute) []int {
		kind := map[string]int{"exact": 0, "param": 1, "prefix": 1}[r.kind()]
		leading := 0
		for _, segment := range r.segments() {
			if isSlowParam(segment) {
				break
			}
			leading++
		}
		tie := map[string]int{"exact": 0, "param": 0, "prefix": 1}[r.kind()]
		ranks := []int{kind, -leading, tie}
		for _, segment := range r.segments() {
			if isSlowParam(segment) {
				ranks = append(ranks, 1)
			} else {
				ranks = append(ranks, 0)
			}
		}
		switch r.method {
		case method:
			return append(ranks, 0)
		case "ANY":
			return append(ranks, 2)
		default:
			return append(ranks, 1)
		}
	}
	return func(a, b slowRoute) int { return slices.Compare(rank(a), rank(b)) }
}

// slowLookup answers in the notation of the case table.
func slowLookup(routes []slowRoute, method, host, path string) string {
	request, ok := slowSegments(path, false)
	if !ok {
		return "400"
	}
	if slices.Contains([]string{"api", "admin", "healthz", "readyz", "version", "metrics"}, strings.Split(request[0], "/")[0]) {
		return "404"
	}
	best := 0
	for _, route := range routes {
		if route.matchesPath(request) {
			best = max(best, route.hostRank(host))
		}
	}
	var here []slowRoute
	for _, route := range routes {
		if best > 0 && route.hostRank(host) == best && route.matchesPath(request) {
			here = append(here, route)
		}
	}
	return slowChoose(here, request, method)
}

func slowChoose(here []slowRoute, request []string, method string) string {
	slices.SortFunc(here, compareSlow(method))
	for _, route := range here {
		if route.servesMethod(method) {
			return route.String() + slowCaptures(route, request)
		}
	}
	if len(here) == 0 && method != "TRACE" {
		return "404"
	}
	allowed := map[string]bool{}
	for _, route := range here {
		switch route.method {
		case "ANY":
			for _, known := range []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"} {
				allowed[known] = true
			}
		case "GET":
			allowed["HEAD"] = true
			fallthrough
		default:
			allowed[route.method] = true
		}
	}
	var names []string
	for name := range allowed {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.TrimSpace("405 " + strings.Join(names, ","))
}

func slowCaptures(route slowRoute, request []string) string {
	var out strings.Builder
	own := route.segments()
	for i, segment := range own {
		if isSlowParam(segment) {
			fmt.Fprintf(&out, " %s=%s", segment[1:], request[i])
		}
	}
	if route.kind() == "prefix" {
		fmt.Fprintf(&out, " rest=%s", strings.Join(request[len(own):], "/"))
	}
	return out.String()
}

// slowConflict is the conflict rule of the spec, word for word.
func slowConflict(a, b slowRoute) bool {
	sameHost := slowHost(a.host) == slowHost(b.host)
	overlap := a.method == b.method || a.method == "ANY" || b.method == "ANY"
	if !sameHost || !overlap || a.kind() != b.kind() {
		return false
	}
	left, right := a.segments(), b.segments()
	if len(left) != len(right) {
		return false
	}
	for i := range left {
		bothLiteral := !isSlowParam(left[i]) && !isSlowParam(right[i])
		if bothLiteral && left[i] != right[i] {
			return false
		}
	}
	return true
}

// ---- the package in the same notation ----

func parseRoute(r slowRoute) (routing.Pattern, error) {
	return routing.Parse(routing.Definition{Method: r.method, Host: r.host, Path: r.path})
}

func describe(match routing.Match[string]) string {
	switch match.Outcome {
	case routing.Malformed:
		return "400"
	case routing.NotFound:
		return "404"
	case routing.MethodNotAllowed:
		return strings.TrimSpace("405 " + strings.Join(match.Allow, ","))
	}
	var out strings.Builder
	out.WriteString(match.Value)
	for name, value := range match.Params() {
		fmt.Fprintf(&out, " %s=%s", name, value)
	}
	if strings.HasSuffix(match.Value, "/*") {
		fmt.Fprintf(&out, " rest=%s", match.Rest())
	}
	return out.String()
}

// cutRoute reads "METHOD host/path".
func cutRoute(line string) slowRoute {
	method, target, _ := strings.Cut(line, " ")
	host, _, found := strings.Cut(target, "/")
	if !found {
		return slowRoute{method: method, path: target}
	}
	return slowRoute{method: method, host: host, path: target[len(host):]}
}

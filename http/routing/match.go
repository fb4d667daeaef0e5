package routing

import (
	"iter"
	"slices"
	"strings"
)

// Outcome is what a lookup came to.
type Outcome int

// The outcomes of a lookup.
const (
	NotFound         Outcome = iota // no route matches the path
	Found                           // Value's route answers
	MethodNotAllowed                // routes match the path, but none the method
	Malformed                       // the path has a malformed escape, or does not start with a slash
)

// Match is the answer of a lookup.
type Match[V any] struct {
	Outcome Outcome
	Value   V        // the zero value unless Found
	Allow   []string // methods that the path has, sorted; only with MethodNotAllowed

	pattern *Pattern
	path    string // canonical
}

// Lookup finds the route for a request. host is that of the request, with or
// without a port; path is the target's path as received, escaped.
//
// The hosts are searched from the most to the least particular: strict,
// wildcards with the longer suffix first, any. The first host where a route
// matches the path ends the search: with the best route that serves the method,
// or with MethodNotAllowed when none does. HEAD is served by a GET route that
// has no HEAD route beside it. TRACE is always MethodNotAllowed.
func (t *Table[V]) Lookup(method, host, path string) Match[V] {
	path, ok := canonical(path)
	if !ok || path == "" || path[0] != '/' {
		return Match[V]{Outcome: Malformed}
	}
	if reserved(path) {
		return Match[V]{}
	}
	match := t.lookupHosts(method, host, path)
	if match.Outcome == NotFound && method == "TRACE" {
		match.Outcome = MethodNotAllowed
	}
	return match
}

func (t *Table[V]) lookupHosts(method, host, path string) Match[V] {
	if len(t.strict)+len(t.wildcard) > 0 {
		host = NormalHost(host)
		if b := t.strict[host]; b != nil {
			if match := b.lookup(method, path); match.Outcome != NotFound {
				return match
			}
		}
		if match := t.lookupWildcards(method, host, path); match.Outcome != NotFound {
			return match
		}
	}
	return t.anyHost.lookup(method, path)
}

// lookupWildcards tries what follows each dot of host, so the longest suffix
// comes first. The star stands for at least one character.
func (t *Table[V]) lookupWildcards(method, host, path string) Match[V] {
	if len(t.wildcard) == 0 {
		return Match[V]{}
	}
	for dot := 1; dot < len(host); dot++ {
		if host[dot] != '.' {
			continue
		}
		if b := t.wildcard[host[dot+1:]]; b != nil {
			if match := b.lookup(method, path); match.Outcome != NotFound {
				return match
			}
		}
	}
	return Match[V]{}
}

func (b *bucket[V]) lookup(method, path string) Match[V] {
	entry := b.exact[path].serving(method)
	if entry == nil {
		entry = b.root.find(method, path, 1)
	}
	if entry != nil {
		return Match[V]{Outcome: Found, Value: entry.Value, pattern: &entry.Pattern, path: path}
	}
	allow := b.exact[path].appendMethods(nil)
	allow = b.root.appendMethods(allow, path, 1)
	if len(allow) == 0 {
		return Match[V]{}
	}
	slices.Sort(allow)
	return Match[V]{Outcome: MethodNotAllowed, Allow: slices.Compact(allow)}
}

// find returns the best route below n for the segments of path from start on;
// start past the end of path means that no segment is left.
func (n *node[V]) find(method, path string, start int) *Entry[V] {
	if start > len(path) {
		return n.end.serving(method)
	}
	part, next := segmentAt(path, start)
	if child := n.literal[part]; child != nil {
		if entry := child.find(method, path, next); entry != nil {
			return entry
		}
	}
	if n.param != nil && part != "" {
		if entry := n.param.find(method, path, next); entry != nil {
			return entry
		}
	}
	return n.prefix.serving(method)
}

// appendMethods adds the methods of all routes below n that match the path.
func (n *node[V]) appendMethods(allow []string, path string, start int) []string {
	if start > len(path) {
		return n.end.appendMethods(allow)
	}
	part, next := segmentAt(path, start)
	if child := n.literal[part]; child != nil {
		allow = child.appendMethods(allow, path, next)
	}
	if n.param != nil && part != "" {
		allow = n.param.appendMethods(allow, path, next)
	}
	return n.prefix.appendMethods(allow)
}

// segmentAt returns the segment of path that begins at start and the beginning
// of the next one: past the end of path after the last.
func segmentAt(path string, start int) (part string, next int) {
	length := strings.IndexByte(path[start:], '/')
	if length < 0 {
		return path[start:], len(path) + 1
	}
	return path[start : start+length], start + length + 1
}

// serving returns the route that answers method: its own before GET's for
// HEAD, and ANY's last.
func (l leaf[V]) serving(method string) *Entry[V] {
	if method == "TRACE" {
		return nil
	}
	var forHead, forAny *Entry[V]
	for _, entry := range l {
		switch routeMethod := entry.Pattern.Method; {
		case routeMethod == method:
			return entry
		case routeMethod == AnyMethod && forAny == nil:
			forAny = entry
		case routeMethod == "GET" && method == "HEAD" && forHead == nil:
			forHead = entry
		}
	}
	if forHead != nil {
		return forHead
	}
	return forAny
}

// appendMethods adds what Allow lists for these routes. For an ANY route, met
// only by TRACE, that is the methods that clients know.
func (l leaf[V]) appendMethods(allow []string) []string {
	for _, entry := range l {
		switch method := entry.Pattern.Method; method {
		case AnyMethod:
			allow = append(allow, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
		case "GET":
			allow = append(allow, "GET", "HEAD")
		default:
			allow = append(allow, method)
		}
	}
	return allow
}

// ParamCount returns how many parameters the route has.
func (m *Match[V]) ParamCount() int {
	if m.pattern == nil || m.pattern.PathKind != PathParam {
		return 0
	}
	count := 0
	for _, part := range m.pattern.segments {
		if part.param {
			count++
		}
	}
	return count
}

// Params yields the parameters' names and decoded values from left to right.
func (m *Match[V]) Params() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if m.ParamCount() == 0 {
			return
		}
		start := 1
		for _, part := range m.pattern.segments {
			value, next := segmentAt(m.path, start)
			if part.param && !yield(part.text, decoded(value)) {
				return
			}
			start = next
		}
	}
}

// Rest returns, decoded and without its leading slash, the part of the path
// that the /* of a prefix route stands for; "" for other routes.
func (m *Match[V]) Rest() string {
	if m.pattern == nil || m.pattern.PathKind != PathPrefix {
		return ""
	}
	start := 1
	for range m.pattern.segments {
		_, start = segmentAt(m.path, start)
	}
	return decoded(m.path[start:])
}

// LiteralSegments returns how many segments at the front of the route's path
// are literal: every request that it answers begins with the same ones.
func (m *Match[V]) LiteralSegments() int {
	if m.pattern == nil {
		return 0
	}
	for i, part := range m.pattern.segments {
		if part.param {
			return i
		}
	}
	return len(m.pattern.segments)
}

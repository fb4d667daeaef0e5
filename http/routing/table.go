package routing

import "strings"

// Entry is a route of a table: where it answers, and what stands for it.
type Entry[V any] struct {
	Pattern Pattern
	Value   V
}

// Table finds the route for a request. It never changes once made, so any
// number of goroutines may use it without a lock.
//
// Hosts and exact paths are found in maps; param and prefix routes in a tree
// of segments, so that a lookup touches only routes whose literals agree with
// the beginning of the request's path.
type Table[V any] struct {
	anyHost  *bucket[V]
	strict   map[string]*bucket[V]
	wildcard map[string]*bucket[V] // by the part behind "*."
}

// bucket holds the routes of one host.
type bucket[V any] struct {
	exact map[string]leaf[V] // by canonical path
	root  *node[V]
}

// node is a place in the segment tree. Literal children come before the
// parameter child and that before the prefix: a depth-first walk in this order
// meets the routes in the order of precedence, because everything below a
// literal child has more leading literals than all else here, and everything
// below the parameter child has exactly as many as this node's prefix. Among
// param routes the leftmost difference decides, a literal before a parameter.
type node[V any] struct {
	literal map[string]*node[V]
	param   *node[V]
	end     leaf[V] // param routes whose last segment leads here
	prefix  leaf[V] // prefix routes of exactly these segments
}

// leaf holds the routes of one path, which differ in their methods.
type leaf[V any] []*Entry[V]

// NewTable makes a table of entries. Routes that conflict are refused when
// they are saved; if two entries have one address all the same, the first wins.
func NewTable[V any](entries []Entry[V]) *Table[V] {
	table := &Table[V]{
		anyHost:  newBucket[V](),
		strict:   make(map[string]*bucket[V]),
		wildcard: make(map[string]*bucket[V]),
	}
	for i := range entries {
		entry := entries[i]
		table.bucketFor(&entry.Pattern).add(&entry)
	}
	return table
}

func newBucket[V any]() *bucket[V] {
	return &bucket[V]{exact: make(map[string]leaf[V]), root: &node[V]{}}
}

func (t *Table[V]) bucketFor(pattern *Pattern) *bucket[V] {
	hosts := t.strict
	switch pattern.HostKind {
	case HostAny:
		return t.anyHost
	case HostWildcard:
		hosts = t.wildcard
	}
	if hosts[pattern.host] == nil {
		hosts[pattern.host] = newBucket[V]()
	}
	return hosts[pattern.host]
}

func (b *bucket[V]) add(entry *Entry[V]) {
	segments := entry.Pattern.segments
	switch entry.Pattern.PathKind {
	case PathExact:
		key := exactKey(segments)
		b.exact[key] = append(b.exact[key], entry)
	case PathPrefix:
		at := b.root.descend(segments)
		at.prefix = append(at.prefix, entry)
	case PathParam:
		at := b.root.descend(segments)
		at.end = append(at.end, entry)
	}
}

func exactKey(segments []segment) string {
	var key strings.Builder
	for _, part := range segments {
		key.WriteByte('/')
		key.WriteString(part.text)
	}
	return key.String()
}

// descend returns the node that segments lead to, making what is missing.
func (n *node[V]) descend(segments []segment) *node[V] {
	for _, part := range segments {
		n = n.child(part)
	}
	return n
}

func (n *node[V]) child(part segment) *node[V] {
	if part.param {
		if n.param == nil {
			n.param = &node[V]{}
		}
		return n.param
	}
	if n.literal == nil {
		n.literal = make(map[string]*node[V])
	}
	if n.literal[part.text] == nil {
		n.literal[part.text] = &node[V]{}
	}
	return n.literal[part.text]
}

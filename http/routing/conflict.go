package routing

import "slices"

// Conflicts reports whether a and b may not both be saved (spec 2, "Routing"):
// they have the same kind and host, their methods overlap, and their paths are
//
//   - exact: the same literal;
//   - prefix: the same prefix (a longer one may coexist);
//   - param: equally long, with the same literals wherever both are literal.
//
// Two param routes that do not conflict never match one path under one method,
// a GET route that serves HEAD aside; node says which of them comes first then.
func Conflicts(a, b Pattern) bool {
	if a.HostKind != b.HostKind || a.host != b.host || a.PathKind != b.PathKind {
		return false
	}
	if a.Method != b.Method && a.Method != AnyMethod && b.Method != AnyMethod {
		return false
	}
	if a.PathKind == PathParam {
		return slices.EqualFunc(a.segments, b.segments, segmentsOverlap)
	}
	return slices.Equal(a.segments, b.segments)
}

// segmentsOverlap reports whether one segment of a request can match both.
func segmentsOverlap(a, b segment) bool {
	return a.param || b.param || a.text == b.text
}

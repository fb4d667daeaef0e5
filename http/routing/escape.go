package routing

import "strings"

// canonical returns path with its percent-escapes decoded, except those of "/"
// and "%", which stay as "%2F" and "%25". Two paths mean the same segments
// exactly when their canonical forms are equal (spec 8: segments are compared
// after decoding, and %2F does not split one). A path without escapes is
// returned as it is. It reports false for a malformed escape.
func canonical(path string) (string, bool) {
	first := strings.IndexByte(path, '%')
	if first < 0 {
		return path, true
	}
	out := make([]byte, first, len(path))
	copy(out, path)
	for i := first; i < len(path); i++ {
		if path[i] != '%' {
			out = append(out, path[i])
			continue
		}
		if i+2 >= len(path) {
			return "", false
		}
		high, low := hexDigit(path[i+1]), hexDigit(path[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		out = appendDecoded(out, byte(high<<4|low))
		i += 2
	}
	return string(out), true
}

// appendDecoded adds one decoded byte, keeping the two that would change what
// the canonical form means.
func appendDecoded(out []byte, b byte) []byte {
	switch b {
	case '/':
		return append(out, "%2F"...)
	case '%':
		return append(out, "%25"...)
	default:
		return append(out, b)
	}
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

// canonicalEscapes undoes the two escapes that canonical leaves.
var canonicalEscapes = strings.NewReplacer("%2F", "/", "%25", "%")

// decoded returns the text that a piece of a canonical path stands for.
func decoded(piece string) string {
	if strings.IndexByte(piece, '%') < 0 {
		return piece
	}
	return canonicalEscapes.Replace(piece)
}

// reserved reports whether a canonical path belongs to the platform.
func reserved(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	first, _, _ := strings.Cut(path[1:], "/")
	return reservedSegment(first)
}

// reservedSegment judges a canonical first segment. What follows an escaped
// slash does not count: a server or proxy that decodes the whole path at once
// would see a path below the reserved one.
func reservedSegment(first string) bool {
	first, _, _ = strings.Cut(first, "%2F")
	return ReservedName(first)
}

// ReservedName reports whether a path whose first segment is name, decoded and
// with regard to case, belongs to the platform (spec 2, "Routing").
func ReservedName(name string) bool {
	switch name {
	case "api", "admin", "healthz", "readyz", "version", "metrics":
		return true
	default:
		return false
	}
}

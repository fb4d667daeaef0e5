package routing

import (
	"net/netip"
	"strings"
)

// NormalHost returns a host as hosts are compared: lower case, without a port
// and without a trailing dot (spec 8, "Routing"). It does not allocate when
// there is nothing to lower.
func NormalHost(host string) string {
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			host = host[:end+1]
		}
	} else if colon := strings.IndexByte(host, ':'); colon >= 0 {
		host = host[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// parseHost finds the kind of a host and the form that it is compared in: of
// a wildcard the part behind "*.".
func parseHost(host string) (kind, compared string, err error) {
	if host == "" {
		return HostAny, "", nil
	}
	name, wildcard := strings.CutPrefix(host, "*.")
	kind = HostStrict
	if wildcard {
		kind = HostWildcard
	}
	compared = NormalHost(name)
	if !validPort(name) || !validHostName(compared) || (wildcard && compared[0] == '[') {
		return "", "", invalid(FieldHost, CodeInvalidHost,
			"%q is not a host name; write one like sub.example.com or *.example.com, or leave the host out for any", host)
	}
	return kind, compared, nil
}

// ValidHost reports whether host names one host, without a port: a name, or an
// address, which for IPv6 stands in brackets.
func ValidHost(host string) bool {
	bracketed := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	return (bracketed || !strings.Contains(host, ":")) && validHostName(NormalHost(host))
}

// validPort reports whether what follows the name is a port or nothing.
func validPort(host string) bool {
	if strings.HasPrefix(host, "[") {
		_, host, _ = strings.Cut(host, "]")
		if host != "" && host[0] != ':' {
			return false
		}
	}
	_, port, _ := strings.Cut(host, ":")
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
	}
	return len(port) <= len("65535")
}

// validHostName accepts what names in a home network look like: letters,
// digits, hyphens and underscores in labels of 1-63 bytes, 253 bytes in all
// (RFC 1035, section 2.3.4), or an address.
func validHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return closed && err == nil && addr.Is6()
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 || !validLabel(label) {
			return false
		}
	}
	return true
}

func validLabel(label string) bool {
	for i := range len(label) {
		c := label[i]
		letter := 'a' <= c && c <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

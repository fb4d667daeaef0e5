package egress

import (
	"net/netip"
)

// kind is what sort of network an address belongs to; scripts see it after
// "blocked:".
type kind string

// The kinds of addresses. Only public ones are open to everybody; loopback and
// private ones can be opened, the others never (spec 8, "HTTP out").
const (
	kindPublic      kind = "public"
	kindLoopback    kind = "loopback"
	kindPrivate     kind = "private" // RFC 1918, CGNAT (RFC 6598), unique local (RFC 4193)
	kindLinkLocal   kind = "link_local"
	kindMetadata    kind = "metadata" // where clouds tell a machine its own credentials
	kindUnspecified kind = "unspecified"
	kindMulticast   kind = "multicast"
	kindBroadcast   kind = "broadcast"
	kindReserved    kind = "reserved" // documentation, benchmarking, protocol assignments, unassigned
)

// openable reports whether a setting or a grant can open addresses of this kind.
func (k kind) openable() bool { return k == kindLoopback || k == kindPrivate }

// specialRange is one range that is not the public internet.
type specialRange struct {
	prefix netip.Prefix
	kind   kind
}

// specialRanges are the IANA special-purpose registries (RFC 6890 and its
// updates) with the well-known metadata addresses, narrower ranges first. What
// they call globally reachable is in here too when no web server can be there.
var specialRanges = []specialRange{
	{netip.MustParsePrefix("100.100.100.200/32"), kindMetadata},
	{netip.MustParsePrefix("168.63.129.16/32"), kindMetadata},
	{netip.MustParsePrefix("169.254.0.0/16"), kindLinkLocal},
	{netip.MustParsePrefix("0.0.0.0/32"), kindUnspecified},
	{netip.MustParsePrefix("0.0.0.0/8"), kindReserved},
	{netip.MustParsePrefix("10.0.0.0/8"), kindPrivate},
	{netip.MustParsePrefix("100.64.0.0/10"), kindPrivate},
	{netip.MustParsePrefix("127.0.0.0/8"), kindLoopback},
	{netip.MustParsePrefix("172.16.0.0/12"), kindPrivate},
	{netip.MustParsePrefix("192.0.0.0/24"), kindReserved},
	{netip.MustParsePrefix("192.0.2.0/24"), kindReserved},    // documentation
	{netip.MustParsePrefix("192.31.196.0/24"), kindReserved}, // AS112
	{netip.MustParsePrefix("192.52.193.0/24"), kindReserved}, // AMT
	{netip.MustParsePrefix("192.88.99.0/24"), kindReserved},  // 6to4 relays
	{netip.MustParsePrefix("192.168.0.0/16"), kindPrivate},
	{netip.MustParsePrefix("192.175.48.0/24"), kindReserved}, // AS112
	{netip.MustParsePrefix("198.18.0.0/15"), kindReserved},   // benchmarking
	{netip.MustParsePrefix("198.51.100.0/24"), kindReserved}, // documentation
	{netip.MustParsePrefix("203.0.113.0/24"), kindReserved},  // documentation
	{netip.MustParsePrefix("224.0.0.0/4"), kindMulticast},
	{netip.MustParsePrefix("255.255.255.255/32"), kindBroadcast},
	{netip.MustParsePrefix("240.0.0.0/4"), kindReserved},

	{netip.MustParsePrefix("::/128"), kindUnspecified},
	{netip.MustParsePrefix("::1/128"), kindLoopback},
	{netip.MustParsePrefix("fd00:ec2::254/128"), kindMetadata},
	{netip.MustParsePrefix("fd20:ce::254/128"), kindMetadata},
	{netip.MustParsePrefix("fc00::/7"), kindPrivate},
	{netip.MustParsePrefix("fe80::/10"), kindLinkLocal},
	{netip.MustParsePrefix("ff00::/8"), kindMulticast},
	{netip.MustParsePrefix("2001::/23"), kindReserved},         // protocol assignments, Teredo and ORCHID among them
	{netip.MustParsePrefix("2001:db8::/32"), kindReserved},     // documentation
	{netip.MustParsePrefix("2620:4f:8000::/48"), kindReserved}, // AS112
	{netip.MustParsePrefix("3fff::/20"), kindReserved},         // documentation
}

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour     = netip.MustParsePrefix("2002::/16")    // RFC 3056
)

// kindOf says what an address is. A form that carries an IPv4 address inside
// (NAT64, 6to4, ISATAP) is what that address is: homes with DNS64 reach public
// servers so (findings: G14). translated reports such a form, which leads
// through someone's gateway and therefore cannot be opened.
func kindOf(address netip.Addr) (k kind, translated bool) {
	address = address.Unmap().WithZone("")
	if inside, ok := embedded(address); ok {
		k, _ = kindOf(inside)
		return k, true
	}
	for _, special := range specialRanges {
		if special.prefix.Contains(address) {
			return special.kind, false
		}
	}
	if address.Is6() && !globalUnicast.Contains(address) {
		return kindReserved, false
	}
	return kindPublic, false
}

// embedded returns the IPv4 address that an IPv6 one stands for.
func embedded(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() {
		return netip.Addr{}, false
	}
	b := address.As16()
	switch {
	case nat64.Contains(address):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(address):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case globalUnicast.Contains(address) && b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // RFC 5214, 6.1
		return netip.AddrFrom4([4]byte(b[12:16])), true
	default:
		return netip.Addr{}, false
	}
}

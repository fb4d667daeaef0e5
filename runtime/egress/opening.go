package egress

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Opening is one destination that is open although the policy would block it:
// an entry of PICLOUD_HTTP_ALLOW, or a script's grant. Exactly one of its
// network and its name is set.
type Opening struct {
	network netip.Prefix
	name    string // lower case, without a trailing dot
	port    uint16 // 0: every port that is open anyway
}

// NewOpening reads a host, which is an address ("192.168.1.31", "fd00::5"), a
// network ("192.168.1.0/24") or a name ("printer.local"), and a port from 0 (all
// that are open anyway) to 65535. A named port is open there whatever it is.
func NewOpening(host string, port int) (Opening, error) {
	if port < 0 || port > 65535 {
		return Opening{}, fmt.Errorf("a port is a number up to 65535")
	}
	opening := Opening{port: uint16(port)}
	if strings.Contains(host, "/") {
		network, err := netip.ParsePrefix(host)
		if err != nil {
			return Opening{}, fmt.Errorf("a network is written like 192.168.1.0/24 or fd00::/8")
		}
		opening.network = unmapped(network).Masked()
		return opening, opening.check()
	}
	if address, err := netip.ParseAddr(host); err == nil && address.Zone() == "" {
		address = address.Unmap()
		opening.network = netip.PrefixFrom(address, address.BitLen())
		return opening, opening.check()
	}
	name, err := hostName(host)
	opening.name = name
	return opening, err
}

// check refuses what can never be opened, so that nobody believes it is.
func (o Opening) check() error {
	k, translated := kindOf(o.network.Addr())
	if o.network.IsSingleIP() && (translated || k != kindPublic && !k.openable()) {
		return fmt.Errorf("%s addresses cannot be opened", strings.ReplaceAll(string(k), "_", "-"))
	}
	return nil
}

func unmapped(network netip.Prefix) netip.Prefix {
	if network.Addr().Is4In6() && network.Bits() >= 96 {
		return netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network
}

// ParseOpening reads one entry of PICLOUD_HTTP_ALLOW: an address, a network or
// a name, each with an optional port; an IPv6 address with a port is in brackets.
func ParseOpening(text string) (Opening, error) {
	host, port := text, 0
	if colon := strings.LastIndexByte(text, ':'); colon >= 0 && (strings.Count(text, ":") == 1 || strings.HasPrefix(text, "[")) && !strings.HasSuffix(text, "]") {
		number, err := strconv.Atoi(text[colon+1:])
		if err != nil || number < 1 {
			return Opening{}, fmt.Errorf("%q has no port from 1 to 65535 behind the colon", text)
		}
		host, port = text[:colon], number
	}
	if inside, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inside, "]")
	}
	opening, err := NewOpening(host, port)
	if err != nil {
		return Opening{}, fmt.Errorf("%q: %w", text, err)
	}
	return opening, nil
}

// ParseOpenings reads the whole of PICLOUD_HTTP_ALLOW, entries between commas.
func ParseOpenings(list string) ([]Opening, error) {
	var openings []Opening
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		opening, err := ParseOpening(entry)
		if err != nil {
			return nil, err
		}
		openings = append(openings, opening)
	}
	return openings, nil
}

// String is the canonical form; equal openings have equal forms.
func (o Opening) String() string {
	host := o.name
	if host == "" {
		host = o.network.String()
	}
	return host + "|" + strconv.Itoa(int(o.port))
}

// matches reports whether the opening covers a destination: the host as the
// URL names it, and the address that it resolved to.
func (o Opening) matches(host string, to netip.AddrPort) bool {
	if o.port != 0 && o.port != to.Port() {
		return false
	}
	if o.name != "" {
		return o.name == host
	}
	return o.network.Contains(to.Addr())
}

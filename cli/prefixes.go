package cli

import (
	"fmt"
	"net/netip"
	"strings"
)

// prefixes reads addresses and ranges, separated by commas.
func prefixes(target *[]netip.Prefix) func(string) error {
	return func(value string) error {
		*target = nil
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			prefix := parsePrefix(item)
			if !prefix.IsValid() {
				return fmt.Errorf("must be a list of addresses or ranges such as 127.0.0.1,10.0.0.0/8")
			}
			*target = append(*target, prefix)
		}
		return nil
	}
}

// parsePrefix reads one address or range; the zero one when it is neither. What
// is written in IPv6's form of IPv4 becomes IPv4, as the addresses of clients
// do before they are compared: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
func parsePrefix(item string) netip.Prefix {
	if address, err := netip.ParseAddr(item); err == nil {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen())
	}
	prefix, err := netip.ParsePrefix(item)
	if err != nil {
		return netip.Prefix{}
	}
	if prefix.Addr().Is4In6() {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96) // not valid when it reaches beyond IPv4
	}
	return prefix.Masked()
}

package egress

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// FuzzKindOf holds the table against what Go knows of addresses, for each
// address and for the IPv4 address inside it.
func FuzzKindOf(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "::1", "64:ff9b::7f00:1", "2002:a00:1::", "2606:2800::5efe:7f00:1", "::ffff:10.0.0.1", "2001:db8::1", "93.184.216.34", "ff02::1"} {
		b := netip.MustParseAddr(text).As16()
		f.Add(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
	}
	f.Fuzz(func(t *testing.T, high, low uint64) {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:8], high)
		binary.BigEndian.PutUint64(b[8:], low)
		address := netip.AddrFrom16(b)
		k, translated := kindOf(address)
		inner := address.Unmap()
		if inside, ok := embedded(inner); ok != translated {
			t.Fatalf("%s: translated %t, embedded %t", address, translated, ok)
		} else if ok {
			inner = inside
		}
		special := inner.IsPrivate() || inner.IsLoopback() || inner.IsLinkLocalUnicast() || inner.IsMulticast() || inner.IsUnspecified() || !inner.IsGlobalUnicast()
		if special && k == kindPublic {
			t.Fatalf("%s is %s", address, k)
		}
		if again, _ := kindOf(inner); again != k {
			t.Fatalf("%s is %s, %s inside is %s", address, k, inner, again)
		}
		if k.openable() && !translated && !inner.IsPrivate() && !inner.IsLoopback() && !netip.MustParsePrefix("100.64.0.0/10").Contains(inner) {
			t.Fatalf("%s is %s and could be opened", address, k)
		}
	})
}

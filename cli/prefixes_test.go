package cli

import (
	"net/netip"
	"testing"
)

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"127.0.0.1":           "127.0.0.1/32",
		"10.1.2.3/8":          "10.0.0.0/8",
		"::ffff:10.1.2.3":     "10.1.2.3/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
		"::ffff:0.0.0.0/96":   "0.0.0.0/0",
		"fd00::1/8":           "fd00::/8",
	} {
		var got []netip.Prefix
		if err := prefixes(&got)(" " + value + ", "); err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s is read as %v, %v, want %s", value, got, err, want)
		}
	}
	for _, value := range []string{"proxy.local", "10.0.0.0/33", "::ffff:10.0.0.0/95", "10.0.0.1,::ffff:0.0.0.0/0"} {
		var got []netip.Prefix
		if err := prefixes(&got)(value); err == nil {
			t.Errorf("%s is read as %v", value, got)
		}
	}
}

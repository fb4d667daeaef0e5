package egress_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"picloud/runtime/egress"
)

// Every spelling is refused in its category, by every method, and a listener on
// each form of loopback sees no connection.
func TestEveryURLIsJudged(t *testing.T) {
	t.Parallel()
	names := newNameServer(t)
	four := newTrap(t, "127.0.0.1:0", ok)
	traps := []*trap{four}
	if hasIPv6() {
		traps = append(traps, newTrap(t, "[::1]:"+four.port(), ok))
	}
	client := newClient(t, egress.Config{Resolver: names.resolver()})
	judged := 0
	for _, row := range urlRows(t, four.port()) {
		if row.verdict == "open" {
			continue // needs a network: see TestEveryURLInANetworkOfItsOwn
		}
		for _, method := range []string{"GET", "POST", "REPORT"} {
			if got := try(t, client, method, row.url); got != row.verdict {
				t.Errorf("%s %s: %s, want %s", method, row.url, got, row.verdict)
			}
		}
		judged++
	}
	if judged < 250 {
		t.Errorf("only %d spellings", judged)
	}
	for _, each := range traps {
		if n := each.seen.Load(); n != 0 {
			t.Errorf("%s saw %d connections", each.Addr(), n)
		}
	}
	if got := try(t, newClient(t, egress.Config{AllowPrivate: true}), "GET", "http://127.0.0.1:"+four.port()); got != "open" || four.seen.Load() != 1 {
		t.Errorf("the listener cannot be reached at all: %s, %d connections", got, four.seen.Load())
	}
}

func hasIPv6() bool {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}

// The same spellings as the target of a redirect.
func TestEveryRedirectIsJudged(t *testing.T) {
	t.Parallel()
	names := newNameServer(t)
	victim := newTrap(t, "127.0.0.1:0", ok)
	target := ""
	first := newTrap(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = []string{target}
		w.WriteHeader(301 + int(r.ContentLength+1)%2*6) // 301 with a body, 307 without
	})
	client := newClient(t, egress.Config{Resolver: names.resolver(), Allow: openings(t, "127.0.0.1:"+first.port())})
	tried := 0
	for _, row := range urlRows(t, victim.port()) {
		absolute := strings.Contains(row.url, "://") || strings.Contains(row.url, ":{")
		if row.verdict == "open" || !absolute || strings.ContainsAny(row.url[:1], " ") {
			continue // a relative one leads to the first server
		}
		want := row.verdict
		if want == "invalid" {
			want = "redirect"
		}
		target = row.url
		for _, method := range []string{"GET", "POST"} {
			if got := try(t, client, method, "http://127.0.0.1:"+first.port()); got != want {
				t.Errorf("%s to %s: %s, want %s", method, target, got, want)
			}
		}
		tried++
	}
	if tried < 200 || victim.seen.Load() != 0 {
		t.Errorf("%d redirects led to %d connections", tried, victim.seen.Load())
	}
}

// A name that is public when it is looked at and private when it is dialled
// gains nothing, because nothing looks before dialling; and a name with both
// kinds of addresses leads to the public one or nowhere.
func TestRebindingNames(t *testing.T) {
	t.Parallel()
	names := newNameServer(t)
	victim := newTrap(t, "127.0.0.1:0", ok)
	client := newClient(t, egress.Config{Resolver: names.resolver()})
	for i := range 20 {
		name := fmt.Sprintf("rebind%d.test", i)
		names.flip(name, "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1 127.0.0.1")
		for turn, want := range []string{"blocked:loopback", "blocked:private", "blocked:link_local", "blocked:loopback"} {
			if got := try(t, client, "GET", "http://"+name+":"+victim.port()); got != want {
				t.Errorf("%s, turn %d: %s, want %s", name, turn, got, want)
			}
		}
	}
	if n := victim.seen.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// PiCloud's own port is shut at every address of the machine, whatever is open.
func TestOwnListenersAreNeverCalled(t *testing.T) {
	t.Parallel()
	names := newNameServer(t)
	own := newTrap(t, "127.0.0.1:0", ok)
	other := newTrap(t, "127.0.0.1:0", ok)
	client := newClient(t, egress.Config{AllowPrivate: true, Allow: openings(t, "127.0.0.1:"+own.port()+",10.9.9.9"), Resolver: names.resolver(),
		Interfaces: func() ([]net.Addr, error) {
			return []net.Addr{&net.IPNet{IP: net.IPv4(10, 9, 9, 9), Mask: net.CIDRMask(24, 32)}}, nil
		}})
	client.Protect(other.Addr())
	client.Protect(own.Addr())
	for _, host := range []string{"127.0.0.1", "127.1.1.1", "localhost", "[::ffff:127.0.0.1]", "loop.test", "10.9.9.9", "0.0.0.0", "[::]"} {
		for _, port := range []string{own.port(), other.port()} {
			if got := try(t, client, "GET", "http://"+host+":"+port); got != "blocked:picloud" {
				t.Errorf("%s:%s: %s", host, port, got)
			}
		}
	}
	if own.seen.Load()+other.seen.Load() != 0 {
		t.Error("PiCloud was called")
	}
	third := newTrap(t, "127.0.0.1:0", ok)
	if got := try(t, client, "GET", "http://127.0.0.1:"+third.port()); got != "open" {
		t.Errorf("another port of this machine: %s", got)
	}
}

// A neighbour in an IPv6 network has an address like the internet's, and so has
// this machine.
func TestNeighboursWithPublicAddressesAreHome(t *testing.T) {
	t.Parallel()
	interfaces := func() ([]net.Addr, error) {
		return []net.Addr{
			&net.IPNet{IP: net.ParseIP("2606:2800:220:1::5"), Mask: net.CIDRMask(64, 128)},
			&net.IPNet{IP: net.ParseIP("93.184.216.34"), Mask: net.CIDRMask(24, 32)},
		}, nil
	}
	client := newClient(t, egress.Config{Interfaces: interfaces})
	for target, want := range map[string]string{
		"http://[2606:2800:220:1::9]:8080/": "blocked:private", "http://[2606:2800:220:1::5]:8080/": "blocked:loopback", "http://93.184.216.34:8080/": "blocked:loopback",
	} {
		if got := try(t, client, "GET", target); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	broken := newClient(t, egress.Config{Interfaces: func() ([]net.Addr, error) { return nil, net.ErrClosed }})
	if got := try(t, broken, "GET", "http://93.184.216.34:8080/"); got != "blocked:loopback" {
		t.Errorf("an unknown machine: %s", got)
	}
}

func TestOpenings(t *testing.T) {
	t.Parallel()
	names := newNameServer(t)
	server := newTrap(t, "127.0.0.1:0", ok)
	names.set("device.test", "127.0.0.1")
	port := server.port()
	for _, c := range []struct{ allow, host, want string }{
		{"127.0.0.1", "127.0.0.1", "open"},
		{"127.0.0.1:" + port, "127.0.0.1", "open"},
		{"127.0.0.1:1", "127.0.0.1", "blocked:loopback"},
		{"127.0.0.0/8", "127.0.0.1", "open"},
		{"127.0.0.0/8:" + port, "127.0.0.1", "open"},
		{"::ffff:127.0.0.1", "127.0.0.1", "open"},
		{"127.0.0.1", "[::ffff:127.0.0.1]", "open"},
		{"127.0.0.1", "device.test", "open"}, // by what it resolves to
		{"device.test", "device.test", "open"},
		{"Device.TEST.", "device.test", "open"},
		{"device.test:" + port, "DEVICE.test.", "open"},
		{"device.test", "127.0.0.1", "blocked:loopback"}, // by name only
		{"device.test", "loop.test", "blocked:loopback"},
		{"test", "device.test", "blocked:loopback"},
		{"10.0.0.0/8, 192.168.0.0/16", "127.0.0.1", "blocked:loopback"},
		{"0.0.0.0/0", "169.254.169.254", "blocked:link_local"},
		{"0.0.0.0/0,::/0", "0.0.0.0", "blocked:unspecified"},
		{"0.0.0.0/0,::/0", "100.100.100.200", "blocked:metadata"},
		{"127.0.0.0/8,::/0", "[64:ff9b::127.0.0.1]", "blocked:loopback"},
		{"meta.test", "meta.test", "blocked:link_local"},
		{"", "127.0.0.1", "blocked:loopback"},
	} {
		client := newClient(t, egress.Config{Allow: openings(t, c.allow), Resolver: names.resolver()})
		if got := try(t, client, "GET", "http://"+c.host+":"+port); got != c.want {
			t.Errorf("with %q open, %s: %s, want %s", c.allow, c.host, got, c.want)
		}
	}
}

// An opening for a name goes where the name leads at the time of the call, since
// home addresses change: that trusts whoever answers for the name with the home
// network at that one port, and with nothing more.
func TestAnOpenedNameIsFollowedInTheHomeNetworkOnly(t *testing.T) {
	t.Parallel()
	names := newNameServer(t)
	server, other := newTrap(t, "127.0.0.1:0", ok), newTrap(t, "127.0.0.1:0", ok)
	names.flip("lamp.test", "127.0.0.1", "169.254.169.254", "127.0.0.2", "0.0.0.0", "100.100.100.200", "224.0.0.1", "255.255.255.255", "198.18.0.1", "127.0.0.1")
	client := newClient(t, egress.Config{Resolver: names.resolver()})
	granted := func(target string) string {
		asked := request(t, "GET", target)
		asked.Caller.Openings = openings(t, "lamp.test:"+server.port())
		_, err := call(t, client, asked)
		client.Close() // no idle connection in the way of the next resolution
		return category(err)
	}
	for turn, want := range []string{"open", "blocked:link_local", "refused", "blocked:unspecified", "blocked:metadata", "blocked:multicast", "blocked:broadcast", "blocked:reserved", "open"} {
		if got := granted("http://lamp.test:" + server.port()); got != want {
			t.Errorf("turn %d: %s, want %s", turn, got, want)
		}
	}
	for _, shut := range []string{"http://lamp.test:" + other.port(), "http://loop.test:" + server.port(), "http://127.0.0.1:" + server.port()} {
		if got := granted(shut); got != "blocked:loopback" {
			t.Errorf("%s: %s", shut, got)
		}
	}
	if server.seen.Load() != 2 || other.seen.Load() != 0 {
		t.Errorf("%d and %d connections", server.seen.Load(), other.seen.Load())
	}
}

// A port that an opening names is open there, whatever it is; one that it does
// not name stays under the rule.
func TestOpeningsOfPorts(t *testing.T) {
	t.Parallel()
	for allow, want := range map[string]string{
		"127.0.0.1:631": "refused", "127.0.0.1:6379": "refused", "127.0.0.1": "blocked:port", "127.0.0.1:80": "blocked:loopback",
	} {
		port := "631"
		if strings.HasSuffix(allow, "6379") {
			port = "6379"
		}
		client := newClient(t, egress.Config{Allow: openings(t, allow)})
		got := try(t, client, "GET", "http://127.0.0.1:"+port)
		if got != want && !(want == "refused" && got != "blocked:port" && got != "blocked:loopback") {
			t.Errorf("%s: %s, want %s", allow, got, want)
		}
	}
}

func TestOpeningsThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1:", "127.1", "2130706433", "0x7f.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255",
		"fe80::1", "::", "64:ff9b::a00:1", "192.168.1.0/33", "192.168.1.0/", "http://printer.local", "printer..local", "*.local", "a b", "[::1", "fd00:ec2::254", "printer.local:631:1",
	} {
		if _, err := egress.ParseOpenings(entry); err == nil {
			t.Errorf("%q was taken", entry)
		}
	}
}

// The table of names and numbers that ends in an address never reaches DNS.
func FuzzParseURL(f *testing.F) {
	for _, row := range urlRows(f, "8080") {
		f.Add(row.url)
	}
	f.Add("http://a/" + strings.Repeat("\xa6", 4000)) // too long once it is escaped
	f.Fuzz(func(t *testing.T, text string) {
		u, err := egress.ParseURL(text)
		if err != nil {
			return
		}
		if u.User != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Fatalf("%q became %#v", text, u)
		}
		again, err := egress.ParseURL(u.String())
		if err != nil {
			t.Fatalf("%q became %q, which is refused: %v", text, u, err)
		}
		if again.Host != u.Host || again.Port() != u.Port() {
			t.Fatalf("%q leads to %q, its text to %q", text, u.Host, again.Host)
		}
		if address, err := netip.ParseAddr(u.Hostname()); err == nil && address.Zone() != "" {
			t.Fatalf("%q names an interface", text)
		}
	})
}

func FuzzParseOpening(f *testing.F) {
	for _, seed := range []string{"192.168.1.0/24", "printer.local:631", "[fd00::1]:80", "fd00::/8", "127.0.0.1", "::1", "a:b:c", "[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		opening, err := egress.ParseOpening(text)
		if err == nil && opening.String() == "" {
			t.Fatalf("%q opens nothing", text)
		}
	})
}

package http

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"picloud/store"
)

func address(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{192, 0, byte(2 + n/256), byte(n % 256)})
}

func TestThrottlePerAddressAndInAll(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	throttle := newThrottle(clock.now)
	name := func(i int) string { return "user" + strings.Repeat("x", i) }
	admitted := 0
	for i := range 100 {
		if throttle.attempt(name(i), address(1)) == nil {
			admitted++
		}
	}
	if admitted != attemptsPerAddress {
		t.Errorf("%d attempts from one address, want %d", admitted, attemptsPerAddress)
	}
	for i := range 100 {
		if throttle.attempt(name(i), address(i+10)) == nil {
			admitted++
		}
	}
	if admitted != attemptsInAll {
		t.Errorf("%d attempts in all, want %d", admitted, attemptsInAll)
	}
	clock.advance(-time.Hour)
	if throttle.attempt("back", address(200)) == nil {
		t.Error("a clock that steps back opens the throttle")
	}
	clock.advance(time.Minute)
	if err := throttle.attempt("later", address(200)); err != nil {
		t.Errorf("still closed a minute later: %v", err)
	}
}

func TestThrottleCountsAnIPv6HouseholdOnce(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	throttle := newThrottle(clock.now)
	for i := range attemptsPerAddress {
		from := netip.MustParseAddr("2001:db8:1:2::1").Next()
		if err := throttle.attempt(strings.Repeat("u", i+1), from); err != nil {
			t.Fatal(err)
		}
	}
	if throttle.attempt("other", netip.MustParseAddr("2001:db8:1:2:ffff::9")) == nil {
		t.Error("another address of the same /64 has its own count")
	}
	if err := throttle.attempt("other", netip.MustParseAddr("2001:db8:1:3::1")); err != nil {
		t.Errorf("the next /64: %v", err)
	}
	if networkOf(netip.MustParseAddr("::ffff:192.0.2.1")) != networkOf(netip.MustParseAddr("192.0.2.1")) {
		t.Error("the two spellings of an IPv4 address count apart")
	}
}

// Wrong names from everywhere must not push the bucket of a name under attack
// out of memory.
func TestThrottleCannotBeFlushed(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(newTestClock().now)
	for range attemptsPerAccount {
		if err := throttle.attempt("ada", address(1)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 * throttleEntries {
		_ = throttle.attempt(strings.Repeat("n", 1+i%100)+string(rune('a'+i/100)), address(i))
	}
	if !throttle.accounts.Contains("ada") {
		t.Error("the account's bucket was pushed out")
	}
}

func TestHasherTurns(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for range hashesAtOnce {
		if err := h.enter(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.enter(gone); err == nil {
		t.Fatal("a third hash got a turn")
	}
	for range hashesWaiting {
		h.waiting <- struct{}{}
	}
	if err := h.enter(context.Background()); store.KindOf(err) != store.KindLimit {
		t.Errorf("a full line answers %v", err)
	}
	for range hashesWaiting {
		<-h.waiting
	}
	h.leave()
	if err := h.enter(context.Background()); err != nil {
		t.Errorf("no turn after one was given back: %v", err)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	h, ctx := newHasher(), context.Background()
	stored, err := HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %s", stored)
	}
	for password, want := range map[string]bool{"correct horse": true, "Correct horse": false, "": false} {
		if ok, stale, err := h.verify(ctx, password, stored); ok != want || stale || err != nil {
			t.Errorf("%q: %v, stale %v, %v", password, ok, stale, err)
		}
	}
	if ok, stale, err := h.verify(ctx, "correct horse", ""); ok || stale || err != nil {
		t.Errorf("unknown user: %v, stale %v, %v", ok, stale, err)
	}
	weak, err := argon2id.CreateHash("correct horse", &argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	if ok, stale, err := h.verify(ctx, "correct horse", weak); !ok || !stale || err != nil {
		t.Errorf("old parameters: %v, stale %v, %v", ok, stale, err)
	}
	for _, parameters := range []string{"m=4194304,t=2,p=1", "m=19456,t=99,p=1", "m=19456,t=2,p=64", "m=19456,t=0,p=1", "m=19456,t=2,p=0"} {
		planted := strings.Replace(stored, "m=19456,t=2,p=1", parameters, 1)
		if _, _, err := h.verify(ctx, "correct horse", planted); err == nil {
			t.Errorf("a stored hash with %s was worked on", parameters)
		}
	}
	for length, want := range map[int]bool{7: false, 8: true, 1024: true, 1025: false} {
		if got := checkPassword(strings.Repeat("x", length)) == nil; got != want {
			t.Errorf("a password of %d bytes is fine: %v", length, got)
		}
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, test := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "203.0.113.9", "192.0.2.1"},
		{"10.0.0.1:5", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:5", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:5", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "2001:db8::1", "2001:db8::1"},
	} {
		r := httptestRequest(test.peer, test.forwarded)
		if got := s.clientAddress(r).String(); got != test.want {
			t.Errorf("peer %s, forwarded %q: %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}

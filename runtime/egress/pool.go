package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	nethttp "net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// The layers of timeouts below a call's own deadline (spec 5, "Outbound
// HTTP"), and what a pool may hold.
const (
	dialTimeout    = 5 * time.Second
	tlsTimeout     = 5 * time.Second
	idleTimeout    = 30 * time.Second
	maxHeaderBytes = 64 << 10
	maxPools       = 32
	idlePerPool    = 4
	idlePerHost    = 2
)

// pools holds one transport for each app and set of openings. An idle
// connection is found again only by calls that could have dialled it
// themselves: a grant that is gone, or another app's, leads to another pool. So
// does authentication that servers tie to a connection stay inside its app.
type pools struct {
	policy   *policy
	resolver *net.Resolver
	roots    *x509.CertPool
	byKey    *lru.Cache[string, *nethttp.Transport]
}

func newPools(config Config, rule *policy) *pools {
	p := &pools{policy: rule, resolver: config.Resolver, roots: config.RootCAs}
	// The only error is a size below 1.
	p.byKey, _ = lru.NewWithEvict(maxPools, func(_ string, gone *nethttp.Transport) { gone.CloseIdleConnections() })
	return p
}

// of returns the transport for an app's calls under these openings.
func (p *pools) of(app string, openings []Opening) *nethttp.Transport {
	key := poolKey(app, openings)
	if transport, ok := p.byKey.Get(key); ok {
		return transport
	}
	transport := p.newTransport(openings)
	if first, existed, _ := p.byKey.PeekOrAdd(key, transport); existed {
		return first
	}
	return transport
}

func poolKey(app string, openings []Opening) string {
	names := make([]string, len(openings))
	for i, opening := range openings {
		names[i] = opening.String()
	}
	slices.Sort(names)
	return app + " " + strings.Join(names, ",")
}

func (p *pools) newTransport(openings []Opening) *nethttp.Transport {
	return &nethttp.Transport{
		Proxy: nil, // none from the environment: it would dial in the guard's place
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return p.dial(ctx, network, address, openings)
		},
		TLSClientConfig:        &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           idlePerPool,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// dial connects to a host and port, judging each address after its resolution
// and before anything is sent to it.
func (p *pools) dial(ctx context.Context, network, address string, openings []Opening) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, portText)
	if err != nil {
		return nil, err
	}
	to := destination{host: normalHost(host), port: uint16(port), openings: openings}
	dialer := net.Dialer{
		Timeout:  dialTimeout,
		Resolver: p.resolver,
		Control: func(_, resolved string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return blocked(to, blockedPrefix+string(kindReserved), false, "the address cannot be judged")
			}
			if failure := p.policy.judge(to, at.Addr()); failure != nil {
				return failure
			}
			return nil
		},
	}
	return dialer.DialContext(ctx, network, address)
}

// normalHost is hostOf for a host that has passed it.
func normalHost(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// close ends all idle connections.
func (p *pools) close() { p.byKey.Purge() }

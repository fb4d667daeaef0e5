package http

import (
	nethttp "net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress is who a request comes from: the TCP peer, or, when that is a
// trusted proxy, the right-most address of X-Forwarded-For that is not one.
// What is further left was written by the client.
func (s *Server) clientAddress(r *nethttp.Request) netip.Addr {
	peer := peerAddress(r.RemoteAddr)
	if !s.trusted(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		peer = hop.Unmap()
		if !s.trusted(peer) {
			return peer
		}
	}
	return peer
}

// trusted reports whether address is a trusted proxy's.
func (s *Server) trusted(address netip.Addr) bool { return within(address, s.config.TrustedProxies) }

// within reports whether one of the networks holds address.
func within(address netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// peerAddress reads "host:port"; the zero address when it is none.
func peerAddress(hostport string) netip.Addr {
	peer, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}

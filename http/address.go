package http

import (
	nethttp "net/http"
	"net/netip"
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

func (s *Server) trusted(address netip.Addr) bool {
	for _, proxy := range s.config.TrustedProxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}

// peerAddress reads "host:port"; the zero address when it is none.
func peerAddress(hostport string) netip.Addr {
	peer, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}

package egress

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// policy is the instance's rule for addresses. A script's own openings come to
// it with each call.
type policy struct {
	allowPrivate bool
	allow        []Opening
	interfaces   func() ([]net.Addr, error)
	listeners    atomic.Pointer[[]uint16] // the ports that PiCloud itself listens at
}

// destination is what a call's URL names and what it may use beyond the
// instance's rule.
type destination struct {
	host     string
	port     uint16
	openings []Opening
}

// judge decides about one address that is about to be dialled; nil lets it pass.
func (p *policy) judge(to destination, address netip.Addr) *Failure {
	address = address.Unmap().WithZone("")
	at := netip.AddrPortFrom(address, to.port)
	k, translated := kindOf(address)
	// A grant names an address of the home network, or a name.
	grantable := k.openable() || !isAddress(to.host)
	own, onLink := p.local(address)
	switch {
	case own && p.listensAt(to.port):
		return blocked(to, blockedSelf, false, "that is PiCloud itself; use require, or topics.publish")
	case own && k == kindPublic:
		k = kindLoopback
	case onLink && k == kindPublic:
		k = kindPrivate
	}
	opened := p.opened(to, at)
	switch {
	case k != kindPublic && (translated || !k.openable()):
		return blocked(to, blockedPrefix+string(k), false, "that address is not on the internet")
	case k != kindPublic && !opened && !p.allowPrivate:
		return blocked(to, blockedPrefix+string(k), grantable, "that address is in the home network; a grant for the script, or PICLOUD_HTTP_ALLOW, opens it")
	case !isOpenPort(to.port) && !p.portOpened(to, at):
		return blocked(to, blockedPort, grantable, "ports are 80, 443 and most from 1024 up; a grant for the script, or PICLOUD_HTTP_ALLOW, opens another")
	}
	return nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func blocked(to destination, category string, openable bool, message string) *Failure {
	failure := failed(category, "%s", message)
	failure.Blocked = &Blocked{Host: to.host, Port: to.port, Openable: openable}
	return failure
}

func (p *policy) opened(to destination, at netip.AddrPort) bool {
	return anyOpens(p.allow, to.host, at, false) || anyOpens(to.openings, to.host, at, false)
}

// portOpened reports whether an opening names the very port.
func (p *policy) portOpened(to destination, at netip.AddrPort) bool {
	return anyOpens(p.allow, to.host, at, true) || anyOpens(to.openings, to.host, at, true)
}

func anyOpens(openings []Opening, host string, at netip.AddrPort, byPort bool) bool {
	for _, opening := range openings {
		if (!byPort || opening.port != 0) && opening.matches(host, at) {
			return true
		}
	}
	return false
}

// local reports whether the address is one of this machine's, or in an IPv6
// network that it is part of: at home those are the neighbours, although their
// addresses look like the internet's. What cannot be found out counts as local.
func (p *policy) local(address netip.Addr) (own, onLink bool) {
	if address.IsLoopback() || address.IsUnspecified() {
		return true, true
	}
	interfaces, err := p.interfaces()
	if err != nil {
		return true, true
	}
	for _, each := range interfaces {
		network, err := netip.ParsePrefix(each.String())
		if err != nil {
			continue
		}
		own = own || network.Addr().Unmap() == address
		onLink = onLink || address.Is6() && network.Bits() >= 48 && network.Masked().Contains(address)
	}
	return own, onLink
}

func (p *policy) listensAt(port uint16) bool {
	listeners := p.listeners.Load()
	if listeners == nil {
		return false
	}
	for _, own := range *listeners {
		if own == port {
			return true
		}
	}
	return false
}

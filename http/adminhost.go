package http

import (
	"errors"
	nethttp "net/http"

	"picloud/http/routing"
)

// CheckAdminHost says what is wrong with the host of the split mode: it is one
// name or address, without a port, since neither cookies nor routes know ports.
func CheckAdminHost(host string) error {
	if !routing.ValidHost(host) {
		return errors.New("must be a host name without a port, such as admin.pi.local")
	}
	return nil
}

// SameHost reports whether two hosts are one to the routes: letters' case, a
// port and a trailing dot do not count (spec 8, "Routing").
func SameHost(a, b string) bool { return routing.NormalHost(a) == routing.NormalHost(b) }

// split reports whether the admin page and the API have a host of their own
// (spec 5, "Admin isolation"): they answer there only, and no user route does.
func (s *Server) split() bool { return s.config.AdminHost != "" }

// atAdminHost reports whether r came for the host of the split mode.
func (s *Server) atAdminHost(r *nethttp.Request) bool {
	return s.split() && routing.NormalHost(r.Host) == s.config.AdminHost
}

// anyHostPath reports whether a path of the platform answers on every host: a
// supervisor knows this machine by its address.
func anyHostPath(path string) bool { return path == "/healthz" || path == "/readyz" }

// guardHeaders go with every answer of the platform: it is data for PiCloud's
// own page and for programs, and no other page's to show or to load.
var guardHeaders = nethttp.Header{
	headerPolicy:                   {"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"X-Frame-Options":              {"DENY"},
}

func guardAnswer(header nethttp.Header) {
	for name, value := range guardHeaders {
		header[name] = value
	}
}

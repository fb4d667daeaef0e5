package cli

import (
	"fmt"
	"net"
	"strings"
)

// greet prints where to open the instance and, on the first run, the one-time
// setup link. It goes to standard output, so that it reaches the terminal or
// the journal whatever the log's format is.
func (i *instance) greet(addr net.Addr) {
	path, invitation := "/admin/", "Open the admin page:"
	if i.setup != "" {
		path += "#setup=" + i.setup
		invitation = "Nobody owns this instance yet. Open this one-time link to make it yours:"
	}
	out := i.process.Stdout
	fmt.Fprintf(out, "PiCloud %s listens on %s\n%s\n\n", i.process.Version, addr, invitation)
	if i.encrypted != nil {
		fmt.Fprintf(out, "  with TLS at %s\n", i.encrypted)
	}
	for _, base := range i.bases(addr) {
		fmt.Fprintf(out, "  %s%s\n", base, path)
	}
	fmt.Fprintln(out)
	if i.settings.DevMode {
		fmt.Fprintln(out, "DEV MODE: secrets are sealed with a key that everybody knows. Never keep a real one here.")
	}
}

// bases lists the URLs that reach the admin page at addr: the page's own host
// or the public URL when one is set, else this machine's own and, for a
// wildcard address, the one other devices use.
func (i *instance) bases(addr net.Addr) []string {
	tcp, ok := addr.(*net.TCPAddr)
	public := strings.TrimSuffix(i.settings.PublicBaseURL, "/")
	switch host := i.settings.AdminHost; {
	case host != "" && strings.HasPrefix(public, "https://"):
		return []string{"https://" + host}
	case host != "" && ok:
		return []string{fmt.Sprintf("http://%s:%d", host, tcp.Port)}
	case public != "":
		return []string{public}
	}
	if !ok || !tcp.IP.IsUnspecified() {
		return []string{"http://" + addr.String()}
	}
	bases := []string{fmt.Sprintf("http://localhost:%d", tcp.Port)}
	if ip := homeAddress(); ip != nil {
		bases = append(bases, fmt.Sprintf("http://%s:%d", ip, tcp.Port))
	}
	return bases
}

// homeAddress is this machine's first private IPv4 address, the one that other
// devices of a home network can reach; nil when there is none.
func homeAddress() net.IP {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if network, ok := a.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsPrivate() {
			return network.IP
		}
	}
	return nil
}

package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxURLBytes   = 8 << 10
	maxNameBytes  = 253 // RFC 1035, in the form without a trailing dot
	maxLabelBytes = 63
)

// ParseURL reads the URL of a call: http or https, with a host that is a name
// or an address in its usual form, without a user name. A fragment is dropped,
// because it is not sent. Errors say what is wrong and show nothing of the URL.
func ParseURL(text string) (*url.URL, error) {
	if len(text) > maxURLBytes {
		return nil, errTooLong
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a URL")
	}
	if err := checkURL(u); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// checkURL holds for the first URL and for each redirect's.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must begin with http:// or https://")
	case u.Opaque != "" || u.Host == "":
		return errors.New("has no host")
	case u.User != nil:
		return errors.New("holds a user name; give it in the option auth")
	}
	if _, err := portOf(u); err != nil {
		return err
	}
	if _, err := hostOf(u); err != nil {
		return err
	}
	return CheckLength(u)
}

var errTooLong = fmt.Errorf("is over %d bytes with its query and its escapes", maxURLBytes)

// CheckLength bounds a URL as it will be sent.
func CheckLength(u *url.URL) error {
	if len(u.String()) > maxURLBytes {
		return errTooLong
	}
	return nil
}

// hostOf is the host in the form that openings are compared with: an address
// in its shortest form, or a name in lower case without a trailing dot.
func hostOf(u *url.URL) (string, error) {
	host := u.Hostname()
	bracketed := strings.HasPrefix(u.Host, "[")
	address, err := netip.ParseAddr(host)
	switch {
	case err == nil && address.Zone() != "":
		return "", errors.New("names a network interface")
	case err == nil && address.Is6() == bracketed:
		return address.Unmap().String(), nil
	case err == nil || bracketed:
		return "", errors.New("has a malformed address as its host")
	default:
		return hostName(host)
	}
}

// hostName checks and normalises a name. One whose last label is a number is no
// name but a spelling of an address that only some programs read (2130706433,
// 0x7f.1, 127.1), and is refused as browsers do.
func hostName(host string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "" || len(name) > maxNameBytes {
		return "", fmt.Errorf("a host is an address or a name of 1 to %d characters", maxNameBytes)
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", errors.New("a host's name consists of letters, digits, hyphens and dots (xn-- for others)")
		}
	}
	if isNumber(labels[len(labels)-1]) {
		return "", errors.New("a host that ends in a number must be an address such as 192.0.2.1")
	}
	return name, nil
}

func isLabel(label string) bool {
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return label != "" && len(label) <= maxLabelBytes
}

func isNumber(label string) bool {
	if digits, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// portOf is the port that a URL leads to.
func portOf(u *url.URL) (uint16, error) {
	text := u.Port()
	if text == "" && u.Scheme == "https" {
		return 443, nil
	}
	if text == "" {
		return 80, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, errors.New("has a port that is not a number from 1 to 65535")
	}
	return uint16(port), nil
}

// deniedPorts are ports from 1024 up where something else than a web server
// listens that can be made to obey by what a request contains: the Fetch
// standard's bad ports, and databases and the like with line protocols.
var deniedPorts = map[uint16]bool{
	1719: true, 1720: true, 1723: true, // H.323, PPTP
	2049: true, 3659: true, 4045: true, 4190: true, // NFS, SASL, lockd, ManageSieve
	5060: true, 5061: true, 6000: true, 6566: true, // SIP, X11, SANE
	6665: true, 6666: true, 6667: true, 6668: true, 6669: true, 6679: true, 6697: true, // IRC
	10080: true,                                     // Amanda
	1433:  true, 1521: true, 3306: true, 5432: true, // SQL databases
	2375: true, 2376: true, 6379: true, 11211: true, 27017: true, // Docker, Redis, memcached, MongoDB
	3389: true, 5900: true, // remote desktops
}

// isOpenPort is the rule for ports that no opening names (spec 5, "Outbound HTTP").
func isOpenPort(port uint16) bool {
	return port == 80 || port == 443 || port >= 1024 && !deniedPorts[port]
}

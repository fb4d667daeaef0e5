package egress

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	nethttp "net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MaxBodyBytes caps a request's body, and a response's after decompression
// (spec 5, "Outbound HTTP").
const MaxBodyBytes = 10 << 20

// HopsHeader counts the runs of PiCloud that led to a request, so that a script
// which calls itself comes to an end.
const HopsHeader = "Picloud-Hops"

// Config is what New needs. Its zero value is the strictest policy.
type Config struct {
	Version      string    // of the binary, for the User-Agent
	AllowPrivate bool      // opens loopback, RFC 1918, CGNAT and unique local addresses
	Allow        []Opening // opens just these
	Resolver     *net.Resolver
	Interfaces   func() ([]net.Addr, error) // this machine's addresses; net.InterfaceAddrs
	RootCAs      *x509.CertPool             // whose certificates are good; nil means the system's
}

// Client makes the calls of all scripts. Its methods may be called from any goroutine.
type Client struct {
	policy  *policy
	pools   *pools
	version string
}

// New makes a client.
func New(config Config) *Client {
	if config.Interfaces == nil {
		config.Interfaces = net.InterfaceAddrs
	}
	if config.Version == "" {
		config.Version = "0"
	}
	rule := &policy{allowPrivate: config.AllowPrivate, allow: config.Allow, interfaces: config.Interfaces}
	return &Client{policy: rule, pools: newPools(config, rule), version: config.Version}
}

// Protect keeps scripts away from a listener of PiCloud's own: at its port, no
// address of this machine is ever dialled.
func (c *Client) Protect(listener net.Addr) {
	at, err := netip.ParseAddrPort(listener.String())
	if err != nil {
		return // not a TCP listener, so nothing that a call can reach
	}
	ports := []uint16{at.Port()}
	if known := c.policy.listeners.Load(); known != nil {
		ports = append(ports, *known...)
	}
	c.policy.listeners.Store(&ports)
}

// Close ends idle connections. No call may be made any more.
func (c *Client) Close() { c.pools.close() }

// Caller is the script in whose name a call is made.
type Caller struct {
	App, Script string
	Openings    []Opening // what its grants open
	Hops        int       // runs that led to this one
}

// Request is one call.
type Request struct {
	Caller      Caller
	Method      string
	URL         *url.URL       // as ParseURL gives it
	Header      nethttp.Header // as CheckHeader lets through; Do changes it
	Body        string
	HasBody     bool // false: the request has none, not even an empty one
	Credentials *Credentials
	Redirects   int // how many are followed; 0 gives the redirect itself
	MaxBytes    int // of the answer, decompressed; at most MaxBodyBytes
}

// Response is the answer, with its whole body.
type Response struct {
	Status int
	Header nethttp.Header
	Body   string
	URL    string // after redirects
}

// Do makes one call and follows its redirects. ctx bounds all of it. The error
// is always a *Failure.
func (c *Client) Do(ctx context.Context, request *Request) (*Response, error) {
	if len(request.Body) > MaxBodyBytes {
		return nil, failed(CategoryTooLarge, "the request's body is over %d bytes", MaxBodyBytes)
	}
	c.prepare(request)
	h := hop{client: c, request: request, method: request.Method, url: request.URL, body: request.HasBody}
	for followed := 0; ; followed++ {
		response, err := h.send(ctx)
		if err != nil {
			return nil, failureOf(err)
		}
		next := h.next(response)
		if next == "" || request.Redirects == 0 {
			return c.answer(response, h.url, request.MaxBytes)
		}
		discard(response)
		if followed >= request.Redirects {
			return nil, failed(CategoryRedirect, "over %d redirects", request.Redirects)
		}
		if err := h.follow(next, response.StatusCode); err != nil {
			return nil, err
		}
	}
}

// prepare adds what every call bears.
func (c *Client) prepare(request *Request) {
	agent := "PiCloud/" + c.version + " (script " + request.Caller.Script + ")"
	if own := request.Header.Get("User-Agent"); own != "" {
		agent = own + " " + agent
	}
	request.Header.Set("User-Agent", agent)
	request.Header.Set(HopsHeader, strconv.Itoa(request.Caller.Hops+1))
	if request.MaxBytes <= 0 || request.MaxBytes > MaxBodyBytes {
		request.MaxBytes = MaxBodyBytes
	}
}

// answer reads the body up to the cap, counting what it is after decompression.
func (c *Client) answer(response *nethttp.Response, from *url.URL, most int) (*Response, error) {
	defer func() { _ = response.Body.Close() }() // nothing is lost: the body was read, or the call has failed
	if response.ContentLength > int64(most) && response.Request.Method != nethttp.MethodHead {
		return nil, failed(CategoryTooLarge, "the answer is over %d bytes", most)
	}
	var body strings.Builder
	if response.ContentLength > 0 {
		body.Grow(min(int(response.ContentLength), 64<<10)) // more only as it comes: the length may be a lie
	}
	n, err := io.Copy(&body, io.LimitReader(response.Body, int64(most)+1))
	if n > int64(most) {
		return nil, failed(CategoryTooLarge, "the answer is over %d bytes", most)
	}
	if err != nil {
		return nil, failureOf(err)
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: body.String(), URL: from.String()}, nil
}

// discard reads a little of a body that nobody wants, so that the connection
// can be used again.
func discard(response *nethttp.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, 2<<10)
	_ = response.Body.Close()
}

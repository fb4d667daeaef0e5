package egress

import (
	"context"
	"io"
	nethttp "net/http"
	"net/url"
	"strings"
)

// hop is one leg of a call: the first request, or what a redirect made of it.
type hop struct {
	client    *Client
	request   *Request
	method    string
	url       *url.URL
	body      bool
	elsewhere bool // a redirect has left the first origin
}

// send makes the leg's request, a second time when the server asks for a
// digest of the credentials.
func (h *hop) send(ctx context.Context) (*nethttp.Response, error) {
	credentials := h.request.Credentials
	if credentials == nil || h.elsewhere {
		return h.roundTrip(ctx, "")
	}
	if !credentials.Digest {
		return h.roundTrip(ctx, credentials.basic())
	}
	response, err := h.roundTrip(ctx, "")
	if err != nil || response.StatusCode != nethttp.StatusUnauthorized {
		return response, err
	}
	asked, ok := strongestChallenge(response.Header.Values("Www-Authenticate"))
	if !ok {
		return response, nil
	}
	discard(response)
	return h.roundTrip(ctx, asked.answer(credentials, h.method, h.url.RequestURI(), newNonce()))
}

func (h *hop) roundTrip(ctx context.Context, authorization string) (*nethttp.Response, error) {
	request, err := nethttp.NewRequestWithContext(ctx, h.method, h.url.String(), h.reader())
	if err != nil {
		return nil, failed(CategoryProtocol, "the request cannot be sent")
	}
	request.Header = h.request.Header.Clone()
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	caller := h.request.Caller
	return h.client.pools.of(caller.App, caller.Openings).RoundTrip(request)
}

// reader gives each leg the body anew. NewRequest knows its length.
func (h *hop) reader() io.Reader {
	if !h.body {
		return nil
	}
	return strings.NewReader(h.request.Body)
}

// next is where the answer sends the caller, or "".
func (h *hop) next(response *nethttp.Response) string {
	switch response.StatusCode {
	case 301, 302, 303, 307, 308:
		return response.Header.Get("Location")
	default:
		return ""
	}
}

// follow turns the hop into the next one. The new URL is held to the rules of
// the first, and its address will be judged when it is dialled. Methods change
// as in the Fetch standard; credentials stay with the origin they were meant for.
func (h *hop) follow(location string, status int) error {
	if len(location) > maxURLBytes {
		return failed(CategoryRedirect, "the redirect's URL %s", errTooLong)
	}
	next, err := h.url.Parse(location)
	if err != nil {
		return failed(CategoryRedirect, "the redirect's URL is not a URL")
	}
	if err := checkURL(next); err != nil {
		return failed(CategoryRedirect, "the redirect's URL %s", err)
	}
	next.Fragment, next.RawFragment = "", ""
	if status != 307 && status != 308 && h.method != "GET" && h.method != "HEAD" {
		h.method, h.body = "GET", false
		for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Location"} {
			h.request.Header.Del(name)
		}
	}
	if !sameOrigin(h.url, next) {
		h.elsewhere = true
		dropCredentials(h.request.Header)
	}
	h.url = next
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	hostA, errA := hostOf(a)
	hostB, errB := hostOf(b)
	portA, _ := portOf(a)
	portB, _ := portOf(b)
	return errA == nil && errB == nil && a.Scheme == b.Scheme && hostA == hostB && portA == portB
}

// credentialWords mark the headers that carry a credential, whatever a service
// calls its own.
var credentialWords = []string{"auth", "cookie", "key", "token", "secret", "password", "signature", "session", "credential"}

func dropCredentials(header nethttp.Header) {
	for name := range header {
		lower := strings.ToLower(name)
		for _, word := range credentialWords {
			if strings.Contains(lower, word) {
				delete(header, name)
				break
			}
		}
	}
}

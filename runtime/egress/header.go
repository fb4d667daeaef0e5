package egress

import (
	"errors"
	"fmt"
	nethttp "net/http"

	"golang.org/x/net/http/httpguts"
)

const (
	maxHeaders      = 64
	maxHeaderValues = 16 << 10 // bytes of all names and values of a request
)

// ownHeaders are set by the client and by nobody else: what they say decides
// how a message is framed, where it goes, and when a loop ends.
var ownHeaders = map[string]bool{
	"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true, "Te": true, "Connection": true, "Keep-Alive": true,
	"Upgrade": true, "Expect": true, "Proxy-Authorization": true, "Proxy-Connection": true, "Http2-Settings": true, HopsHeader: true,
}

// CheckHeader says why a header field cannot be sent; nil when it can.
func CheckHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return errors.New("is not a header's name")
	case ownHeaders[nethttp.CanonicalHeaderKey(name)]:
		return errors.New("is set by PiCloud and cannot be given")
	case !httpguts.ValidHeaderFieldValue(value):
		return errors.New("has a value with a line break or another control character")
	}
	return nil
}

// CheckHeaders bounds all fields of a request together.
func CheckHeaders(header nethttp.Header) error {
	bytes := 0
	for name, values := range header {
		for _, value := range values {
			bytes += len(name) + len(value)
		}
	}
	if len(header) > maxHeaders || bytes > maxHeaderValues {
		return fmt.Errorf("at most %d headers with %d bytes together can be sent", maxHeaders, maxHeaderValues)
	}
	return nil
}

// CheckMethod says why a method cannot be used; nil when it can. CONNECT would
// turn a connection into a tunnel, TRACE sends credentials back.
func CheckMethod(method string) error {
	if !httpguts.ValidHeaderFieldName(method) || len(method) > 32 {
		return errors.New("must be a method such as GET")
	}
	if method == nethttp.MethodConnect || method == nethttp.MethodTrace {
		return errors.New("may not be CONNECT or TRACE")
	}
	return nil
}

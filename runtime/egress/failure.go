package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// The categories of failures. A blocked destination's is "blocked:" and its
// kind, or one of the last three.
const (
	CategoryTimeout     = "timeout"
	CategoryDNS         = "dns"
	CategoryTLS         = "tls"
	CategoryRefused     = "refused"
	CategoryUnreachable = "unreachable"
	CategoryTooLarge    = "too_large"
	CategoryRedirect    = "redirect"
	CategoryProtocol    = "protocol"
	CategoryClosed      = "closed"

	blockedPrefix = "blocked:"
	blockedPort   = blockedPrefix + "port"
	blockedSelf   = blockedPrefix + "picloud"
)

// Failure is why a call got no answer. Its text never holds an address.
type Failure struct {
	Category string
	Message  string
	Blocked  *Blocked // of the categories that begin with "blocked:"
	cause    error
}

// Blocked is a destination that the policy refused, as its URL names it.
type Blocked struct {
	Host     string
	Port     uint16
	Openable bool // a grant for this host and port would open it
}

// Error returns category and message.
func (f *Failure) Error() string { return f.Category + ": " + f.Message }

// Unwrap returns the cause, which may hold addresses: it is for tests and logs.
func (f *Failure) Unwrap() error { return f.cause }

func failed(category, format string, args ...any) *Failure {
	return &Failure{Category: category, Message: fmt.Sprintf(format, args...)}
}

// failureOf puts what the network said into words that a script may see.
func failureOf(err error) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	failure = describe(err)
	failure.cause = err
	return failure
}

func describe(err error) *Failure {
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return failed(CategoryTimeout, "no complete answer in time")
	case errors.As(err, &name):
		return failed(CategoryDNS, "the host's name cannot be resolved")
	case errors.As(err, &timeout) && timeout.Timeout():
		return failed(CategoryTimeout, "no answer in time")
	case strings.Contains(err.Error(), "headers exceeded"), strings.Contains(err.Error(), "header list larger"):
		return failed(CategoryTooLarge, "the answer's headers are over %d bytes", maxHeaderBytes)
	case isTLS(err):
		return failed(CategoryTLS, "no secure connection: the certificate or the handshake is not acceptable")
	case errors.Is(err, syscall.ECONNREFUSED):
		return failed(CategoryRefused, "nothing accepts connections at that port")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return failed(CategoryUnreachable, "there is no way to the host")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), strings.Contains(err.Error(), "EOF"):
		return failed(CategoryClosed, "the connection was closed before the answer was complete")
	default:
		return failed(CategoryProtocol, "the answer is not HTTP that can be read")
	}
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verification *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verification) ||
		errors.As(err, &invalid) || errors.As(err, &name) || strings.Contains(err.Error(), "tls: ")
}

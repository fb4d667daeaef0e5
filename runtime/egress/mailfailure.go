package egress

import (
	"errors"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// The categories of mail beside those of http.
const (
	CategoryRateLimited = "rate_limited"
	CategoryRejected    = "rejected"
	CategorySignIn      = "sign_in"
)

// mailFailure puts what went wrong with the server into words that a script
// may see. The server's own words may name machines, so only its code is shown.
func mailFailure(err error) *Failure {
	failure := describeMail(err)
	failure.cause = err
	return failure
}

func describeMail(err error) *Failure {
	var sending *gomail.SendError
	if errors.As(err, &sending) && sending.ErrorCode() > 0 {
		return rejected(sending.ErrorCode())
	}
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply) && reply.Code >= 530 && reply.Code <= 538:
		return failed(CategorySignIn, "the mail server refused PICLOUD_SMTP_USER and PICLOUD_SMTP_PASSWORD (%d)", reply.Code)
	case errors.As(err, &reply):
		return rejected(reply.Code)
	case strings.Contains(err.Error(), "STARTTLS"):
		return failed(CategoryTLS, "the mail server offers no STARTTLS (see PICLOUD_SMTP_TLS)")
	case strings.Contains(err.Error(), "AUTH"):
		return failed(CategorySignIn, "the mail server and PiCloud know no common way to sign in")
	}
	failure := describe(err)
	if failure.Category == CategoryProtocol {
		failure.Message = "what the mail server says is not SMTP that can be read"
	}
	if failure.Category == CategoryClosed {
		failure.Message = "the mail server closed the connection before it had taken the message"
	}
	return failure
}

func rejected(code int) *Failure {
	if code < 500 {
		return failed(CategoryRejected, "the mail server does not take the message now (%d); try later", code)
	}
	return failed(CategoryRejected, "the mail server refused the sender, a recipient or the message (%d)", code)
}

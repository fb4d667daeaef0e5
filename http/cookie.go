package http

import (
	nethttp "net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

const (
	// hostCookiePrefix binds a cookie to one host over TLS: browsers take such a
	// name only from that host itself, never from a neighbour (RFC 6265bis, 4.1.3.2).
	hostCookiePrefix = "__Host-"
	// cookieLife is the longest that browsers keep a cookie. When the session in
	// it ends is the server's to say, and moves with each use.
	cookieLife = 400 * 24 * time.Hour
	// cookiePriority keeps the session in the jar of browsers that know it when
	// a script's page fills the jar: those of lower priority go first.
	cookiePriority = "; Priority=High"
)

// sessionCookieName is the one name under which a session is taken from r.
func (s *Server) sessionCookieName(r *nethttp.Request) string {
	if s.overTLS(r) {
		return hostCookiePrefix + sessionCookie
	}
	return sessionCookie
}

// overTLS reports whether the client's connection is encrypted: here, or by
// the trusted proxy in front.
func (s *Server) overTLS(r *nethttp.Request) bool {
	if r.TLS != nil {
		return true
	}
	hops := r.Header["X-Forwarded-Proto"]
	return len(hops) == 1 && strings.EqualFold(hops[0], "https") && s.trusted(peerAddress(r.RemoteAddr))
}

// sessionCookieOf returns what the session cookie of r holds, "" when there is
// none. Two of the name with different contents are refused: one of them was
// planted from elsewhere on this host, and which one cannot be told.
func (s *Server) sessionCookieOf(r *nethttp.Request) (string, error) {
	lines := r.Header["Cookie"]
	if len(lines) == 0 {
		return "", nil
	}
	name, token := s.sessionCookieName(r), ""
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if cookieName(pair) != name {
				continue
			}
			_, value, _ := strings.Cut(pair, "=")
			value = strings.TrimSpace(value)
			if token != "" && value != token {
				return "", differentCredentials()
			}
			token = value
		}
	}
	return token, nil
}

// checkOrigin refuses a request whose cookie a browser may have added for
// another site's page. Reading is refused too where the browser says so: a
// neighbour on another port counts as the same site, and SameSite lets it pass.
func (s *Server) checkOrigin(r *nethttp.Request) error {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return crossOrigin()
	}
	if s.crossOrigin.Check(r) != nil {
		return crossOrigin()
	}
	switch r.Method {
	case nethttp.MethodGet, nethttp.MethodHead, nethttp.MethodOptions:
		return nil
	}
	return requireJSON(r.Header.Get(echo.HeaderContentType))
}

// answerSession gives a new session to its caller: in the answer, or, for the
// page, in a cookie that no script of the page can read.
func (s *Server) answerSession(c echo.Context, status int, session signedIn, inCookie bool) error {
	if inCookie {
		s.setSessionCookie(c, session.Token, cookieLife)
		session.Token = ""
	}
	return answer(c, status, session)
}

// dropSessionCookie makes the browser forget the cookie.
func (s *Server) dropSessionCookie(c echo.Context) { s.setSessionCookie(c, "", -time.Second) }

func (s *Server) setSessionCookie(c echo.Context, token string, life time.Duration) {
	cookie := nethttp.Cookie{
		Name: s.sessionCookieName(c.Request()), Value: token, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: s.overTLS(c.Request()), SameSite: nethttp.SameSiteStrictMode,
	}
	c.Response().Header().Add("Set-Cookie", cookie.String()+cookiePriority)
}

func differentCredentials() error {
	return store.Errorf(store.KindInvalid, "different_credentials",
		"the request bears two different credentials; send one, or clear this site's cookies and sign in again")
}

func crossOrigin() error {
	return store.Errorf(store.KindForbidden, "cross_origin",
		"a signed-in browser may call this only from PiCloud's own page; other programs send Authorization: Bearer and no cookie")
}

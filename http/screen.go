package http

import (
	"fmt"
	"net/textproto"
	"strings"

	"picloud/store"
)

// maxCookies and maxCookieBytes bound the cookies of one response: more would
// fill the browser's jar and lock the admin out of the page.
const (
	maxCookies     = 20
	maxCookieBytes = 4 << 10
)

// screenHeaders takes from a script's response what a script may not set: the
// rest is still right, and the note in the record says what is gone. In
// cookiePath each cookie is held, "" leaves them as they are. It changes fields.
func screenHeaders(cookiePath string, fields []store.HeaderField) (kept []store.HeaderField, note string) {
	kept = fields[:0]
	var gone omissions
	cookies, cookieBytes := 0, 0
	for _, field := range fields {
		switch name := textproto.CanonicalMIMEHeaderKey(field.Name); {
		case platformHeader(name):
			gone.add(name, "it is PiCloud's to send")
			continue
		case name == "Set-Cookie":
			cookies, cookieBytes = cookies+1, cookieBytes+len(field.Value)
			cookie, why := scriptCookie(field.Value, cookiePath)
			if why == "" && (cookies > maxCookies || cookieBytes > maxCookieBytes) {
				why = fmt.Sprintf("a response has at most %d cookies and %d bytes of them", maxCookies, maxCookieBytes)
			}
			if why != "" {
				gone.add("the cookie "+shownCookie(field.Value), why)
				continue
			}
			field.Value = cookie
		}
		kept = append(kept, field)
	}
	return kept, gone.note()
}

// platformHeader names, in canonical form, the headers that change the whole
// origin, which a script shares with the admin's page (spec 5, "Admin
// isolation"), and the one that every response already bears.
func platformHeader(name string) bool {
	switch name {
	case "Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "Nel", "Report-To",
		"Reporting-Endpoints", "Service-Worker-Allowed", headerRequestID:
		return true
	default:
		return false
	}
}

// scriptCookie returns a cookie as a script may set it, or why it may not: none
// of the platform's name and none for other hosts. One without a name is
// refused too, because browsers send "=picloud_session=x" back as
// "picloud_session=x". Its path is held within that of its route, so that
// cookies cannot crowd out the admin page's requests.
func scriptCookie(value, within string) (cookie, why string) {
	cookie, attributes, _ := strings.Cut(value, ";")
	name := cookieName(cookie)
	switch {
	case name == "" || !strings.Contains(cookie, "="):
		return "", "it has no name"
	case isPlatformCookie(name):
		return "", "the name is PiCloud's own"
	case within != "" && len(name) >= len(hostCookiePrefix) && strings.EqualFold(name[:len(hostCookiePrefix)], hostCookiePrefix):
		return "", "a __Host- cookie is for the whole host, which scripts share with the admin page"
	}
	path := ""
	for attribute := range strings.SplitSeq(attributes, ";") {
		attribute = strings.TrimSpace(attribute)
		switch strings.ToLower(cookieName(attribute)) {
		case "domain":
			return "", "a script's cookie is for its own host and has no Domain"
		case "path":
			_, path, _ = strings.Cut(attribute, "=")
			path = strings.TrimSpace(path)
		case "priority", "": // of two cookies browsers evict that of lower priority, and the session's is high
		default:
			cookie += "; " + attribute
		}
	}
	if within != "" {
		if path, why = narrowed(path, within); why != "" {
			return "", why
		}
	}
	if path != "" {
		cookie += "; Path=" + path
	}
	return cookie, ""
}

// narrowed returns path when it lies within the other, else that one.
func narrowed(path, within string) (narrow, why string) {
	if within == "/" {
		return "", "its route has no literal first segment to which its path could be narrowed"
	}
	for i := range len(within) {
		if c := within[i]; c <= ' ' || c >= 0x7f || c == ';' {
			return "", "the path of its route cannot stand in a cookie"
		}
	}
	below, ok := strings.CutPrefix(path, within)
	if ok && (below == "" || below[0] == '/' || strings.HasSuffix(within, "/")) {
		return path, ""
	}
	return within, ""
}

// cookiePath returns the front of a request's path that the literal segments
// of its route stand for, and all of the path for a route without others.
func cookiePath(path string, literalSegments int) string {
	end := 0
	for range literalSegments {
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			return path
		}
		end += 1 + next
	}
	if end == 0 {
		return "/"
	}
	return path[:end]
}

// shownCookie is a cookie's name as the record shows it, never its value.
func shownCookie(value string) string {
	pair, _, _ := strings.Cut(value, ";")
	return fmt.Sprintf("%.64q", cookieName(pair))
}

// maxOmissions bounds the length of a note.
const maxOmissions = 8

// omissions collects what was left out, for one line in a run's record.
type omissions struct {
	lines []string
	more  int
}

func (o *omissions) add(what, why string) {
	if len(o.lines) == maxOmissions {
		o.more++
		return
	}
	o.lines = append(o.lines, what+" ("+why+")")
}

func (o *omissions) note() string {
	if len(o.lines) == 0 {
		return ""
	}
	if o.more > 0 {
		o.lines = append(o.lines, fmt.Sprintf("and %d more", o.more))
	}
	return "left out of the response: " + strings.Join(o.lines, ", ")
}

// removalNote says in a run's record which parts of its request held a
// credential of the platform and were taken out.
func removalNote(removed []string) string {
	if len(removed) == 0 {
		return ""
	}
	return "taken out of the request, because a credential of PiCloud was in it: " + strings.Join(removed, ", ")
}

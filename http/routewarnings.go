package http

import (
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"picloud/http/routing"
	"picloud/store"
)

// routeWarnings are what is allowed about a route but often not meant.
func (s *Server) routeWarnings(draft store.RouteDraft) []warning {
	warnings := []warning{}
	add := func(holds bool, code, message string) {
		if holds {
			warnings = append(warnings, warning{code, message})
		}
	}
	prefix, isPrefix := strings.CutSuffix(draft.Path, "/*")
	isPrefix = isPrefix && draft.PathKind == routing.PathPrefix
	add(isPrefix && prefix == "", "catch_all",
		"this answers every path that no other route does, also the ones that scanners of the internet try")
	add(isPrefix && prefix != "" && s.unanswered(draft, prefix), "bare_prefix",
		prefix+" itself is not part of "+draft.Path+"; give it a route of its own if it shall answer too")
	add(draft.PathKind != routing.PathPrefix && draft.Path != "/" && strings.HasSuffix(draft.Path, "/"), "trailing_slash",
		"this answers only with the slash at the end: "+strings.TrimSuffix(draft.Path, "/")+" is another path")
	add(hasUpperCase(draft.Path), "upper_case",
		"paths tell upper case from lower case, so callers have to write it just so")
	add(draft.DispatchMode == dispatchAsync && draft.Method == nethttp.MethodGet, "async_answer",
		"callers get 202 and a delivery id at once, never what the script returns")
	return warnings
}

// hasUpperCase reports whether the literal parts of a path have capitals.
func hasUpperCase(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool {
		literal, err := url.PathUnescape(segment)
		return err == nil && !strings.HasPrefix(segment, ":") && strings.ContainsFunc(literal, unicode.IsUpper)
	})
}

// unanswered reports whether no route answers path where draft is to stand.
func (s *Server) unanswered(draft store.RouteDraft, path string) bool {
	host := strings.TrimPrefix(draft.Host, "*")
	if draft.HostKind == routing.HostWildcard {
		host = "any" + host
	}
	method := draft.Method
	if method == routing.AnyMethod {
		method = nethttp.MethodGet
	}
	found := s.lookup(method, host, path)
	return found.Outcome != routing.Found
}

package routing

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The kinds of host and path that a route may have (spec 2, "Routing").
const (
	HostAny      = "any"
	HostStrict   = "strict"
	HostWildcard = "wildcard"

	PathExact  = "exact"
	PathPrefix = "prefix"
	PathParam  = "param"
)

// AnyMethod in a route admits every method token but TRACE.
const AnyMethod = "ANY"

// MaxPathBytes is the longest path a route may have (spec 8, "Routing").
const MaxPathBytes = 2048

// maxMethodBytes bounds a method token; the longest registered one has 17 bytes.
const maxMethodBytes = 32

// Definition is a route's address as it was typed. HostKind and PathKind may be
// empty: the form of Host and Path then says them.
type Definition struct {
	Method   string
	HostKind string
	Host     string
	PathKind string
	Path     string
}

// Pattern is a checked Definition with its kinds filled in, together with the
// form it is compared in. Host and Path stay as they were typed. Only Parse makes one.
type Pattern struct {
	Definition

	host     string // as compared; of a wildcard the part behind "*."
	segments []segment
}

// segment is one part of a path between slashes: a literal in canonical form,
// or a parameter's name.
type segment struct {
	text  string
	param bool
}

// The fields and codes that an Error names.
const (
	FieldMethod   = "method"
	FieldHost     = "host"
	FieldHostKind = "host_kind"
	FieldPath     = "path"
	FieldPathKind = "path_kind"

	CodeInvalidMethod   = "invalid_method"
	CodeInvalidHost     = "invalid_host"
	CodeInvalidHostKind = "invalid_host_kind"
	CodeInvalidPath     = "invalid_path"
	CodeInvalidPathKind = "invalid_path_kind"
	CodeReservedPath    = "reserved_path"
)

// Error says which field of a Definition is wrong, and what to write instead.
type Error struct {
	Field   string
	Code    string
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

func invalid(field, code, format string, args ...any) *Error {
	return &Error{Field: field, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Parse checks a definition and fills in the kinds that were left out. The
// error is an *Error.
func Parse(definition Definition) (Pattern, error) {
	if err := checkMethod(definition.Method); err != nil {
		return Pattern{}, err
	}
	hostKind, host, err := parseHost(definition.Host)
	if err != nil {
		return Pattern{}, err
	}
	if err := checkHostKind(definition.HostKind, hostKind); err != nil {
		return Pattern{}, err
	}
	pathKind, segments, err := parsePath(definition.Path)
	if err != nil {
		return Pattern{}, err
	}
	if err := checkPathKind(definition.PathKind, pathKind); err != nil {
		return Pattern{}, err
	}
	definition.HostKind, definition.PathKind = hostKind, pathKind
	return Pattern{Definition: definition, host: host, segments: segments}, nil
}

// checkMethod admits tokens of RFC 9110, section 5.6.2, in capitals: methods
// are case-sensitive, and a lower-case one would match no client.
func checkMethod(method string) error {
	if method == "" || len(method) > maxMethodBytes {
		return invalid(FieldMethod, CodeInvalidMethod, "a route needs a method such as GET or POST, or ANY for all of them")
	}
	if method == "TRACE" {
		return invalid(FieldMethod, CodeInvalidMethod, "TRACE is never served, because its answer would show a request's credentials")
	}
	for i := range len(method) {
		c := method[i]
		letter := 'A' <= c && c <= 'Z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return invalid(FieldMethod, CodeInvalidMethod, "%q is not a method; write one in capitals such as GET or POST, or ANY for all of them", method)
		}
	}
	return nil
}

func checkHostKind(given, found string) error {
	switch given {
	case "", found:
		return nil
	case HostAny:
		return invalid(FieldHostKind, CodeInvalidHostKind, "host_kind any takes no host; leave one of the two out")
	case HostStrict:
		return invalid(FieldHostKind, CodeInvalidHostKind, "host_kind strict takes a full name such as sub.example.com")
	case HostWildcard:
		return invalid(FieldHostKind, CodeInvalidHostKind, "host_kind wildcard takes a host such as *.example.com")
	default:
		return invalid(FieldHostKind, CodeInvalidHostKind, "host_kind is any, strict or wildcard")
	}
}

func checkPathKind(given, found string) error {
	switch given {
	case "", found:
		return nil
	case PathExact:
		return invalid(FieldPathKind, CodeInvalidPathKind, "path_kind exact takes a path without :name and without /* at its end; this one is a %s", found)
	case PathPrefix:
		return invalid(FieldPathKind, CodeInvalidPathKind, "path_kind prefix takes a path that ends in /*, such as /greet/*")
	case PathParam:
		return invalid(FieldPathKind, CodeInvalidPathKind, "path_kind param takes a path with a :name segment and without /* at its end, such as /users/:id")
	default:
		return invalid(FieldPathKind, CodeInvalidPathKind, "path_kind is exact, prefix or param")
	}
}

func parsePath(path string) (kind string, segments []segment, err error) {
	if err := checkPathText(path); err != nil {
		return "", nil, err
	}
	kind = PathExact
	body, isPrefix := strings.CutSuffix(path, "/*")
	if isPrefix {
		kind = PathPrefix
	}
	segments, err = parseSegments(body)
	if err != nil {
		return "", nil, err
	}
	if len(segments) > 0 && !segments[0].param && reservedSegment(segments[0].text) {
		return "", nil, invalid(FieldPath, CodeReservedPath, "paths at and below /%s belong to PiCloud itself; choose another first segment", decoded(segments[0].text))
	}
	if slices.ContainsFunc(segments, func(s segment) bool { return s.param }) {
		if isPrefix {
			return "", nil, invalidPath("a path has either :name segments or /* at its end, not both; ctx.request.rest holds what /* stands for")
		}
		kind = PathParam
	}
	return kind, segments, nil
}

func invalidPath(format string, args ...any) *Error {
	return invalid(FieldPath, CodeInvalidPath, format, args...)
}

// checkPathText refuses what no request's path could hold, or what would be
// read as something else in a URL.
func checkPathText(path string) error {
	if !strings.HasPrefix(path, "/") {
		return invalidPath("a path starts with /")
	}
	if len(path) > MaxPathBytes {
		return invalidPath("a path has at most %d bytes; this one has %d", MaxPathBytes, len(path))
	}
	if !utf8.ValidString(path) {
		return invalidPath("a path is UTF-8 text; write other bytes as %%XX")
	}
	for _, r := range path {
		switch {
		case r < ' ' || r == 0x7f:
			return invalidPath("a path has no control characters; write one as %%XX")
		case r == '?' || r == '#':
			return invalidPath("a path has no %c: the query is in ctx.request.query; write a literal one as %%%02X", r, r)
		}
	}
	return nil
}

func parseSegments(body string) ([]segment, error) {
	if body == "" {
		return nil, nil
	}
	var segments []segment
	for raw := range strings.SplitSeq(body[1:], "/") {
		parsed, err := parseSegment(raw)
		if err != nil {
			return nil, err
		}
		if parsed.param && slices.Contains(segments, parsed) {
			return nil, invalidPath("the parameter :%s occurs twice; give each its own name", parsed.text)
		}
		segments = append(segments, parsed)
	}
	return segments, nil
}

func parseSegment(raw string) (segment, error) {
	switch {
	case strings.ContainsAny(raw, "{}"):
		return segment{}, invalidPath("{name} is not a form of path here; write :name, or %%7B and %%7D for literal braces")
	case strings.Contains(raw, "*"):
		return segment{}, invalidPath("* stands only at the end of a path, as /*; write a literal one as %%2A")
	case strings.HasPrefix(raw, ":"):
		if !validName(raw[1:]) {
			return segment{}, invalidPath("%q is not a parameter: a name has letters, digits and _ and does not start with a digit", raw)
		}
		return segment{text: raw[1:], param: true}, nil
	case strings.Contains(raw, ":"):
		return segment{}, invalidPath("a colon stands only at the start of a segment, as in /:name; write a literal one as %%3A")
	}
	text, ok := canonical(raw)
	if !ok {
		return segment{}, invalidPath("%q has a malformed escape; write a literal %% as %%25", raw)
	}
	return segment{text: text}, nil
}

// validName reports whether name is [A-Za-z_][A-Za-z0-9_]* (spec 8, "Routing").
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		digit := '0' <= c && c <= '9'
		if !letter && (i == 0 || !digit) {
			return false
		}
	}
	return name != ""
}

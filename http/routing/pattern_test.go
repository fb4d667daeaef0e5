package routing_test

import (
	"errors"
	"strings"
	"testing"

	"picloud/http/routing"
)

func TestParseInfersKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ host, path, hostKind, pathKind string }{
		{"", "/", "any", "exact"},
		{"", "/greet", "any", "exact"},
		{"", "/greet/", "any", "exact"},
		{"", "/*", "any", "prefix"},
		{"", "/greet/*", "any", "prefix"},
		{"", "//*", "any", "prefix"},
		{"", "/users/:id", "any", "param"},
		{"", "/:_a1/x", "any", "param"},
		{"", "/a%3Ab", "any", "exact"},
		{"", "/with blank", "any", "exact"},
		{"", "/%7Bname%7D", "any", "exact"},
		{"", "/a%2A", "any", "exact"},
		{"", "/apis", "any", "exact"},
		{"", "/API", "any", "exact"},
		{"", "/x/api", "any", "exact"},
		{"", "/:api", "any", "param"},
		{"", "//api", "any", "exact"},
		{"", "/apis%2Fx", "any", "exact"},
		{"", "/" + strings.Repeat("a", routing.MaxPathBytes-1), "any", "exact"},
		{"pi.local", "/", "strict", "exact"},
		{"Pi.Local:8080", "/", "strict", "exact"},
		{"pi.local.", "/", "strict", "exact"},
		{"my_pi", "/", "strict", "exact"},
		{"[fe80::1]:80", "/", "strict", "exact"},
		{"*.example.com", "/", "wildcard", "exact"},
		{"*.com:80", "/", "wildcard", "exact"},
	} {
		given := routing.Definition{Method: "GET", Host: c.host, Path: c.path}
		pattern, err := routing.Parse(given)
		if err != nil {
			t.Errorf("%s%s: %v", c.host, c.path, err)
			continue
		}
		want := routing.Definition{Method: "GET", HostKind: c.hostKind, Host: c.host, PathKind: c.pathKind, Path: c.path}
		if pattern.Definition != want {
			t.Errorf("got %+v, want %+v", pattern.Definition, want)
		}
		if again, err := routing.Parse(pattern.Definition); err != nil || again.Definition != want {
			t.Errorf("%s%s with its own kinds: %+v, %v", c.host, c.path, again.Definition, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		definition  routing.Definition
		field, code string
	}{
		{routing.Definition{Path: "/"}, "method", "invalid_method"},
		{routing.Definition{Method: "get", Path: "/"}, "method", "invalid_method"},
		{routing.Definition{Method: "TRACE", Path: "/"}, "method", "invalid_method"},
		{routing.Definition{Method: "GE T", Path: "/"}, "method", "invalid_method"},
		{routing.Definition{Method: "GET,POST", Path: "/"}, "method", "invalid_method"},
		{routing.Definition{Method: "GÉT", Path: "/"}, "method", "invalid_method"},
		{routing.Definition{Method: strings.Repeat("A", 33), Path: "/"}, "method", "invalid_method"},
		{host("*"), "host", "invalid_host"},
		{host("*."), "host", "invalid_host"},
		{host("*.*.com"), "host", "invalid_host"},
		{host("a.*.com"), "host", "invalid_host"},
		{host("*com"), "host", "invalid_host"},
		{host("a..b"), "host", "invalid_host"},
		{host(".a"), "host", "invalid_host"},
		{host("."), "host", "invalid_host"},
		{host("a b"), "host", "invalid_host"},
		{host("a/b"), "host", "invalid_host"},
		{host("http://a"), "host", "invalid_host"},
		{host("a:port"), "host", "invalid_host"},
		{host("a:1:2"), "host", "invalid_host"},
		{host("a:123456"), "host", "invalid_host"},
		{host("münchen.de"), "host", "invalid_host"},
		{host("user@a"), "host", "invalid_host"},
		{host("[::1"), "host", "invalid_host"},
		{host("[::1]x"), "host", "invalid_host"},
		{host("[1.2.3.4]"), "host", "invalid_host"},
		{host("[]"), "host", "invalid_host"},
		{host("*.[::1]"), "host", "invalid_host"},
		{host(strings.Repeat("a", 64)), "host", "invalid_host"},
		{host(strings.Repeat("a.", 127) + "a"), "host", "invalid_host"},
		{routing.Definition{Method: "GET", Path: "/", HostKind: "strict"}, "host_kind", "invalid_host_kind"},
		{routing.Definition{Method: "GET", Path: "/", HostKind: "wildcard"}, "host_kind", "invalid_host_kind"},
		{routing.Definition{Method: "GET", Path: "/", HostKind: "any", Host: "a"}, "host_kind", "invalid_host_kind"},
		{routing.Definition{Method: "GET", Path: "/", HostKind: "strict", Host: "*.a"}, "host_kind", "invalid_host_kind"},
		{routing.Definition{Method: "GET", Path: "/", HostKind: "wildcard", Host: "a.b"}, "host_kind", "invalid_host_kind"},
		{routing.Definition{Method: "GET", Path: "/", HostKind: "regex"}, "host_kind", "invalid_host_kind"},
		{path(""), "path", "invalid_path"},
		{path("greet"), "path", "invalid_path"},
		{path("*"), "path", "invalid_path"},
		{path("http://pi/greet"), "path", "invalid_path"},
		{path("/" + strings.Repeat("a", routing.MaxPathBytes)), "path", "invalid_path"},
		{path("/a?b"), "path", "invalid_path"},
		{path("/a#b"), "path", "invalid_path"},
		{path("/a\nb"), "path", "invalid_path"},
		{path("/a\x00"), "path", "invalid_path"},
		{path("/a\x7f"), "path", "invalid_path"},
		{path("/a\xff"), "path", "invalid_path"},
		{path("/{id}"), "path", "invalid_path"},
		{path("/a{id}b"), "path", "invalid_path"},
		{path("/a}"), "path", "invalid_path"},
		{path("/a*"), "path", "invalid_path"},
		{path("/*a"), "path", "invalid_path"},
		{path("/*/a"), "path", "invalid_path"},
		{path("/a/**"), "path", "invalid_path"},
		{path("/a/*/*"), "path", "invalid_path"},
		{path("/a:b"), "path", "invalid_path"},
		{path("/a:"), "path", "invalid_path"},
		{path("/:"), "path", "invalid_path"},
		{path("/::"), "path", "invalid_path"},
		{path("/:a:b"), "path", "invalid_path"},
		{path("/:1a"), "path", "invalid_path"},
		{path("/:a-b"), "path", "invalid_path"},
		{path("/:a.json"), "path", "invalid_path"},
		{path("/:ä"), "path", "invalid_path"},
		{path("/:%61"), "path", "invalid_path"},
		{path("/:a/:b/:a"), "path", "invalid_path"},
		{path("/:a/*"), "path", "invalid_path"},
		{path("/x/:a/*"), "path", "invalid_path"},
		{path("/%"), "path", "invalid_path"},
		{path("/%4"), "path", "invalid_path"},
		{path("/%zz"), "path", "invalid_path"},
		{path("/api"), "path", "reserved_path"},
		{path("/api/"), "path", "reserved_path"},
		{path("/api/*"), "path", "reserved_path"},
		{path("/api/v1/x"), "path", "reserved_path"},
		{path("/api/:x"), "path", "reserved_path"},
		{path("/admin"), "path", "reserved_path"},
		{path("/admin/*"), "path", "reserved_path"},
		{path("/healthz"), "path", "reserved_path"},
		{path("/readyz/x"), "path", "reserved_path"},
		{path("/version"), "path", "reserved_path"},
		{path("/metrics"), "path", "reserved_path"},
		{path("/%61pi"), "path", "reserved_path"},
		{path("/%61%70%69/x"), "path", "reserved_path"},
		{path("/a%64min/:x"), "path", "reserved_path"},
		{path("/api%2fv1"), "path", "reserved_path"},
		{kind("exact", "/a/*"), "path_kind", "invalid_path_kind"},
		{kind("exact", "/:a"), "path_kind", "invalid_path_kind"},
		{kind("prefix", "/a"), "path_kind", "invalid_path_kind"},
		{kind("prefix", "/a/"), "path_kind", "invalid_path_kind"},
		{kind("prefix", "/:a"), "path_kind", "invalid_path_kind"},
		{kind("param", "/a"), "path_kind", "invalid_path_kind"},
		{kind("param", "/a/*"), "path_kind", "invalid_path_kind"},
		{kind("regex", "/a"), "path_kind", "invalid_path_kind"},
	} {
		_, err := routing.Parse(c.definition)
		var refusal *routing.Error
		if !errors.As(err, &refusal) {
			t.Errorf("%+v: got %v, want a refusal", c.definition, err)
			continue
		}
		if refusal.Field != c.field || refusal.Code != c.code || refusal.Message == "" || refusal.Error() != refusal.Message {
			t.Errorf("%+v: got %+v, want field %s, code %s", c.definition, refusal, c.field, c.code)
		}
		if strings.Contains(refusal.Message, "%!") {
			t.Errorf("a badly formatted message: %s", refusal.Message)
		}
	}
}

func host(host string) routing.Definition {
	return routing.Definition{Method: "GET", Host: host, Path: "/"}
}

func path(path string) routing.Definition {
	return routing.Definition{Method: "GET", Path: path}
}

func kind(kind, path string) routing.Definition {
	return routing.Definition{Method: "GET", PathKind: kind, Path: path}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"GET /a", "GET /a", true},
		{"GET /a", "POST /a", false},
		{"GET /a", "ANY /a", true},
		{"ANY /a", "ANY /a", true},
		{"GET /a", "HEAD /a", false},
		{"GET /a", "GET /a/", false},
		{"GET /a", "GET /A", false},
		{"GET /a", "GET /%61", true},
		{"GET /ä", "GET /%c3%A4", true},
		{"GET /a%2Fb", "GET /a%2fb", true},
		{"GET /a%2Fb", "GET /a/b", false},
		{"GET /a%2525", "GET /a%25", false},
		{"GET /a", "GET /:a", false},
		{"GET /a/*", "GET /a/:x", false},
		{"GET /a/*", "GET /a/*", true},
		{"GET /%61/*", "GET /a/*", true},
		{"GET /a/*", "GET /a/b/*", false},
		{"GET /*", "GET /a/*", false},
		{"GET /*", "ANY /*", true},
		{"GET /a/*", "PUT /a/*", false},
		{"GET /a/", "GET /a/*", false},
		{"GET /u/:a", "GET /u/:b", true},
		{"GET /u/:a", "ANY /u/:b", true},
		{"GET /u/:a", "DELETE /u/:b", false},
		{"GET /u/:a", "GET /v/:a", false},
		{"GET /u/:a", "GET /u/:a/", false},
		{"GET /u/:a", "GET /u/:a/:b", false},
		{"GET /u/:a/x", "GET /u/:a/y", false},
		{"GET /u/:a/x", "GET /u/y/:b", true},
		{"GET /:a/b", "GET /a/:b", true},
		{"GET /:a/b/c", "GET /a/:b/d", false},
		{"GET h/a", "GET /a", false},
		{"GET h/a", "GET i/a", false},
		{"GET h/a", "GET H:80/a", true},
		{"GET h/a", "GET h./a", true},
		{"GET *.h/a", "GET *.H./a", true},
		{"GET *.h/a", "GET h/a", false},
		{"GET *.h/a", "GET *.g.h/a", false},
	} {
		a, b := mustParse(t, c.a), mustParse(t, c.b)
		if got := routing.Conflicts(a, b); got != c.want {
			t.Errorf("%s and %s: got %v", c.a, c.b, got)
		}
		if got := routing.Conflicts(b, a); got != c.want {
			t.Errorf("%s and %s, the other way round: got %v", c.b, c.a, got)
		}
	}
}

func mustParse(t testing.TB, line string) routing.Pattern {
	t.Helper()
	pattern, err := parseRoute(cutRoute(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return pattern
}

package http

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"picloud/store"
)

func fieldsOf(name string, values ...string) []store.HeaderField {
	var fields []store.HeaderField
	for _, value := range values {
		fields = append(fields, store.HeaderField{Name: name, Value: value})
	}
	return fields
}

func TestOriginWideHeadersAreLeftOut(t *testing.T) {
	t.Parallel()
	var fields []store.HeaderField
	for _, name := range []string{
		"clear-site-data", "Strict-Transport-Security", "ALT-SVC", "NEL", "report-to", "Reporting-Endpoints",
		"Service-Worker-Allowed", "x-request-id", "X-Fine", "x-fine", "content-security-policy",
	} {
		fields = append(fields, store.HeaderField{Name: name, Value: "v"})
	}
	kept, note := screenHeaders("", fields)
	want := append(fieldsOf("X-Fine", "v"), append(fieldsOf("x-fine", "v"), fieldsOf("content-security-policy", "v")...)...)
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, name := range []string{"Clear-Site-Data", "Alt-Svc", "Nel", "Reporting-Endpoints"} {
		if !strings.Contains(note, name) {
			t.Errorf("the note does not name %s: %s", name, note)
		}
	}
	if _, note := screenHeaders("/x", fieldsOf("X-Fine", "v")); note != "" {
		t.Errorf("a note about nothing: %s", note)
	}
}

// TestScriptCookies holds the cookie rules of both modes: an empty want is a
// cookie that is left out.
func TestScriptCookies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, single, split string }{
		{"a=1", "a=1; Path=/shop", "a=1"},
		{"a=1; Path=/", "a=1; Path=/shop", "a=1; Path=/"},
		{"a=1; path = /shop/cart ; HttpOnly", "a=1; HttpOnly; Path=/shop/cart", "a=1; HttpOnly; Path=/shop/cart"},
		{"a=1; Path=/shopping", "a=1; Path=/shop", "a=1; Path=/shopping"},
		{"a=1; Path=/admin", "a=1; Path=/shop", "a=1; Path=/admin"},
		{"a=1; Path=/shop; Path=/admin", "a=1; Path=/shop", "a=1; Path=/admin"},
		{"a=1; Path=admin", "a=1; Path=/shop", "a=1; Path=admin"},
		{"a=1; Path", "a=1; Path=/shop", "a=1"},
		{"a=1; Priority=High; Secure;;", "a=1; Secure; Path=/shop", "a=1; Secure"},
		{"a=Domain", "a=Domain; Path=/shop", "a=Domain"},
		{"a=", "a=; Path=/shop", "a="},
		{"picloud_session=x", "", ""},
		{"PICLOUD_SESSION=x", "", ""},
		{" picloud_session =x", "", ""},
		{"__Host-picloud_session=x", "", ""},
		{"__host-picloud_session=x; Path=/", "", ""},
		{"__Secure-picloud_session=x", "", ""},
		{"=picloud_session=x", "", ""},
		{"picloud_session", "", ""},
		{"=x", "", ""},
		{"", "", ""},
		{"__Host-a=1; Path=/; Secure", "", "__Host-a=1; Secure; Path=/"},
		{"b=2; domain=example.com", "", ""},
		{"b=2; Path=/shop ;\tDomain = x", "", ""},
		{"b=2; Domain", "", ""},
	} {
		for within, want := range map[string]string{"/shop": c.single, "": c.split} {
			if got, why := scriptCookie(c.given, within); got != want || (got == "") == (why == "") {
				t.Errorf("%q within %q became %q (%s), want %q", c.given, within, got, why, want)
			}
		}
	}
	for _, within := range []string{"/", "/a;Path=/", "/a b", "/\x7f", "/\u00e4"} {
		if got, why := scriptCookie("a=1; Path=/", within); got != "" || why == "" {
			t.Errorf("within %q: %q", within, got)
		}
	}
	if got, _ := scriptCookie("a=1; Path=/dir/x", "/dir/"); got != "a=1; Path=/dir/x" {
		t.Errorf("within a folder: %q", got)
	}
}

func TestCookiePath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path     string
		literals int
		want     string
	}{
		{"/shop", 1, "/shop"},
		{"/shop/", 2, "/shop/"},
		{"/shop/cart/7", 2, "/shop/cart"},
		{"/shop/cart/7", 1, "/shop"},
		{"/s%68op/7", 1, "/s%68op"},
		{"/", 1, "/"},
		{"/x/y", 0, "/"},
		{"//x/y", 2, "//x"},
		{"//x", 1, "/"},
	} {
		if got := cookiePath(c.path, c.literals); got != c.want {
			t.Errorf("cookiePath(%q, %d) is %q, want %q", c.path, c.literals, got, c.want)
		}
	}
}

func TestCookiesAreBounded(t *testing.T) {
	t.Parallel()
	var small []store.HeaderField
	for i := range 30 {
		small = append(small, fieldsOf("Set-Cookie", fmt.Sprintf("c%d=%s", i, strings.Repeat("x", 190)))...)
	}
	kept, note := screenHeaders("/x", small)
	if len(kept) != 20 || !strings.Contains(note, `the cookie "c20"`) || !strings.Contains(note, "and 2 more") {
		t.Errorf("%d small cookies, noted as %s", len(kept), note)
	}
	kept, note = screenHeaders("/x", fieldsOf("Set-Cookie", "a="+strings.Repeat("x", maxCookieBytes)))
	if len(kept) != 0 || strings.Contains(note, "xxx") {
		t.Errorf("%d huge cookies, noted as %s", len(kept), note)
	}
}

// TestARunsRecordNamesWhatWasLeftOut shows a script's author, in the record
// and in a test run, why a header did not arrive.
func TestARunsRecordNamesWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	const source = `return { statusCode = 200, body = ctx.request.headers["x-copy"] or "none", headers = {
		["Alt-Svc"] = "clear", ["Set-Cookie"] = { "a=1; Path=/", "b=2; Domain=pi.local" } } }`
	id := serveScript(t, s, owner, "GET /shop/:id", source)
	w := request(t, s, "GET", "/shop/7?k="+someKey, "", map[string]string{"X-Copy": someKey, "Cookie": "picloud_session=" + someSession})
	if got := w.Header()["Set-Cookie"]; w.Body.String() != "none" || !cmp.Equal(got, []string{"a=1; Path=/shop"}) || w.Header().Get("Alt-Svc") != "" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	logs := request(t, s, "GET", adminPrefix+"scripts/"+id+"/logs", "", owner)
	record := request(t, s, "GET", adminPrefix+"executions/"+field(t, logs, "items.id"), "", owner)
	test := request(t, s, "POST", adminPrefix+"scripts/"+id+"/invoke", `{"request":{"path":"/x?k=`+someKey+`","headers":{"X-Copy":"`+someKey+`"}}}`, owner)
	for _, shown := range []string{record.Body.String(), test.Body.String()} {
		for _, want := range []string{"taken out of the request", "X-Copy, the query", "Alt-Svc (it is PiCloud's to send)", `the cookie \"b\"`} {
			if !strings.Contains(shown, want) {
				t.Errorf("%q is not in %s", want, shown)
			}
		}
		if strings.Contains(shown, someKey) || strings.Contains(shown, someSession) {
			t.Errorf("a credential is in %s", shown)
		}
	}
}

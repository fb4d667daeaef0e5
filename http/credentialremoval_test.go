package http

import (
	"encoding/base64"
	nethttp "net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	someSession = sessionTokenPrefix + strings.Repeat("aB3-_", 9)[:sessionTokenLength]
	someKey     = apiKeyPrefix + strings.Repeat("ab2c", 13)
)

func TestScriptsNeverSeeCredentials(t *testing.T) {
	t.Parallel()
	escaped := strings.ReplaceAll(someSession, "_", "%5F")
	basic := base64.StdEncoding.EncodeToString([]byte("me:" + someKey))
	for _, c := range []struct {
		name        string
		given, want nethttp.Header
	}{
		{"session", nethttp.Header{"Authorization": {"Bearer " + someSession}}, nethttp.Header{}},
		{"key", nethttp.Header{"Authorization": {"bearer  " + someKey}}, nethttp.Header{}},
		{"key in capitals", nethttp.Header{"Authorization": {"Bearer " + strings.ToUpper(someKey)}}, nethttp.Header{}},
		{"token without scheme", nethttp.Header{"Authorization": {someKey}}, nethttp.Header{}},
		{"basic", nethttp.Header{"Authorization": {"Basic " + basic}}, nethttp.Header{}},
		{"basic, lower case, by a proxy", nethttp.Header{"X-Forwarded-Authorization": {"basic " + basic}}, nethttp.Header{}},
		{"key header", nethttp.Header{"X-Api-Key": {someKey}}, nethttp.Header{}},
		{"copy of a cookie header", nethttp.Header{"X-Original-Cookie": {"a=1; picloud_session=" + someSession}}, nethttp.Header{}},
		{"referer", nethttp.Header{"Referer": {"http://pi/admin/?t=" + someSession}}, nethttp.Header{}},
		{"escaped", nethttp.Header{"X-Copy": {escaped}}, nethttp.Header{}},
		{"second value", nethttp.Header{"X-Copy": {"ok", someKey}}, nethttp.Header{"X-Copy": {"ok"}}},
		{"two headers", nethttp.Header{"X-Copy": {someKey}, "X-Other": {someSession}, "X-Fine": {"1"}}, nethttp.Header{"X-Fine": {"1"}}},
		{"platform cookie", nethttp.Header{"Cookie": {"a=1; picloud_session=x; b=2"}}, nethttp.Header{"Cookie": {"a=1; b=2"}}},
		{"platform cookie alone", nethttp.Header{"Cookie": {"picloud_session=x"}}, nethttp.Header{}},
		{"platform cookie spelled oddly", nethttp.Header{"Cookie": {"a=1;PiCloud_Session =x"}}, nethttp.Header{"Cookie": {"a=1"}}},
		{"prefixed platform cookie", nethttp.Header{"Cookie": {"__Host-picloud_session=x; __Secure-picloud_session=y; c=3"}}, nethttp.Header{"Cookie": {"c=3"}}},
		{"two cookie headers", nethttp.Header{"Cookie": {"a=1", "picloud_session=x"}}, nethttp.Header{"Cookie": {"a=1"}}},
		{"token in another cookie", nethttp.Header{"Cookie": {"a=" + someSession + "; b=2"}}, nethttp.Header{"Cookie": {"b=2"}}},
	} {
		given := c.given.Clone()
		clean, removed := withoutCredentials(c.given)
		if diff := cmp.Diff(c.want, clean); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		for name := range given {
			lost := name != "Cookie" && len(given[name]) > len(clean[name])
			if lost != slices.Contains(removed, name) {
				t.Errorf("%s: %q are named as removed", c.name, removed)
			}
		}
		if diff := cmp.Diff(given, c.given); diff != "" {
			t.Errorf("%s changed what was given:\n%s", c.name, diff)
		}
	}
}

func TestOtherHeadersStay(t *testing.T) {
	header := nethttp.Header{
		"Authorization": {"Basic YWxpY2U6c2VjcmV0"},
		"Cookie":        {"a=1; session=picloud; my_picloud_session=1; xpicloud_session=2"},
		"X-File":        {"pic_front_door_camera_2024_05_28_12_20_05_and_some_more_text_0189.jpg"},
		"X-Short":       {someKey[:len(someKey)-1], someSession[:len(someSession)-1], "100%", "%p", "p", "pis_"},
	}
	want := header.Clone()
	if clean, removed := withoutCredentials(header); !cmp.Equal(want, clean) || removed != nil {
		t.Errorf("%q were removed (-want +got):\n%s", removed, cmp.Diff(want, clean))
	}
	if allocations := testing.AllocsPerRun(100, func() { withoutCredentials(header) }); allocations > 1 { // the decoded Basic value
		t.Errorf("%v allocations", allocations)
	}
}

func TestQueriesLoseTokens(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                          "",
		"a=1&b=2":                   "a=1&b=2",
		"a=1&token=" + someSession:  "a=1",
		"token=" + someKey + "&b=2": "b=2",
		"x=%70is%5f" + someSession[len(sessionTokenPrefix):] + "&b=%zz": "b=%zz",
	} {
		if got := withoutTokens(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

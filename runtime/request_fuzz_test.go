package runtime_test

import (
	"net/http"
	"testing"

	"picloud/runtime"
)

// seeAll reads everything that a request can make a script parse, and answers
// what it saw where that has a JSON form.
const seeAll = `
local r = ctx.request
local seen = {query = r.query, all = r.query_all, cookies = r.cookies, headers = r.headers, json = r.is_json, body = r.body}
assert(type(r.body_raw) == "string")
local ok, text = pcall(json.encode, seen)
return ok and text or "not text: " .. tostring(text)`

// FuzzRequest feeds a script what any client may send. Whatever that is, the
// script runs: it ends well or at a limit, never in an error of ours.
func FuzzRequest(f *testing.F) {
	b := newBench(f, nil)
	script := b.endpoint("see-all", seeAll)
	f.Add("application/json", []byte(`{"temp":21.5,"tags":["a"],"none":null}`), "a=1&a=2&b", `sid=1; theme="dark"`)
	f.Add("application/x-www-form-urlencoded", []byte("PASSKEY=1&temp%66=70&&x="), "%zz=%4", "=; ;a")
	f.Add(`multipart/form-data; boundary=x`, []byte("--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n\xff\x00\r\n--x--"), "", "")
	f.Add(`multipart/form-data; boundary="a b"`, []byte("--a b\r\n\r\n--a b--"), "+=+", "")
	f.Add("", []byte("\xef\xbb\xbf[1,[2,[3]]]"), "q", "a=b=c")
	f.Add("text/plain; charset=\"", []byte("\xff\xfe"), "\xff=\xff", "\xff=\xff")
	f.Fuzz(func(t *testing.T, contentType string, body []byte, query, cookie string) {
		result := b.run(script, &runtime.Request{
			Method: "POST", Path: "/in", RawTarget: "/in?" + query, RawQuery: query, Host: "pi", Scheme: "http",
			Header: http.Header{"Content-Type": {contentType}, "Cookie": {cookie}}, Body: body,
		})
		if result.Err == nil && result.Status == http.StatusOK {
			return
		}
		if result.Err == nil || result.Status != http.StatusInsufficientStorage {
			t.Errorf("%q %q %q %q: %d %+v", contentType, body, query, cookie, result.Status, result.Err)
		}
	})
}

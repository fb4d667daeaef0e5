package runtime_test

import (
	"testing"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	const show = `return { ctx.request.body, ctx.request.is_json }`
	part := "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n--B--\r\n"
	for _, c := range []struct{ name, contentType, body, want string }{
		{"json", "application/json", `{"a":[]}`, `[{"a":[]},true]`},
		{"json suffix", "application/vnd.x+json; charset=utf-8", `[1]`, `[[1],true]`},
		{"json scalar", "application/json", `5`, `[5,true]`},
		{"BOM", "application/json", "\xef\xbb\xbf{}", `[{},true]`},
		{"empty json", "application/json", "", `["",false]`},
		{"not json", "application/json", `{"a":`, `["{\"a\":",false]`},
		{"form as json", "application/json", `a=1&b=x+y`, `[{"a":"1","b":"x y"},false]`},
		{"sentence as json", "application/json", `a = b`, `["a = b",false]`},
		{"form", "application/x-www-form-urlencoded", "a=1&a=2&b=%zz", `[{"a":"2","b":"%zz"},false]`},
		{"json as form", "application/x-www-form-urlencoded", ` {"a":1}`, `[{"a":1},true]`},
		{"untyped object", "", `{"a":1}`, `[{"a":1},true]`},
		{"untyped scalar", "", `12`, `["12",false]`},
		{"untyped form", "", `a=1`, `["a=1",false]`},
		{"text", "text/plain", "\xef\xbb\xbfhello", `["hello",false]`},
		{"xml", "application/xml", "<a/>", `["<a/>",false]`},
		{"other", "application/octet-stream", "abc", `["",false]`},
		{"bad multipart", "multipart/form-data; boundary=B", "nonsense", `["",false]`},
		{"odd type", "text/plain;;;", "x", `["x",false]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{t, b.store, b.engine, b.app}
			b.wantBody(show, post(c.contentType, c.body), c.want)
		})
	}
	b.wantBody(`local f = ctx.request.body.files.f
		return { ctx.request.body.fields.a, f.filename, f.type, #f.data, f.data:byte(2) }`,
		post("multipart/form-data; boundary=B", part), `["1","x.bin","image/png",2,255]`)
	b.wantBody(`return #ctx.request.body_raw .. ctx.request.body_raw:byte(1)`, post("application/json", "\xef\xbb\xbf{}"), "5239")
	b.wantBody(`ctx.request.body.a = 2 return ctx.request.body`, post("application/json", `{"a":1}`), `{"a":2}`)
}

package runtime

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/store"
)

// Bounds of what a script may set as response headers.
const (
	maxResponseHeaders     = 100
	maxResponseHeaderBytes = 32 << 10
)

// hopByHop are the headers that belong to the connection and not to the
// script (RFC 9110, 7.6.1).
var hopByHop = map[string]bool{
	"connection": true, "keep-alive": true, "proxy-authenticate": true, "proxy-authorization": true, "proxy-connection": true,
	"te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

// headers reads the headers field of a structured response: names to a string,
// a whole number, or a list of them for a header that is sent several times.
func (b *responseBuilder) headers(v lua.LValue) {
	if v == lua.LNil {
		return
	}
	table, ok := v.(*lua.LTable)
	if !ok {
		b.reject("headers is a %s and must be a table", v.Type())
		return
	}
	if real, frozen := luax.Real(b.L, table); frozen {
		table = real
	}
	for key, value := table.Next(lua.LNil); key != lua.LNil && b.why == ""; key, value = table.Next(key) {
		b.meter.Step(b.L, 1)
		name, ok := key.(lua.LString)
		if !ok {
			b.reject("headers has the key %s, which is not a string", clipText(key.String(), 64))
			return
		}
		b.header(string(name), value)
	}
}

func (b *responseBuilder) header(name string, value lua.LValue) {
	if list, ok := value.(*lua.LTable); ok {
		if real, frozen := luax.Real(b.L, list); frozen {
			list = real
		}
		for i := 1; i <= list.Len() && b.why == ""; i++ {
			b.meter.Step(b.L, 1)
			b.headerField(name, list.RawGetInt(i))
		}
		return
	}
	b.headerField(name, value)
}

func (b *responseBuilder) headerField(name string, value lua.LValue) {
	text, ok := headerText(value)
	switch shown := strconv.QuoteToASCII(clipText(name, 64)); {
	case !isToken(name):
		b.reject("%s is not a header name", shown)
	case hopByHop[lowerASCII(name)]:
		b.reject("header %s belongs to the connection and cannot be set", shown)
	case !ok:
		b.reject("header %s is a %s and must be a string, a whole number or a list of them", shown, value.Type())
	case !isFieldValue(text):
		b.reject("header %s has a line break or another control character in its value", shown)
	default:
		b.addHeader(name, text)
	}
}

// addHeader keeps one checked field. Content-Length is the server's to send:
// the right value is left out, a wrong one is found in checkLength.
func (b *responseBuilder) addHeader(name, value string) {
	b.headerBytes += len(name) + len(value)
	if len(b.result.Header) >= maxResponseHeaders || b.headerBytes > maxResponseHeaderBytes {
		b.reject("there are more than %d header fields or %d bytes of them", maxResponseHeaders, maxResponseHeaderBytes)
		return
	}
	switch lowerASCII(name) {
	case "content-length":
		b.contentLength = value
		return
	case "content-type":
		b.hasContentType = true
	}
	b.result.Header = append(b.result.Header, store.HeaderField{Name: name, Value: value})
}

func headerText(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return strings.Trim(string(v), " \t"), true
	case lua.LNumber:
		if float64(v) == math.Trunc(float64(v)) && math.Abs(float64(v)) <= luax.MaxInteger {
			return strconv.FormatInt(int64(v), 10), true
		}
	}
	return "", false
}

// isToken is RFC 9110's token, the grammar of header names.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isFieldValue refuses what could end the header or the whole head: CR, LF,
// NUL and the other control characters except the tab.
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

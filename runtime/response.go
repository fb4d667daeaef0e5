package runtime

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// The content types that a body gets when no header says otherwise (spec 2,
// "Request and response of a script").
const (
	typeJSON = "application/json"
	typeText = "text/plain; charset=utf-8"
)

// ResponseKeys are the keys of the structured form; the last two steer a delivery.
var ResponseKeys = []string{"statusCode", "headers", "body", keyFail, keyRetryAfter}

// keptScratch is the largest encoding buffer that a pooled state keeps.
const keptScratch = 64 << 10

// responseBuilder turns what a script returned into a Result. It runs under
// the script's meter and calls no metamethod.
type responseBuilder struct {
	L              *lua.LState
	meter          *meter.Meter
	result         *Result
	scratch        []byte // for encoding; reused by the state's next run
	maxBytes       int
	headerBytes    int
	contentLength  string
	hasContentType bool
	why            string // why the value is no valid response; "" when it is
	unknown        string // a key of the structured form that means nothing; "" when there is none
}

func (b *responseBuilder) reject(format string, args ...any) {
	if b.why == "" {
		b.why = fmt.Sprintf(format, args...)
	}
}

// build applies the response convention to v (spec 2): a table with statusCode
// is the structured form, nil is 204, all else is a 200 with v as its body.
func (b *responseBuilder) build(v lua.LValue) {
	if table, ok := v.(*lua.LTable); ok {
		if real, frozen := luax.Real(b.L, table); frozen {
			table = real
		}
		if status := table.RawGetString("statusCode"); status != lua.LNil {
			b.structured(table, status)
			return
		}
	}
	if v == lua.LNil {
		b.result.Status = http.StatusNoContent
		return
	}
	b.result.Status = http.StatusOK
	b.body("the returned value", v)
}

func (b *responseBuilder) structured(table *lua.LTable, status lua.LValue) {
	b.status(status)
	b.headers(table.RawGetString("headers"))
	if body := table.RawGetString("body"); body != lua.LNil && b.why == "" {
		b.body("body", body)
	}
	b.checkLength()
	b.findUnknown(table)
}

// findUnknown finds one key that means nothing, such as a misspelt body: the
// answer goes out without it, and its author would look long for the reason.
func (b *responseBuilder) findUnknown(table *lua.LTable) {
	for key, _ := table.Next(lua.LNil); key != lua.LNil; key, _ = table.Next(key) {
		name := key.String()
		if slices.Contains(ResponseKeys, name) {
			continue
		}
		if kind := key.Type(); kind != lua.LTString && kind != lua.LTNumber {
			name = kind.String() // others would show an address of memory
		}
		b.unknown = name
		return
	}
}

// status takes a whole number from 200 to 599: the 1xx are answers of the
// connection, which goes on after them.
func (b *responseBuilder) status(v lua.LValue) {
	number, ok := v.(lua.LNumber)
	if !ok || number != lua.LNumber(int(number)) || number < 200 || number > 599 {
		b.reject("statusCode must be a whole number from 200 to 599")
		return
	}
	b.result.Status = int(number)
}

func (b *responseBuilder) body(name string, v lua.LValue) {
	contentType := typeJSON
	if text, ok := v.(lua.LString); ok {
		contentType = typeText
		b.text(name, string(text))
	} else {
		b.json(name, v)
	}
	if b.why == "" && !b.hasContentType && len(b.result.Body) > 0 {
		b.result.Header = append(b.result.Header, store.HeaderField{Name: "Content-Type", Value: contentType})
	}
}

func (b *responseBuilder) text(name, text string) {
	if len(text) > b.maxBytes {
		b.reject("%s is longer than the %d bytes a response may have", name, b.maxBytes)
		return
	}
	b.meter.Step(b.L, len(text)/128)
	b.result.Body = []byte(text)
}

func (b *responseBuilder) json(name string, v lua.LValue) {
	encoded, err := luax.EncodeJSON(b.L, b.scratch[:0], v, b.maxBytes)
	if err != nil {
		var where *luax.EncodeError
		if errors.As(err, &where) {
			b.reject("%s", where.In(name))
			return
		}
		b.reject("%s cannot become JSON: %v", name, err)
		return
	}
	b.result.Body = append(make([]byte, 0, len(encoded)), encoded...)
	if cap(encoded) <= keptScratch {
		b.scratch = encoded
	}
}

// checkLength holds the structured form against what its status and its own
// Content-Length allow. 204 and 304 have no body (RFC 9110, 15.3.5 and
// 15.4.5): the server would cut it off, and the author would never know.
func (b *responseBuilder) checkLength() {
	status, length := b.result.Status, len(b.result.Body)
	if length > 0 && (status == http.StatusNoContent || status == http.StatusNotModified) {
		b.reject("status %d cannot have a body", status)
	}
	if b.contentLength != "" && b.contentLength != strconv.Itoa(length) {
		b.reject("content-length is %s but the body has %d bytes", b.contentLength, length)
	}
}

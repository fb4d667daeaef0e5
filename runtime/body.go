package runtime

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// bodyKind is how a body is read, from its Content-Type alone.
type bodyKind int

const (
	bodyOther bodyKind = iota // body is "", body_raw has the bytes
	bodyUntyped
	bodyJSON
	bodyForm
	bodyMultipart
	bodyText
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// body is ctx.request.body and is_json, worked out when a script first asks.
type body struct {
	read   bool
	value  lua.LValue
	isJSON bool
}

// kindOfBody reads a Content-Type. One that cannot be parsed counts by what
// stands before its first semicolon.
func kindOfBody(contentType string) (bodyKind, map[string]string) {
	if strings.TrimSpace(contentType) == "" {
		return bodyUntyped, nil
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch {
	case kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json"):
		return bodyJSON, nil
	case kind == "application/x-www-form-urlencoded":
		return bodyForm, nil
	case kind == "multipart/form-data":
		return bodyMultipart, parameters
	case strings.HasPrefix(kind, "text/") || kind == "application/xml" || strings.HasSuffix(kind, "+xml"):
		return bodyText, nil
	}
	return bodyOther, nil
}

// parseBody reads a body as spec 2 and 8 say. What is declared JSON but is
// none is looked at as a form, and the other way round, because devices
// mislabel both; what is neither stays text.
func (r *Run) parseBody(L *lua.LState) (value lua.LValue, isJSON bool) {
	raw := r.request.Body
	if len(raw) == 0 {
		return lua.LString(""), false
	}
	content := bytes.TrimPrefix(raw, byteOrderMark)
	kind, parameters := kindOfBody(r.request.Header.Get("Content-Type"))
	switch kind {
	case bodyJSON:
		if value, err := luax.DecodeJSON(L, content); err == nil {
			return value, true
		}
		if looksLikeForm(content) {
			return formTable(L, string(content)), false
		}
	case bodyForm:
		if value, ok := decodeContainer(L, content); ok {
			return value, true
		}
		return formTable(L, string(content)), false
	case bodyUntyped:
		if value, ok := decodeContainer(L, content); ok {
			return value, true
		}
	case bodyMultipart:
		if value, ok := r.multipart(L, parameters["boundary"]); ok {
			return value, false
		}
		return lua.LString(""), false
	case bodyOther:
		return lua.LString(""), false
	}
	return newString(L, content), false
}

// decodeContainer decodes a JSON object or array, nothing else.
func decodeContainer(L *lua.LState, content []byte) (lua.LValue, bool) {
	start := bytes.TrimLeft(content, " \t\r\n")
	if len(start) == 0 || start[0] != '{' && start[0] != '[' {
		return nil, false
	}
	value, err := luax.DecodeJSON(L, content)
	return value, err == nil
}

// looksLikeForm admits only what can hardly be anything else: one line of
// key=value pairs whose keys are plain names.
func looksLikeForm(content []byte) bool {
	if !utf8.Valid(content) || bytes.ContainsAny(content, " \t\r\n{}<>\"") {
		return false
	}
	for pair := range bytes.SplitSeq(content, []byte("&")) {
		name, _, found := bytes.Cut(pair, []byte("="))
		if !found || len(name) == 0 || len(bytes.Trim(name, formNameBytes)) > 0 {
			return false
		}
	}
	return true
}

const formNameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-[]%+"

// formTable decodes a form; of repeated names the last value wins, as in a query.
func formTable(L *lua.LState, encoded string) *lua.LTable {
	encoded = strings.TrimRight(encoded, "\r\n")
	charge := meter.From(L)
	charge.Step(L, len(encoded)/16)
	charge.ChargeMemory(L, len(encoded)+pairBytes*strings.Count(encoded, "&"))
	table := L.CreateTable(0, 4)
	eachPair(encoded, func(name, value string) bool {
		table.RawSetString(unescape(name), lua.LString(unescape(value)))
		return true
	})
	return table
}

// pairBytes is what one field of a table takes besides its text.
const pairBytes = 180

// newString makes a Lua string of bytes from outside, within the string limit.
func newString(L *lua.LState, b []byte) lua.LString {
	meter.From(L).ChargeString(L, len(b))
	return lua.LString(b)
}

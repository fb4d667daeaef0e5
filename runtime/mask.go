package runtime

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"picloud/store"
)

const (
	// minMasked is the shortest value that is masked: to replace each "1" or
	// "on" would garble every record and hide nothing that cannot be guessed.
	minMasked = 6
	// minTail is the shortest beginning of a value that is masked where a text
	// was cut off.
	minTail = 4
)

// Secret is the value of one of the app's secrets.
type Secret struct{ Name, Value string }

// masker puts «secret:NAME» in the place of the values it knows, also where
// they are written as JSON, in a URL, in hex or within base64. A nil one knows
// none.
type masker struct {
	known    []Secret
	needles  []needle
	replacer *strings.Replacer // nil until it is needed
}

// needle is one form of a value.
type needle struct{ text, mark string }

// add returns the masker with one more secret.
func (m *masker) add(secret Secret) *masker {
	if m == nil {
		m = &masker{}
	}
	if len(secret.Value) < minMasked || slices.Contains(m.known, secret) {
		return m
	}
	m.known = append(m.known, secret)
	mark := "«secret:" + secret.Name + "»"
	for _, form := range formsOf(secret.Value) {
		m.needles = append(m.needles, needle{form, mark})
	}
	m.replacer = nil
	return m
}

// knowsNone reports whether there is nothing to mask.
func (m *masker) knowsNone() bool { return m == nil || len(m.needles) == 0 }

// ready makes the replacer of all needles. Of two that fit at one place it
// takes the first, so the longest come first.
func (m *masker) ready() *strings.Replacer {
	if m.replacer == nil {
		slices.SortStableFunc(m.needles, func(a, b needle) int { return len(b.text) - len(a.text) })
		pairs := make([]string, 0, 2*len(m.needles))
		for _, each := range m.needles {
			pairs = append(pairs, each.text, each.mark)
		}
		m.replacer = strings.NewReplacer(pairs...)
	}
	return m.replacer
}

// formsOf are the ways to write a value that the record should not show.
func formsOf(value string) []string {
	forms := []string{value, jsonEscaped(value, true), jsonEscaped(value, false), url.QueryEscape(value), url.PathEscape(value),
		hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value)))}
	for offset := range 3 {
		core := base64Core(value, offset)
		forms = append(forms, core, strings.NewReplacer("+", "-", "/", "_").Replace(core))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

func jsonEscaped(value string, html bool) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(html)
	if encoder.Encode(value) != nil {
		return value // a string always encodes
	}
	return strings.Trim(text.String(), "\"\n")
}

// base64Core is what value looks like within the base64 of a longer text that
// it stands in, so many bytes behind a multiple of three: the characters that
// hold bits of value alone.
func base64Core(value string, offset int) string {
	encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), value...))
	return encoded[(offset*8+5)/6 : (offset+len(value))*8/6]
}

// text returns s without the values.
func (m *masker) text(s string) string {
	if m.knowsNone() {
		return s
	}
	return m.ready().Replace(s)
}

// clipped is text for what may have been cut off at so many bytes: a value
// whose beginning is the end of s goes too.
func (m *masker) clipped(s string, limit int) string {
	if m.knowsNone() || len(s) <= limit-utf8.UTFMax {
		return m.text(s)
	}
	s = m.text(s)
	for _, each := range m.needles {
		for length := min(len(each.text)-1, len(s)); length >= minTail; length-- {
			if strings.HasSuffix(s, each.text[:length]) {
				return s[:len(s)-length] + each.mark
			}
		}
	}
	return s
}

// json is text for JSON. Where a value was a number or crossed a boundary, what
// is left is no JSON any more and becomes a string.
func (m *masker) json(data json.RawMessage) json.RawMessage {
	masked := m.text(string(data))
	if json.Valid([]byte(masked)) {
		return json.RawMessage(masked)
	}
	quoted, err := json.Marshal(masked)
	if err != nil {
		return json.RawMessage("null") // a string always encodes
	}
	return quoted
}

// body is clipped for a recorded body, which may be base64.
func (m *masker) body(body string, isBase64 bool) string {
	if !isBase64 {
		return m.clipped(body, maxRecordedBody)
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return redacted // recordedBody wrote it
	}
	return base64.StdEncoding.EncodeToString([]byte(m.clipped(string(raw), maxRecordedBody)))
}

func (m *masker) headers(fields []store.HeaderField) {
	for i := range fields {
		fields[i].Name = m.text(fields[i].Name)
		fields[i].Value = m.clipped(fields[i].Value, maxRecordedHeader)
	}
}

// mask takes the secrets that the run has read, and those of its route's
// guards, out of everything that is kept of it. All that is stored, shown or
// handed on about a run passes here. shown says that people look at the answer.
func (r *record) mask(result *Result, shown bool) {
	m, e := r.secrets, &r.execution
	if m.knowsNone() {
		return
	}
	for i := range e.Logs {
		line := &e.Logs[i]
		line.Message = m.clipped(line.Message, maxLogLineBytes/2) // data may have half of a line
		if line.Data != nil {
			line.Data = m.json(line.Data)
		}
	}
	for i := range e.Queries {
		query := &e.Queries[i]
		query.Collection, query.Query, query.Plan = m.text(query.Collection), m.text(query.Query), m.text(query.Plan)
	}
	if e.Error != nil {
		e.Error.Message = m.clipped(e.Error.Message, maxErrorText)
		e.Error.Traceback = m.clipped(e.Error.Traceback, maxErrorText)
	}
	r.request.Path = m.clipped(r.request.Path, maxRecordedPath)
	r.request.Query = m.clipped(r.request.Query, maxRecordedPath)
	r.request.Body = m.body(r.request.Body, r.request.BodyBase64)
	m.headers(r.request.Headers)
	r.response.Body = m.body(r.response.Body, r.response.BodyBase64)
	m.headers(r.response.Headers)
	result.Steering.Fail = m.clipped(result.Steering.Fail, maxErrorText)
	if result.Err != nil {
		result.Err.Message = m.clipped(result.Err.Message, maxErrorText)
	}
	if shown {
		m.result(result)
	}
}

// result masks the answer of a test run, which people look at. A caller of the
// script gets what the script returned.
func (m *masker) result(result *Result) {
	result.Body = []byte(m.text(string(result.Body)))
	for i := range result.Header {
		result.Header[i].Name, result.Header[i].Value = m.text(result.Header[i].Name), m.text(result.Header[i].Value)
	}
}

package runtime

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"picloud/store"
)

const password = `p@ss "wörd"+/é<\x`

func TestMaskerKnowsTheFormsOfAValue(t *testing.T) {
	t.Parallel()
	var m *masker
	m = m.add(Secret{"PASSWORD", password}).add(Secret{"PASSWORD", password}).add(Secret{"OTHER", "another value"})
	quoted, err := json.Marshal(password)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as it is": password, "query": url.QueryEscape(password), "path": url.PathEscape(password),
		"JSON": strings.Trim(string(quoted), `"`), "JSON as scripts write it": strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(password),
		"hex": hex.EncodeToString([]byte(password)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(password))),
	} {
		if got := m.text("a " + text + " b"); got != "a «secret:PASSWORD» b" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, before := range []string{"", "a", "ab", "abc", "user:"} {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString([]byte(before + password + " after"))
			if got := m.text(encoded); !strings.Contains(got, "«secret:PASSWORD»") {
				t.Errorf("after %q: %q", before, got)
			}
		}
	}
	if got := m.text("another value, another valu"); got != "«secret:OTHER», another valu" {
		t.Errorf("got %q", got)
	}
}

func TestMaskerAndValuesWithinValues(t *testing.T) {
	t.Parallel()
	for _, order := range [][]Secret{
		{{"SHORT", "password"}, {"LONG", "my-password-is-long"}},
		{{"LONG", "my-password-is-long"}, {"SHORT", "password"}},
	} {
		var m *masker
		for _, secret := range order {
			m = m.add(secret)
		}
		if got := m.text("my-password-is-long password"); got != "«secret:LONG» «secret:SHORT»" {
			t.Errorf("got %q", got)
		}
	}
}

func TestMaskerLeavesShortValues(t *testing.T) {
	t.Parallel()
	var m *masker
	if m = m.add(Secret{"PIN", "12345"}); m.text("12345") != "12345" || !m.knowsNone() {
		t.Error("a value of five bytes is masked")
	}
	if m = m.add(Secret{"PIN", "123456"}); m.text("x123456x") != "x«secret:PIN»x" {
		t.Error("a value of six bytes is not masked")
	}
}

func TestMaskerAtACut(t *testing.T) {
	t.Parallel()
	m := (*masker)(nil).add(Secret{"TOKEN", "abcdefghij"})
	for text, want := range map[string]string{
		strings.Repeat(".", 95) + "abcde":      strings.Repeat(".", 95) + "«secret:TOKEN»",
		strings.Repeat(".", 96) + "abcd":       strings.Repeat(".", 96) + "«secret:TOKEN»",
		strings.Repeat(".", 97) + "abc":        strings.Repeat(".", 97) + "abc",
		strings.Repeat(".", 90) + "abcdefghij": strings.Repeat(".", 90) + "«secret:TOKEN»",
		"abcde":                                "abcde", // nothing was cut off
	} {
		if got := m.clipped(text, 100); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestMaskedJSONStaysJSON(t *testing.T) {
	t.Parallel()
	m := (*masker)(nil).add(Secret{"PIN", "1234567"}).add(Secret{"ODD", `a":"b","c`})
	for data, want := range map[string]string{
		`{"pin":"1234567"}`:          `{"pin":"«secret:PIN»"}`,
		`{"pin":1234567}`:            `"{\"pin\":«secret:PIN»}"`,
		`{"a":"b","c":1}`:            `{"«secret:ODD»":1}`,
		`{"n":[1,2],"ok":"a\":\"b"}`: `{"n":[1,2],"ok":"a\":\"b"}`,
	} {
		got := m.json(json.RawMessage(data))
		if string(got) != want || !json.Valid(got) {
			t.Errorf("%s became %s, want %s", data, got, want)
		}
	}
}

// Every text of a record that can hold a value is masked.
func TestMaskOfARecord(t *testing.T) {
	t.Parallel()
	const value = "hunter2-hunter2"
	binary := base64.StdEncoding.EncodeToString([]byte("\xff" + value + "\xfe"))
	fields := func() []store.HeaderField { return []store.HeaderField{{Name: "x-a", Value: "a " + value}} }
	r := &record{secrets: (*masker)(nil).add(Secret{"TOKEN", value})}
	r.request = store.RecordedRequest{Path: "/h/" + value, Query: "a=" + value, Body: binary, BodyBase64: true, Headers: fields()}
	r.response = store.RecordedResponse{Body: value, Headers: fields()}
	r.execution = store.Execution{Request: &r.request, Response: &r.response, InvocationType: "test",
		Error: &store.ExecutionError{Message: value, Traceback: value},
		Logs:  []store.LogLine{{Message: value, Data: json.RawMessage(`{"a":"` + value + `"}`)}}}
	result := &Result{Body: []byte(value), Header: fields(), Err: &Error{Message: value}}
	r.mask(result, true)
	text, err := json.Marshal([]any{r.execution, result})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") || strings.Count(string(text), "«secret:TOKEN»") != 11 {
		t.Errorf("the record is %s", text)
	}
	for _, body := range []string{r.request.Body, base64.StdEncoding.EncodeToString(result.Body)} {
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil || !strings.Contains(string(raw), "«secret:TOKEN»") || strings.Contains(string(raw), value) {
			t.Errorf("a body is %q", raw)
		}
	}
}

// FuzzMask: whatever stands around it, no value of six bytes or more is left.
func FuzzMask(f *testing.F) {
	f.Add("hunter2", "a ", " b")
	f.Add(password, "\"", "+")
	f.Add("aaaaaa", "aaaaa", "aaaaaaaa")
	f.Fuzz(func(t *testing.T, value, before, after string) {
		if strings.Contains("«secret:N»", value) {
			return
		}
		m := (*masker)(nil).add(Secret{"N", value})
		for _, form := range formsOf(value) {
			if got := m.text(before + form + after); len(value) >= minMasked && strings.Count(got, "«secret:N»") == 0 {
				t.Fatalf("%q is left in %q", form, got)
			}
		}
		if data := m.json(json.RawMessage(jsonText(t, before+value+after))); !json.Valid(data) {
			t.Fatalf("%s is no JSON", data)
		}
	})
}

func jsonText(t *testing.T, s string) []byte {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// BenchmarkMask is what one secret adds to a run with an ordinary record.
func BenchmarkMask(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := &record{secrets: (*masker)(nil).add(Secret{"TOKEN", "0123456789abcdef0123456789abcdef"})}
		r.request = store.RecordedRequest{Path: "/hook", Query: "room=hall", Body: `{"temperature":21.5}`}
		r.response = store.RecordedResponse{Body: `{"ok":true}`}
		r.execution = store.Execution{Logs: []store.LogLine{{Message: "sent"}}}
		r.mask(&Result{}, false)
	}
}

package runtime

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"reflect"
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

// closed are the fields of a record whose words are PiCloud's own, or of the
// script's head.
var closed = map[string]bool{"RequestID": true, "InvocationType": true, "Status": true, "Code": true, "Script": true, "Level": true, "Method": true}

// fill puts text into every string below v, except those that are closed, and
// counts them.
func fill(v reflect.Value, text string) (count int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if !closed[v.Type().Field(i).Name] && v.Field(i).CanSet() {
				count += fill(v.Field(i), text)
			}
		}
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		count = fill(v.Elem(), text)
	case reflect.String:
		v.SetString(text)
		count = 1
	case reflect.Slice:
		switch v.Type().Elem().Kind() {
		case reflect.Uint8:
			v.SetBytes([]byte(`{"a":"` + text + `"}`))
			count = 1
		default:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			count = fill(v.Index(0), text)
		}
	}
	return count
}

// Every text of a record and of a result that can hold a value is masked, also
// one that is added to them some day.
func TestMaskOfARecord(t *testing.T) {
	t.Parallel()
	const value = "hunter2-hunter2"
	r := &record{secrets: (*masker)(nil).add(Secret{"TOKEN", value})}
	r.execution.Request, r.execution.Response = &r.request, &r.response
	result := &Result{}
	count := fill(reflect.ValueOf(&r.execution), "a "+value) + fill(reflect.ValueOf(result), value)
	result.Execution, result.Path = nil, "" // made of the record once it is masked
	r.request.BodyBase64 = true
	r.request.Body = base64.StdEncoding.EncodeToString([]byte("\xff" + value + "\xfe"))
	r.mask(result, true)
	raw, err := base64.StdEncoding.DecodeString(r.request.Body)
	if err != nil || !strings.Contains(string(raw), "«secret:TOKEN»") {
		t.Errorf("the request's body is %q, %v", raw, err)
	}
	shown, err := json.Marshal([]any{string(raw), r.execution, result, string(result.Body)})
	if all := string(shown); err != nil || count < 30 || strings.Contains(all, "hunter2") || strings.Count(all, "«secret:TOKEN»") < 20 {
		t.Errorf("of %d texts, %v: %s", count, err, all)
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

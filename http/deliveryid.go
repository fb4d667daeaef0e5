package http

import (
	"bytes"
	"encoding/json"
	"strings"

	"picloud/runtime/signature"
)

// maxIDDepth is how deep in a JSON body a delivery's id may stand.
const maxIDDepth = 8

// deliveryIDFrom returns the function that finds a delivery's id: in a header,
// the query or a form by name, or in the body by the dotted path of a JSON
// field, which for a form is its name.
func deliveryIDFrom(where string) (func(*signature.Message) (string, bool), error) {
	path, inBody := strings.CutPrefix(where, "body:")
	if !inBody {
		find, err := signature.Locate("dedupe.from", where)
		if err != nil {
			return nil, wrongIDPlace()
		}
		return find, nil
	}
	names := strings.Split(path, ".")
	inForm, err := signature.Locate("dedupe.from", "form:"+path)
	if err != nil || len(names) > maxIDDepth {
		return nil, wrongIDPlace()
	}
	return func(m *signature.Message) (string, bool) {
		content := bytes.TrimLeft(bytes.TrimPrefix(m.Body, []byte("\xef\xbb\xbf")), " \t\r\n")
		if len(content) == 0 || content[0] != '{' {
			return inForm(m)
		}
		return jsonText(content, names)
	}, nil
}

func wrongIDPlace() error {
	return invalidField("dedupe.from", `dedupe.from is "header:NAME", "query:NAME", "form:NAME" or "body:PATH" such as body:data.id`)
}

// jsonText returns the text or number at a path of JSON. It keeps nothing of
// what lies beside the path but a copy of its bytes.
func jsonText(raw json.RawMessage, names []string) (string, bool) {
	for _, name := range names {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return "", false
		}
		raw = object[name]
	}
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] == '"' {
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err == nil && text != ""
	}
	number := raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
	return string(raw), number
}

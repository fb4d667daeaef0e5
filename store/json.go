package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxJSONDepth is the nesting that scripts can read and write (spec 3, "JSON and Lua").
const maxJSONDepth = 128

// CanonicalJSON checks that a JSON value from outside is one that scripts can
// read, and returns it without white space. Refused, as KindInvalid
// "invalid_json": more than 128 levels, repeated names in one object, numbers
// beyond the range of a double, text that is not UTF-8, half a surrogate pair.
func CanonicalJSON(data []byte) (json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, invalidJSON("holds text that is not UTF-8")
	}
	checker := jsonChecker{decoder: json.NewDecoder(bytes.NewReader(data))}
	checker.decoder.UseNumber()
	if err := checker.value(0); err != nil {
		return nil, err
	}
	if _, err := checker.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, invalidJSON("is followed by something else")
	}
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil {
		return nil, invalidJSON("is not valid JSON")
	}
	if halfSurrogate(out.Bytes()) {
		return nil, invalidJSON("holds half a surrogate pair")
	}
	return out.Bytes(), nil
}

func invalidJSON(format string, args ...any) error {
	return Errorf(KindInvalid, "invalid_json", "the JSON value %s", fmt.Sprintf(format, args...))
}

type jsonChecker struct{ decoder *json.Decoder }

func (c jsonChecker) value(depth int) error {
	token, err := c.decoder.Token()
	if err != nil {
		return invalidJSON("is not valid JSON")
	}
	switch token := token.(type) {
	case json.Number:
		if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
			return invalidJSON("holds the number %.40s, which is too large", token)
		}
	case json.Delim:
		if depth++; depth > maxJSONDepth {
			return invalidJSON("is nested deeper than %d levels", maxJSONDepth)
		}
		return c.members(token == '{', depth)
	}
	return nil
}

func (c jsonChecker) members(object bool, depth int) error {
	names := make(map[string]struct{})
	for c.decoder.More() {
		if object {
			token, err := c.decoder.Token()
			name, ok := token.(string)
			if err != nil || !ok {
				return invalidJSON("is not valid JSON")
			}
			if _, repeated := names[name]; repeated {
				return invalidJSON("has the name %.64q twice in one object", name)
			}
			names[name] = struct{}{}
		}
		if err := c.value(depth); err != nil {
			return err
		}
	}
	if _, err := c.decoder.Token(); err != nil {
		return invalidJSON("is not valid JSON")
	}
	return nil
}

// halfSurrogate looks for an escape such as \ud83d without its other half,
// which Go's decoder would replace in silence. data is valid JSON.
func halfSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		first := escapedRune(data[i+1:])
		i += 4
		if !utf16.IsSurrogate(first) {
			continue
		}
		if i+6 >= len(data) || data[i+1] != '\\' || data[i+2] != 'u' || utf16.DecodeRune(first, escapedRune(data[i+3:])) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// escapedRune reads the four hexadecimal digits that data begins with.
func escapedRune(data []byte) rune {
	value, err := strconv.ParseUint(string(data[:4]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(value)
}

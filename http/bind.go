package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// maxControlBody caps a body of the control plane: four times the longest
// script, so that JSON escapes fit.
const maxControlBody = 1 << 20

// maxScriptBody caps a body with a script's source: 4 MiB of source at six
// bytes an escape. A far too long source is told how long it may be, and not
// only that the request is too large.
const maxScriptBody = 25 << 20

// bind reads the request body, and nothing else of the request, into target, a
// pointer to a struct. Names are compared exactly.
func bind(c echo.Context, target any) error { return bindUpTo(c, maxControlBody, target) }

// bindUpTo is bind with another cap.
func bindUpTo(c echo.Context, most int64, target any) error {
	if err := requireJSON(c.Request().Header.Get(echo.HeaderContentType)); err != nil {
		return err
	}
	body, err := readBody(c, most)
	if err != nil {
		return err
	}
	return decodeStrict(body, "", target)
}

// bindOptional is bind for a call whose body may be left out.
func bindOptional(c echo.Context, target any) error {
	if c.Request().ContentLength == 0 {
		return nil
	}
	return bind(c, target)
}

// requireJSON also keeps forms of other sites out: a browser sends this type
// only after asking.
func requireJSON(contentType string) error {
	media, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	if err == nil && media == "application/json" && (charset == "" || charset == "utf-8") {
		return nil
	}
	return store.Errorf(store.KindInvalid, "wrong_content_type", "send the body as Content-Type: application/json")
}

// decodeStrict decodes one JSON object. prefix is put before the names of
// fields in errors, for an object inside another.
func decodeStrict(data []byte, prefix string, target any) error {
	if !utf8.Valid(data) { // the decoder would put other characters in place of what is not
		return store.Errorf(store.KindInvalid, "bad_json", "the body is not UTF-8")
	}
	var raw any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&raw); err != nil {
		return badJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return store.Errorf(store.KindInvalid, "bad_json", "something follows the JSON object in the body")
	}
	if _, ok := raw.(map[string]any); !ok {
		return wrongType(strings.TrimSuffix(prefix, "."), "an object", raw)
	}
	if name := unknownField(raw, reflect.TypeOf(target), prefix); name != "" {
		return fieldError(store.KindInvalid, "unknown_field", name, "there is no field %q here", name)
	}
	return typed(json.Unmarshal(data, target), prefix)
}

func badJSON(err error) error {
	message := "the body is not valid JSON"
	switch {
	case errors.Is(err, io.EOF):
		message = "the body is empty; send a JSON object"
	case errors.Is(err, io.ErrUnexpectedEOF):
		message = "the JSON in the body ends early"
	}
	failure := store.Errorf(store.KindInvalid, "bad_json", "%s", message)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		failure.Details = map[string]any{"offset": syntax.Offset}
	}
	return failure
}

// typed names the field that err, of json.Unmarshal, complains about.
func typed(err error, prefix string) error {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		field := prefix + mismatch.Field
		return fieldError(store.KindInvalid, "wrong_type", field, "field %q must be %s, not %s", field, kindName(mismatch.Type), article(mismatch.Value))
	}
	if err != nil {
		return &store.Error{Kind: store.KindInvalid, Code: "bad_json", Message: "a field of the body has the wrong form", Err: err}
	}
	return nil
}

func wrongType(field, want string, got any) error {
	what := article(jsonType(got))
	if field == "" {
		return store.Errorf(store.KindInvalid, "wrong_type", "the body must be %s, not %s", want, what)
	}
	return fieldError(store.KindInvalid, "wrong_type", field, "field %q must be %s, not %s", field, want, what)
}

// fieldError is an error about one field of a body, which its details name.
func fieldError(kind store.Kind, code, field, format string, args ...any) *store.Error {
	failure := store.Errorf(kind, code, format, args...)
	failure.Details = map[string]any{"field": field}
	return failure
}

// invalidField says that a field is well-formed but not acceptable.
func invalidField(field, format string, args ...any) *store.Error {
	return fieldError(store.KindInvalid, "invalid", field, format, args...)
}

// unknownField returns the path of the first name in value that has no place
// in shape, or "".
func unknownField(value any, shape reflect.Type, prefix string) string {
	for shape.Kind() == reflect.Pointer {
		shape = shape.Elem()
	}
	object, ok := value.(map[string]any)
	if !ok || shape.Kind() != reflect.Struct {
		return ""
	}
	fields := jsonFields(shape)
	for _, name := range sortedKeys(object) {
		inner, known := fields[name]
		if !known {
			return prefix + name
		}
		if found := unknownField(object[name], inner, prefix+name+"."); found != "" {
			return found
		}
	}
	return ""
}

func jsonFields(shape reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, shape.NumField())
	for field := range shape.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field.Type
	}
	return fields
}

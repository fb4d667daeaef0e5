package http

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

func sortedKeys(object map[string]any) []string {
	return slices.Sorted(maps.Keys(object))
}

// kindName says in JSON's words what a Go type accepts.
func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice, reflect.Array:
		return "a list"
	default:
		return "an object"
	}
}

// jsonType names the JSON type of a decoded value.
func jsonType(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// article puts a JSON type as encoding/json names it into words.
func article(jsonType string) string {
	kind, _, _ := strings.Cut(jsonType, " ") // "number 1.5"
	switch kind {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	case "null":
		return "null"
	default:
		return "a " + jsonType
	}
}

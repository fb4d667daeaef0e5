package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// all reads an object whose every member must hold.
func (p *queryParser) all(at string, raw any, depth int) (condition, error) {
	object, ok := raw.(map[string]any)
	if !ok {
		return condition{}, invalidQuery("%s must be an object of fields and conditions", at)
	}
	if depth > maxQueryDepth {
		return condition{}, invalidQuery("%s is nested deeper than %d levels", at, maxQueryDepth)
	}
	both := condition{op: "all"}
	for _, name := range sortedNames(object) {
		var part condition
		var err error
		switch name {
		case "all", "any":
			part, err = p.combination(at+"."+name, name, object[name], depth+1)
		case "not":
			part, err = p.all(at+".not", object[name], depth+1)
			part = condition{op: "not", parts: []condition{part}}
		default:
			part, err = p.comparisons(at, name, object[name])
		}
		if err != nil {
			return both, err
		}
		both.parts = append(both.parts, part)
	}
	return both, nil
}

// combination reads the list of all or any.
func (p *queryParser) combination(at, op string, raw any, depth int) (condition, error) {
	items, ok := list(raw)
	if !ok {
		return condition{}, invalidQuery("%s must be a list of conditions", at)
	}
	combined := condition{op: op}
	for i, item := range items {
		part, err := p.all(fmt.Sprintf("%s[%d]", at, i+1), item, depth)
		if err != nil {
			return combined, err
		}
		combined.parts = append(combined.parts, part)
	}
	return combined, nil
}

// list reads a list. An empty Lua table arrives as an empty object.
func list(raw any) ([]any, bool) {
	if object, ok := raw.(map[string]any); ok && len(object) == 0 {
		return nil, true
	}
	items, ok := raw.([]any)
	return items, ok
}

// comparisons reads what one field must be: a value, or an object of operators.
func (p *queryParser) comparisons(at, name string, raw any) (condition, error) {
	place, err := parseField(name)
	if err != nil {
		return condition{}, err
	}
	at += "." + clipName(name)
	object, ok := raw.(map[string]any)
	if !ok {
		object = map[string]any{"eq": raw}
	}
	if len(object) == 0 {
		return condition{}, invalidQuery("%s is empty; give a value or an operator", at)
	}
	both := condition{op: "all"}
	for _, op := range sortedNames(object) {
		if !slices.Contains(operators, op) {
			return both, invalidQuery("%s: unknown operator %.64q (known: %s)", at, op, strings.Join(operators, ", "))
		}
		part, err := p.comparison(at, place, op, object[op])
		if err != nil {
			return both, err
		}
		both.parts = append(both.parts, part)
	}
	return both, nil
}

// clipName shortens a name for an error or a plan.
func clipName(name string) string {
	const longest = 64 // bytes
	if len(name) > longest {
		return clipBytes(name, longest) + "…"
	}
	return name
}

func (p *queryParser) comparison(at string, place field, op string, raw any) (condition, error) {
	if p.terms++; p.terms > maxQueryTerms {
		return condition{}, invalidQuery("a query has at most %d comparisons", maxQueryTerms)
	}
	raws := []any{raw}
	if op == "in" || op == "not_in" {
		items, ok := list(raw)
		if !ok {
			return condition{}, invalidQuery("%s: %s needs a list of values", at, op)
		}
		raws = items
	}
	if p.values += len(raws); p.values > maxQueryValues {
		return condition{}, invalidQuery("a query has at most %d values", maxQueryValues)
	}
	made := condition{op: op, field: place}
	for _, raw := range raws {
		value, ok := scalar(raw)
		if !ok {
			return made, invalidQuery("%s: %s cannot compare with a list or an object", at, op)
		}
		made.values = append(made.values, value)
	}
	if err := made.check(at); err != nil {
		return made, err
	}
	return made, made.bindColumn(at)
}

// scalar returns a value as SQLite takes it.
func scalar(raw any) (any, bool) {
	switch v := raw.(type) {
	case nil, bool, string:
		return v, true
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n, true
		}
		f, err := strconv.ParseFloat(v.String(), 64)
		return f, err == nil
	}
	return nil, false
}

// check refuses operands that an operator can do nothing with.
func (c *condition) check(at string) error {
	if len(c.values) == 0 {
		return nil // in an empty list: never true
	}
	_, isText := c.values[0].(string)
	_, isBool := c.values[0].(bool)
	ordered := isText || !isBool && c.values[0] != nil
	switch c.op {
	case "exists":
		if !isBool {
			return invalidQuery("%s: exists needs true or false", at)
		}
	case "gt", "gte", "lt", "lte":
		if !ordered {
			return invalidQuery("%s: %s needs a number or a string", at, c.op)
		}
	case "starts_with":
		if !isText {
			return invalidQuery("%s: starts_with needs a string", at)
		}
	}
	return nil
}

// bindColumn brings operands into the form in which a column is stored, and
// refuses operators that would mean something else there.
func (c *condition) bindColumn(at string) error {
	column := c.field.column
	if column == "" || c.op == "exists" {
		return nil
	}
	if c.op == "contains" || c.op == "starts_with" || column == "id" && !slices.Contains([]string{"eq", "ne", "in", "not_in"}, c.op) {
		return invalidQuery("%s: %s cannot be used on a document's own %s", at, c.op, column)
	}
	for i, value := range c.values {
		text, isText := value.(string)
		switch {
		case column == "id" && isText:
			c.values[i] = storedID(text)
		case column == "id" || column == "rev":
		case !isText:
			return invalidQuery("%s: %s is compared with a time such as \"2006-01-02T15:04:05Z\"", at, column)
		default:
			moment, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return invalidQuery("%s: %.64q is not a time such as \"2006-01-02T15:04:05Z\"", at, text)
			}
			c.values[i] = int64(TimeOf(moment))
		}
	}
	return nil
}

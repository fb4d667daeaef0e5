package luax

import (
	"fmt"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// Options are the fields of one options table, checked for unknown keys.
type Options struct {
	args  Args
	table *lua.LTable // nil when the argument was left out
}

// Options reads the options table at n (absent or nil means none) and raises
// on a key that known does not list, naming the key and the known ones.
func (a Args) Options(n int, name string, known ...string) Options {
	options := Options{args: a, table: a.OptTable(n, name)}
	options.refuseUnknown(fmt.Sprintf("argument %d (%s)", n, name), known)
	return options
}

func (o Options) refuseUnknown(where string, known []string) {
	if o.table == nil {
		return
	}
	L := o.args.L
	for key, _ := o.table.Next(lua.LNil); key != lua.LNil; key, _ = o.table.Next(key) {
		meter.From(L).Step(L, 1)
		field, ok := key.(lua.LString)
		if !ok || !slices.Contains(known, string(field)) {
			L.RaiseError("%s: %s has the unknown key %s (known: %s)", o.args.Func, where, keyText(key), strings.Join(known, ", "))
		}
	}
}

// Any returns a field of any type, or nil.
func (o Options) Any(key string) lua.LValue {
	if o.table == nil {
		return lua.LNil
	}
	return o.table.RawGetString(key)
}

// Has reports whether the field is set.
func (o Options) Has(key string) bool { return o.Any(key) != lua.LNil }

// String returns a field that must be a string, or def when it is not set.
func (o Options) String(key, def string) string {
	switch value := o.Any(key).(type) {
	case lua.LString:
		return string(value)
	default:
		o.check(key, "a string")
		return def
	}
}

// Int returns a field that must be a whole number within ±2^53, or def.
func (o Options) Int(key string, def int64) int64 {
	if value, ok := wholeNumber(o.Any(key)); ok {
		return value
	}
	o.check(key, "a whole number")
	return def
}

// Number returns a field that must be a number and not NaN, or def.
func (o Options) Number(key string, def float64) float64 {
	if value, ok := o.Any(key).(lua.LNumber); ok && !math.IsNaN(float64(value)) {
		return float64(value)
	}
	o.check(key, "a number")
	return def
}

// OneOf returns a field that must be one of words, or def when it is not set.
func (o Options) OneOf(key, def string, words ...string) string {
	word := o.String(key, def)
	if !slices.Contains(words, word) {
		o.args.L.RaiseError("%s: option %q must be one of %s, got %q", o.args.Func, key, strings.Join(words, ", "), Clip(word))
	}
	return word
}

// Bool returns a field that must be true or false, or def.
func (o Options) Bool(key string, def bool) bool {
	if value, ok := o.Any(key).(lua.LBool); ok {
		return bool(value)
	}
	o.check(key, "true or false")
	return def
}

// Table returns a field that must be a table, or nil when it is not set.
func (o Options) Table(key string) *lua.LTable {
	if value, ok := o.Any(key).(*lua.LTable); ok {
		if real, frozen := Real(o.args.L, value); frozen {
			return real
		}
		return value
	}
	o.check(key, "a table")
	return nil
}

// check raises unless the field, found not to be what was wanted, is not set.
func (o Options) check(key, wanted string) {
	if value := o.Any(key); value != lua.LNil {
		o.args.L.RaiseError("%s: option %q must be %s, got %s", o.args.Func, key, wanted, given(value, wanted))
	}
}

// Options returns a field that must be a table, checked for unknown keys as the
// options themselves are; without fields when it is not set.
func (o Options) Options(key string, known ...string) Options {
	inner := Options{args: o.args, table: o.Table(key)}
	inner.refuseUnknown(fmt.Sprintf("option %q", key), known)
	return inner
}

// Item is Options for one item of a list that the field key holds.
func (o Options) Item(key string, item lua.LValue, known ...string) Options {
	table, ok := item.(*lua.LTable)
	if !ok {
		o.args.L.RaiseError("%s: option %q must be a list of tables, got a %s in it", o.args.Func, key, item.Type())
	}
	if real, frozen := Real(o.args.L, table); frozen {
		table = real
	}
	inner := Options{args: o.args, table: table}
	inner.refuseUnknown(fmt.Sprintf("an item of option %q", key), known)
	return inner
}

package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// ToString is Lua's tostring: it calls __tostring, which must answer a string or
// a number, and raises otherwise.
func ToString(L *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(v)
	case lua.LBool:
		return v.String()
	}
	handler := L.GetMetaField(v, "__tostring")
	if handler == lua.LNil {
		return v.String()
	}
	switch text := call(L, handler, v).(type) {
	case lua.LString:
		return string(text)
	case lua.LNumber:
		return FormatNumber(text)
	}
	L.RaiseError("'__tostring' must return a string")
	return ""
}

// call calls f with arguments and answers its first result.
func call(L *lua.LState, f lua.LValue, arguments ...lua.LValue) lua.LValue {
	if fn, ok := f.(*lua.LFunction); ok && fn.IsG {
		meter.From(L).Step(L, 1) // a Go function executes no instruction of its own
	}
	L.Push(f)
	pushAll(L, arguments)
	L.Call(len(arguments), 1)
	result := L.Get(-1)
	L.Pop(1)
	return result
}

// asText answers the text of a string or a number without calling anything.
func asText(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return FormatNumber(v), true
	}
	return "", false
}

// buffer builds a string piece by piece and charges its memory before it grows.
type buffer struct {
	L     *lua.LState
	meter *meter.Meter
	limit int // bytes of the longest string
	text  strings.Builder
}

func newBuffer(L *lua.LState) buffer {
	m := meter.From(L)
	return buffer{L: L, meter: m, limit: m.Limits().StringBytes}
}

func (b *buffer) reserve(n int) {
	total := b.text.Len() + n
	if total > b.limit {
		b.meter.ChargeString(b.L, total) // raises
	}
	if total <= b.text.Cap() {
		return
	}
	size := 2*b.text.Cap() + n // what strings.Builder.Grow makes
	b.meter.ChargeMemory(b.L, size)
	b.meter.Step(b.L, size>>7)
	b.text.Grow(n)
}

func (b *buffer) add(s string) {
	b.reserve(len(s))
	b.text.WriteString(s)
}

func (b *buffer) addByte(c byte) {
	b.reserve(1)
	b.text.WriteByte(c)
}

func (b *buffer) fill(c byte, n int) {
	b.reserve(max(n, 0))
	for ; n > 0; n-- {
		b.text.WriteByte(c)
	}
}

// hold shows what has been written so far to the memory walk while a script's
// function runs: nested calls would hide a string each. The result goes to Release.
func (b *buffer) hold() int {
	const small = 4096
	if b.text.Len() < small {
		return 0
	}
	b.meter.Hold(lua.LString(b.text.String()))
	return 1
}

// toString is ToString for a value that is about to be written.
func (b *buffer) toString(v lua.LValue) string {
	if text, ok := asText(v); ok {
		return text
	}
	held := b.hold()
	text := ToString(b.L, v)
	b.meter.Release(held)
	return text
}

// pushString pushes a new string.
func pushString(L *lua.LState, s string) {
	if s == "" {
		L.Push(emptyString)
		return
	}
	L.Push(lua.LString(s))
}

// part answers s[from:to]. A small part of a large string is copied, because it
// would keep the whole alive without the memory walk seeing it.
func part(L *lua.LState, s string, from, to int) string {
	const small = 256
	n := to - from
	if len(s) <= small || n >= len(s)/2 {
		return s[from:to]
	}
	if n > small {
		meter.From(L).ChargeString(L, n)
	}
	return strings.Clone(s[from:to])
}

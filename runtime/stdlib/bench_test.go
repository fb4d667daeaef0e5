package stdlib_test

import (
	"fmt"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkCall reports the cost of one library call inside a Lua loop.
func BenchmarkCall(b *testing.B) {
	for _, call := range []string{
		"", `string.len("abc")`, `pcall(type, 1)`, `pcall(f)`, `tostring(12)`, `s:sub(2, 3)`, `s:find("l+")`, `s:gsub("l", "x")`,
		`string.format("%d %s", 5, s)`, `local x = s .. i`, `table.insert(t, 1) t[1] = nil`, `c()`, `math.floor(1.5)`, `type(s)`, `pairs(t)`,
	} {
		b.Run(call, func(b *testing.B) {
			m := newMachine(b)
			m.limits.Instructions, m.limits.Wall, m.limits.MemoryBytes = 1<<60, time.Hour, 1<<30
			source := fmt.Sprintf(`local n, s, t, f = ctx, "hello", {}, function() end
				local c = coroutine.wrap(function() while true do coroutine.yield() end end)
				for i = 1, n do %s end`, call)
			proto, err := compileSource(m.lib, source)
			if err != nil {
				b.Fatal(err)
			}
			L, metered := m.start()
			defer L.Close()
			defer metered.Finish()
			fn := L.NewFunctionFromProto(proto)
			fn.Env = L.Env
			b.ReportAllocs()
			b.ResetTimer()
			L.Push(fn)
			L.Push(lua.LNumber(b.N))
			L.Push(L.Env)
			L.Call(2, 0)
		})
	}
}

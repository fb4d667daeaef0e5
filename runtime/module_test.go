package runtime_test

import (
	"context"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
)

func panicModule() runtime.Module {
	return runtime.Module{Name: "broken", Funcs: []runtime.Func{{
		Name: "now", Call: func(*lua.LState) int { panic("kaboom") },
	}}}
}

// BenchmarkRunHello is the whole of Engine.Run with every limit on, the record
// included: at most 3 µs and 2 KB.
func BenchmarkRunHello(b *testing.B) {
	bench := newBench(b, nil)
	script := bench.endpoint("hello", `return { hello = ctx.request.query.name }`)
	request := get("/hello", "name=Ada")
	invocation := &runtime.Invocation{Script: script, Kind: runtime.KindHTTP, RequestID: "r", Request: request}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if result := bench.engine.Run(ctx, invocation); result.Err != nil {
			b.Fatal(result.Err)
		}
	}
}

package runtime_test

import (
	"strings"
	"testing"
)

func TestRequire(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.module("counter", `loads = (loads or 0) + 1 local n = 0 return { next = function() n = n + 1 return n end }`)
	b.module("self", `return require("self")`)
	b.module("ring-a", `return require("ring-b")`)
	b.module("ring-b", `return require("ring-a")`)
	b.module("nothing", `seen = true`)
	b.module("broken", `error("at load")`)
	b.endpoint("page", `return 1`)
	b.wantBody(`local a, c = require("counter"), require("counter") a.next() return { c.next(), loads, a == c }`, nil, `[2,1,true]`)
	b.wantBody(`return { require("counter").next(), loads }`, nil, `[1,1]`)
	b.wantBody(`return { require("nothing"), seen }`, nil, `[true,true]`)
	b.wantBody(`local ok, e = pcall(require, "broken") local again, f = pcall(require, "broken") return e == f`, nil, "true")
	for source, want := range map[string]string{
		`require("self")`:    "module cycle self → self",
		`require("ring-a")`:  "module cycle ring-a → ring-b → ring-a",
		`require("missing")`: "module 'missing' does not exist",
		`require("page")`:    "is an endpoint",
		`require(5)`:         "require: argument 1 (name) must be a string, got number",
		`require("broken")`:  "broken:1: at load",
	} {
		if result := b.try(source, nil); result.Err == nil || !strings.Contains(result.Err.Message, want) {
			t.Errorf("%s: %v, want %q", source, result.Err, want)
		}
	}
	for i := range 18 {
		b.module("deep"+string(rune('a'+i)), `return require("deep`+string(rune('a'+i+1))+`")`)
	}
	if result := b.try(`require("deepa")`, nil); result.Err == nil || !strings.Contains(result.Err.Message, "more than 16 levels") {
		t.Errorf("a chain of 18: %v", result.Err)
	}
}

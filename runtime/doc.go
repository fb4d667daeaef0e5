// Package runtime is the only way to run Lua: Engine.Run takes an invocation
// through the gate, the compile cache, a pooled state under a meter and the
// response convention, and leaves one execution record.
//
// It may import runtime/meter, runtime/compile, runtime/stdlib, runtime/luax
// and store.
//
// Invariant: nothing that one run leaves in a Lua state can be seen by
// another, and Run never panics, never runs past its limits and always
// records.
package runtime

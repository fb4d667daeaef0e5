// Package sdk is what scripts call: one file per module, each a table of
// described functions with the functions below it in the same order.
//
// It may import runtime, runtime/egress, runtime/luax, runtime/meter,
// runtime/signature and store.
//
// Invariant: every function has a description, its errors, an example that
// runs and a script under testdata/sdk that asserts what it does.
package sdk

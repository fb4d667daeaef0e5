// Package lint finds likely mistakes in scripts: names that nothing defines,
// values that nothing uses, code that never runs, calls that the SDK refuses.
//
// It may import runtime, for the description of what scripts see, and
// runtime/compile, whose bounds on source hold here too.
//
// Invariant: what it reports has a stable code, a line and a column, and a
// script that it knows nothing against gets an empty list; it never runs a script.
package lint
